"""`chatbot drain`: a bot takes no more chats, and whoever asked learns when it has none."""

from pathlib import Path

import pytest

from chatbot.cli.drain import _until_empty
from chatbot.cli.remote import Remote
from tests.cli.office import office


async def test_a_bot_is_drained_waited_for_and_resumed(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        async with at.customer() as customer:
            told = await at.asks("drain", "maid", "--wait", "0.1")
            assert told.exit_code == 1
            assert told.output.splitlines() == [
                "bot maid takes no more chats",
                "bot maid still has 1 chat after 0.1 s",
            ]
            assert "draining" in (await at.asks("status")).output
            await customer.ends()
        told = await at.asks("drain", "maid", "--wait", "30")
        assert (told.exit_code, told.output.splitlines()[-1]) == (0, "bot maid has no chat left")
        assert "drained" in (await at.asks("status")).output
        assert (await at.asks("drain", "maid", "--resume")).output == "bot maid takes chats again\n"
        assert "ready" in (await at.asks("status")).output


async def test_what_cannot_be_is_refused_with_a_fix(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        nobody = await at.asks("drain", "mald")
        assert (nobody.exit_code, nobody.output) == (1, "there is no such bot\n  fix: closest: maid\n")
        nowhere = await at.asks("drain", "maid", "--hand-over")
        assert nowhere.exit_code == 1
        assert "fix: give it a [bots.maid.fallback]" in nowhere.output
        both = await at.asks("drain", "maid", "--resume", "--hand-over")
        assert both.exit_code == 2


def test_waiting_ends_when_its_time_is_over() -> None:
    class Busy(Remote):
        def __init__(self) -> None:
            """Never empty."""

        def read(self, path: str, **_: str | None) -> object:
            return {"bots": [{"name": "maid", "chats": 2}]}

    times, slept = iter([0.0, 1.0, 2.0, 3.5]), list[float]()
    with pytest.raises(SystemExit):
        _until_empty(Busy(), "maid", 3.0, slept.append, lambda: next(times))
    assert slept == [1.0, 1.0]
