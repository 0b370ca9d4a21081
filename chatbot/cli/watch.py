"""Which files bots are made of, and whether one of them was saved.

A file counts as saved when its time, its size or the file itself is another one: so an editor may write it
in place or put a new one there. What was saved while nobody looked is found all the same.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from threading import Event

__all__ = ["Watch", "can_watch"]

# A save is over when nothing was written for so long.
_QUIET_MS = 80
_LONGEST_MS = 400
# Where the system tells nothing, as on some network disks, files are looked at all the same.
_LOOK_EVERY_MS = 500

_State = tuple[int, int, int]


def can_watch() -> bool:
    """Whether the package that tells of saves is there."""
    return importlib.util.find_spec("watchfiles") is not None


class Watch:
    """The files of one project.

    Args:
        config: Its bots.toml.
    """

    def __init__(self, config: Path) -> None:
        self._config = config.absolute()
        self._folders: frozenset[Path] = frozenset()
        self._modules: frozenset[Path] = frozenset()
        self._seen: dict[Path, _State] = {}
        self._rearm = Event()
        self._polls = False
        self.take()

    def add(self, modules: Iterable[Path], folders: Iterable[Path] = ()) -> None:
        """Watch these as well: what they are now is no news.

        Args:
            modules: Single files.
            folders: For all Python files in them.
        """
        before = self._modules, self._folders
        self._modules |= frozenset(modules)
        self._folders |= frozenset(folders)
        if (self._modules, self._folders) != before:
            self._seen = {**self._states(), **self._seen}
            self._rearm.set()

    def take(self) -> list[Path]:
        """The files that are not as they were when this was last called."""
        before, self._seen = self._seen, self._states()
        names = before.keys() | self._seen.keys()
        return sorted(name for name in names if before.get(name) != self._seen.get(name))

    async def run(self, on_news: Callable[[], None]) -> None:
        """For ever: call this when something may have been saved."""
        while True:
            self._rearm = Event()
            try:
                await self._look(on_news)
            except OSError:  # the system's limit of watches is reached
                if self._polls:
                    raise
                self._polls = True

    async def _look(self, on_news: Callable[[], None]) -> None:
        """Until it is to be looked in other places."""
        places = self._places()
        with suppress(FileNotFoundError):  # a folder has just gone
            async with aclosing(_changes(places, self._rearm, polls=self._polls)) as changes:
                async for _ in changes:
                    on_news()
                    if self._places() != places:
                        return

    def _places(self) -> list[Path]:
        """Folders, for a file that is put in the place of another is told of there."""
        files = (file.parent for file in (self._config, *self._modules))
        inner = (Path(place) for folder in self._folders for place, *_ in _walk(folder))
        return sorted({place for place in (*files, *inner) if place.is_dir()})

    def _states(self) -> dict[Path, _State]:
        found = {}
        for file in {self._config, *self._modules, *self._plugins()}:
            try:
                stat = file.stat()
            except OSError:  # gone, or just being put in its place
                continue
            found[file] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return found

    def _plugins(self) -> Iterator[Path]:
        for folder in self._folders:
            for place, _, names in _walk(folder):
                yield from (Path(place, name) for name in names if name.endswith(".py"))


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """The folder and those in it, but for what is hidden, made by Python, or a virtual environment."""
    for place, inner, names in os.walk(folder):
        if "pyvenv.cfg" in names:
            inner.clear()
            continue
        inner[:] = [name for name in inner if not name.startswith((".", "__pycache__"))]
        yield place, inner, names


def _changes(places: Iterable[Path], rearm: Event, *, polls: bool) -> AsyncGenerator[object, None]:
    from watchfiles import awatch  # noqa: PLC0415 (an extra)

    return awatch(
        *places,
        watch_filter=None,
        step=_QUIET_MS,
        debounce=_LONGEST_MS,
        stop_event=rearm,
        rust_timeout=_LOOK_EVERY_MS,
        yield_on_timeout=True,
        recursive=False,
        force_polling=polls or None,
        ignore_permission_denied=True,
    )
