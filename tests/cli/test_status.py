"""`chatbot status`: what is told of bots and chats, and which exit code tells it to a script."""

import json
from pathlib import Path

from chatbot.cli.status import _bots, _chats
from tests.cli.office import office


async def test_a_service_that_is_well(tmp_path: Path) -> None:
    async with office(tmp_path) as at, at.customer():
        told = await at.asks("status")
        assert (told.exit_code, told.output) == (0, "maid  ready      1 chat\n")
        chats = (await at.asks("status", "maid")).output
        assert f"chat {at.chat}  Chatting  since 20" in chats
        assert "Ana (Customer)" in chats
        machine = json.loads((await at.asks("status", "--format", "json")).output)
        assert (machine["ready"], machine["bots"][0]["name"]) == (True, "maid")
        one = json.loads((await at.asks("status", "maid", "--format", "json")).output)
        assert [chat["id"] for chat in one["chats"]] == [at.chat]


async def test_a_bot_that_is_not_ready_is_told_to_scripts_as_well(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        at.service.bots[0].health.stopping = True
        told = await at.asks("status")
        assert told.exit_code == 1
        assert told.output.splitlines()[:2] == [
            "maid  not ready  0 chats",
            "      stopping",
        ]
        nobody = await at.asks("status", "mald")
        assert (nobody.exit_code, nobody.output) == (
            1,
            "there is no such bot\n  fix: give ?bot=NAME as in bots.toml\n",
        )


def test_plugins_that_are_not_asked_and_chats_in_trouble_stand_out() -> None:
    plugins = [
        {"name": "faq", "breaker": "open", "is_paused": False},
        {"name": "mask", "breaker": "closed", "is_paused": True},
        {"name": "hours", "breaker": "closed", "is_paused": False},
    ]
    bot = {"name": "maid", "state": "ready", "chats": 2, "problems": [], "plugins": plugins}
    assert _bots([bot]) == [
        "maid  ready      2 chats",
        "      plugin faq is not asked: its breaker is open",
        "      plugin mask is not asked: paused by an operator",
    ]
    chat = {
        "id": "c1",
        "state": "Chatting",
        "started_at": None,
        "people": [{"nickname": "Ana", "type": "Customer"}],
        "muted": "an operator has silenced the bot",
        "owed_s": 12.4,
        "waiting": 1,
        "hooks": [{"plugin": "faq", "hook": "on_text", "is_waiting": True}],
        "open": ["SendMessage (unknown)"],
    }
    assert _chats([chat]) == [
        "",
        "chat c1  Chatting  since not begun",
        "  Ana (Customer)",
        "  the bot says nothing: an operator has silenced the bot",
        "  the customer has waited 12 s for an answer",
        "  1 line in the mailbox",
        "  faq.on_text waits",
        "  not settled: SendMessage (unknown)",
    ]
