"""What counts as a save, with real files."""

import asyncio
import importlib.util
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatbot.cli.watch import Watch, can_watch
from tests.cli.programs import ECHO, until, write

pytestmark = pytest.mark.long


class Seen:
    """What a watch has told of."""

    def __init__(self, folder: Path) -> None:
        self.config = write(folder, "", echo=ECHO)
        self.plugins = folder / "plugins"
        self.names: list[str] = []
        self.watch = Watch(self.config)
        self.watch.add((), [self.plugins])

    def look(self) -> None:
        self.names += [path.name for path in self.watch.take()]

    async def tells(self, *names: str) -> None:
        await until(lambda: len(self.names) >= len(names))
        assert self.names == [*names]
        self.names.clear()


@pytest.fixture
async def seen(tmp_path: Path) -> AsyncIterator[Seen]:
    seen = Seen(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(seen.watch.run(seen.look))
        yield seen
        running.cancel()


async def test_it_tells_of_saves_in_place_and_by_rename_of_new_and_of_deleted_files(seen: Seen) -> None:
    echo, new = seen.plugins / "echo.py", seen.plugins / "new.py"
    echo.write_text("# in place")
    await seen.tells("echo.py")
    (seen.plugins / ".echo.swp").write_text("# as vim does, and PyCharm")
    (seen.plugins / ".echo.swp").replace(echo)
    await seen.tells("echo.py")
    new.write_text("")
    await seen.tells("new.py")
    new.unlink()
    await seen.tells("new.py")
    seen.config.write_text("# saved")
    await seen.tells("bots.toml")


async def test_folders_that_come_later_are_watched_and_noise_is_not_told(seen: Seen) -> None:
    inner = seen.plugins / "inner"
    inner.mkdir()
    (inner / "deep.py").write_text("")
    await seen.tells("deep.py")
    for place in ("__pycache__", ".git"):
        (seen.plugins / place).mkdir()
        (seen.plugins / place / "noise.py").write_text("")
    (seen.plugins / "notes.txt").write_text("")
    (seen.plugins / "venv").mkdir()
    (seen.plugins / "venv" / "pyvenv.cfg").write_text("")
    (seen.plugins / "venv" / "lib.py").write_text("")
    (inner / "deep.py").write_text("# again")
    await seen.tells("deep.py")
    shutil.rmtree(inner)
    await seen.tells("deep.py")


async def test_modules_are_added_while_it_runs(seen: Seen, tmp_path: Path) -> None:
    helper = tmp_path / "lib" / "helper.py"
    helper.parent.mkdir()
    helper.write_text("")
    seen.watch.add([helper])
    (helper.parent / "other.py").write_text("")
    helper.write_text("# saved")
    await seen.tells("helper.py")


def test_what_was_saved_while_nobody_looked_is_told_once(tmp_path: Path) -> None:
    seen = Seen(tmp_path)
    (seen.plugins / "echo.py").write_text("# saved")
    seen.watch.add([tmp_path / "helper.py"])
    seen.look()
    seen.look()
    assert seen.names == ["echo.py"]


async def test_where_the_system_gives_no_more_watches_files_are_polled(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes, refusals = "chatbot.cli.watch._changes", [OSError("OS file watch limit reached")]
    real = importlib.import_module("chatbot.cli.watch")._changes

    def limited(*arguments: object, polls: bool) -> object:
        if not polls:
            raise refusals.pop()
        return real(*arguments, polls=polls)

    monkeypatch.setattr(changes, limited)
    seen.watch.add([seen.plugins / "late.py"])  # it begins anew
    await until(lambda: not refusals)
    (seen.plugins / "echo.py").write_text("# saved")
    await seen.tells("echo.py")


def test_whether_saves_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_watch()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert not can_watch()
