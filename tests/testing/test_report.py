"""The picture of a talk."""

from datetime import UTC, datetime
from types import SimpleNamespace

from chatbot.hooks.run import HookRun
from chatbot.hooks.trace import Deed, HookCall
from chatbot.model.actions import SendMessage
from chatbot.model.errors import Refused
from chatbot.simulator.world import World
from chatbot.testing import Kit
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
        "",
        "no bot was started",
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
        runs=[HookRun("faq", "on_text", None, waits=1), HookRun("slow", "on_idle", None)],
        username="b",
        listens_to_agents=False,
        has_plugins=True,
        unheard=["on_chat_offered", "on_push_url"],
    )
    assert picture([], [bot], BEGAN).splitlines() == [
        "",
        "hooks of bot 'b':",
        "  -  faq.on_bot_started  declined: returned None (faq.py:7)",
        "  -  faq.on_text         still running: waits for an event; no other plugin is asked about this one",
        "  -  slow.on_idle        still running",
        "  no plugin has: on_push_url",
        "actions of bot 'b':",
        "  SendMessage  faq.on_text     accepted",
        "  SendMessage  the bot itself  refused: CB330 no",
    ]


def test_a_bot_that_did_nothing_is_shown_so() -> None:
    bot = SimpleNamespace(name="b", calls=[], deeds=[], runs=[], unheard=[], has_plugins=True)
    text = "\nhooks of bot 'b':\n  (none was called)\nactions of bot 'b':\n  (none)"
    assert picture([], [bot], BEGAN) == text
    bot.has_plugins = False
    assert picture([], [bot], BEGAN) == text.replace("none was called", "it has no plugins")
    assert picture([], [], BEGAN) == "\nno bot was started"


async def test_texts_that_no_hook_hears_are_told(chatbot: Kit) -> None:
    bot = await chatbot.start(options={"on_agent_joined": "stay"})
    ana = await chatbot.customer()
    await ana.chat.agent_joins()
    await ana.chat.agent_says("Open?")
    await ana.chat.agent_says("Careful.", to="Agents")
    assert "no hook for texts of agents, and to agents: 4, 5 (listen_to_agents is false)" in chatbot.picture()
    assert bot.calls == []
