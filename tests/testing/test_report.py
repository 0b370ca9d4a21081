"""The picture of a talk."""

from datetime import UTC, datetime
from types import SimpleNamespace

from chatbot.hooks.trace import Deed, HookCall
from chatbot.model.actions import SendMessage
from chatbot.model.errors import Refused
from chatbot.simulator.world import World
from chatbot.testing.report import picture

BEGAN = datetime(2026, 1, 5, tzinfo=UTC)


def test_lines_of_all_kinds_are_shown() -> None:
    now = [BEGAN.timestamp()]
    world = World(lambda: now[0])
    world.add_agent("Helena", human=True, queues=())
    chat = world.chat(world.request_chat("Ana"))
    now[0] += 1.5
    world.customer_types(chat.id, "Hel")
    world.human_joins(chat.id, "Helena")
    world.human_does(chat.id, "Helena", "SendUrl", url="https://example.com")
    world.human_says(chat.id, "Helena", "careful", "Agents")
    assert picture([chat], [], BEGAN).splitlines() == [
        f"transcript of chat {chat.id} (Helena Chatting):",
        "    1      0.0 s  Ana (Customer): ParticipantJoined",
        "    2      1.5 s  Ana (Customer): TypingStarted",
        "    3      1.5 s  Helena (Agent): ParticipantJoined",
        "    4      1.5 s  Helena (Agent): PushUrl 'https://example.com'",
        "    5      1.5 s  Helena (Agent): 'careful' [to Agents]",
    ]


def test_hooks_and_actions_are_shown_with_reasons() -> None:
    action = SendMessage(text="hi")
    bot = SimpleNamespace(
        name="b",
        calls=[HookCall("faq", "on_bot_started", None, "declined", "returned None", "/x/faq.py:7")],
        deeds=[
            Deed(action, "c", "faq", "on_text"),
            Deed(action, "c", "", "", Refused("no", action="SendMessage")),
        ],
        running=["faq.on_text"],
        unheard=["on_chat_offered", "on_push_url"],
    )
    assert picture([], [bot], BEGAN).splitlines() == [
        "",
        "hooks of bot 'b':",
        "  -  faq.on_bot_started  declined: returned None (faq.py:7)",
        "  still running: faq.on_text",
        "  no plugin has: on_push_url",
        "actions of bot 'b':",
        "  SendMessage  faq.on_text     accepted",
        "  SendMessage  the bot itself  refused: CB330 no",
    ]


def test_a_bot_that_did_nothing_is_shown_so() -> None:
    bot = SimpleNamespace(name="b", calls=[], deeds=[], running=[], unheard=[])
    assert (
        picture([], [bot], BEGAN) == "\nhooks of bot 'b':\n  (none was called)\nactions of bot 'b':\n  (none)"
    )
