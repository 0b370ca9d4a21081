"""The journal in memory keeps what the one on disk keeps."""

from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.bot.journal import Checkpoint, Forget, Incident, Memory, Record
from tests.bot.drawer import Drawer
from tests.bot.scribe import CHECKPOINT, Place, operation

UNITS: dict[str, list[tuple[Record, ...]]] = {
    "nothing": [],
    "a chat": [(CHECKPOINT, operation(1), operation(2), Memory("c1", '{"step":1}'))],
    "the last state of each": [
        (CHECKPOINT, operation(1), operation(2)),
        (operation(1, body=""), Checkpoint("c1", "started", cursor=9)),
    ],
    "a chat that has ended": [(CHECKPOINT, operation(1)), (Checkpoint("c1", "ended"),)],
    "a chat that begins anew": [
        (CHECKPOINT, operation(1), Memory("c1", '{"step":1}')),
        (Forget("c1"), Checkpoint("c1", "offered"), operation(2)),
    ],
    "operations without a chat": [(operation(1, chat_id="c9"), operation(2, chat_id=""))],
    "what all chats share": [(Memory("", '{"seen":2}'), Incident("c1", "gap", "2 to 4"))],
}


@pytest.mark.parametrize("units", UNITS.values(), ids=UNITS)
async def test_what_is_loaded_is_the_same(units: list[tuple[Record, ...]], tmp_path: Path) -> None:
    drawer, place = Drawer(), Place(tmp_path)
    for unit in units:
        await drawer.put(*unit)
        place.put(*unit)
    for run in (1, 2):
        assert replace(await drawer.load(), run=run) == replace(place.load(), run=run)
    place.close()


async def test_what_is_held_is_written_in_order_and_what_dies_is_lost() -> None:
    drawer = Drawer()
    drawer.hold()
    held = [drawer.put(Incident("c1", "gap", str(number))) for number in range(2)]
    assert drawer.units == []
    drawer.let_go()
    for written in held:
        await written
    assert [detail for _, detail in drawer.incidents()] == ["0", "1"]
    drawer.die()
    drawer.put(CHECKPOINT)
    assert (await drawer.load()).chats == {}
    await drawer.put(CHECKPOINT)
    assert list((await drawer.load()).chats) == ["c1"]
