"""`chatbot why`: the story of one event on a terminal."""

import json
from pathlib import Path

from chatbot.cli.why import _lines
from tests.cli.office import office
from tests.docs.blocks import DOCS

STEP = {"is_action": False, "is_held_back": False, "place": ""}


async def test_why_a_text_was_answered(tmp_path: Path) -> None:
    async with office(tmp_path) as at, at.customer() as customer:
        await customer.says("Hello?")
        await customer.hears("You said: Hello")
        [index] = [str(line.index) for line in customer.lines if line.text == "Hello?"]
        told = await at.asks("why", at.chat, index)
        assert told.exit_code == 0
        head, verdict, empty, *steps = told.output.splitlines()
        assert head == f"TextReceived of Customer Ana in chat {at.chat} of bot maid: 'Hello?'"
        assert (verdict, empty) == ("handled by echo.on_text: returned 'You said: Hello?'", "")
        assert "echo.on_text: SendMessage  " in steps[0]
        assert "echo.on_text said  returned 'You said: Hello?'" in steps[1]
        machine = json.loads(
            (await at.asks("why", at.chat, index, "--format", "json", "--bot", "maid")).output
        )
        assert machine["verdict"] == verdict


async def test_what_is_not_known_is_told_with_what_is(tmp_path: Path) -> None:
    async with office(tmp_path) as at, at.customer():
        told = await at.asks("why", at.chat, "99")
        assert told.exit_code == 1
        assert told.output.startswith(
            f"nothing is known of such an event in chat {at.chat}\n  fix: known are: "
        )
        assert "no bot of this process knows this chat" in (await at.asks("why", "zzz", "1")).output


def test_it_is_told_as_the_documents_show() -> None:
    told = {
        "type": "TextReceived",
        "who": "Customer Ana",
        "chat": "0000Na9B0001",
        "bot": "concierge",
        "text": "Where is my order?",
        "verdict": "not handled: orders.on_text failed, raised KeyError: 'order'",
        "steps": [
            {
                **STEP,
                "at": "2026-01-05T09:12:07.114500Z",
                "who": "orders.on_text",
                "what": "failed",
                "result": "raised KeyError: 'order'",
                "seconds": 0.0031,
                "place": "plugins/orders.py:12",
            },
            {
                **STEP,
                "at": "2026-01-05T09:12:07.115000Z",
                "who": "faq.on_text",
                "what": "declined",
                "result": "returned None",
                "seconds": 0.0001,
                "place": "plugins/faq.py:20",
            },
        ],
        "afterwards": [
            {
                **STEP,
                "at": "2026-01-05T09:12:37.120000Z",
                "who": "fallback",
                "what": "Transfer",
                "result": "confirmed",
                "seconds": 0.048,
                "is_action": True,
            }
        ],
    }
    assert "\n".join(_lines(told)) in DOCS["docs/how-to/silence.md"]


def test_what_was_held_back_is_marked() -> None:
    step = {
        **STEP,
        "at": "2026-01-05T09:12:07.114500Z",
        "who": "faq.on_text",
        "what": "SendMessage",
        "result": "NotAllowed: no",
        "seconds": 0.0,
        "is_action": True,
        "is_held_back": True,
    }
    told = {"type": "X", "who": "", "chat": "c", "bot": "b", "text": "", "verdict": "v", "afterwards": []}
    assert (
        _lines({**told, "steps": [step]})[-1]
        == "! 09:12:07.114  faq.on_text: SendMessage  NotAllowed: no  0 ms"
    )
