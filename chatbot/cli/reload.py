"""Keeps bots running in a process of their own, and has a new one take over when a file was saved.

The new process loads and checks everything while the old one still serves. A spare process stands by, so
that nobody waits for Python to start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Protocol

import click

from chatbot.cli.common import printable
from chatbot.cli.door import Door
from chatbot.cli.process import Child, Order, Refused
from chatbot.cli.report import as_text
from chatbot.cli.watch import Watch
from chatbot.model.config import Settings
from chatbot.model.config_file import load
from chatbot.model.errors import ConfigError

__all__ = ["Reloader"]

# Beyond the time that hooks have to end; what a process leaves undone, the next one finds in the journal.
_PATIENCE_S = 3.0
# So long the plugins may take to load before somebody wonders.
_LONG_S = 5.0
_SLOW = "the plugins are still being loaded: one may wait for something at import"
_GO_ON = "  the bots go on as they were; save again when it is mended"
_WAIT = "  there are no bots until it is mended and saved"


class NotStarted(Exception):
    """There are no bots to begin with; the text tells the findings."""


class Place(Protocol):
    """Where the bots work."""

    def welcome(self, settings: Settings) -> None:
        """These bots are about to come."""
        ...

    def announce(self, admin: str) -> None:
        """Bots work for the first time; tell people where, and where the admin pages are."""
        ...


class Reloader:
    """Runs the bots of one bots.toml until it is stopped.

    Args:
        order: What each process is to run.
        watch: The files; None if nobody can tell of saves.
        door: Where the admin pages are.
        place: Where the bots work.

    Attributes:
        drain_timeout: How long it may take to stop.
    """

    drain_timeout = _PATIENCE_S

    def __init__(self, order: Order, watch: Watch | None, door: Door, place: Place) -> None:
        self._order = order
        self._config = Path(order.config)
        self._watch = watch
        self._door = door
        self._place = place
        self._stopping = asyncio.Event()
        self._news = asyncio.Event()
        self._saved: set[Path] = set()
        self._spare: Child | None = None
        self._loading: Child | None = None
        self._current: Child | None = None
        self._is_known = False

    def stop(self) -> None:
        """Ask it to end well; ``run`` then returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until ``stop``.

        Raises:
            NotStarted: There are no bots to begin with.
        """
        try:
            async with asyncio.TaskGroup() as self._tasks:
                work = [self._tasks.create_task(self._work(), name="reload")]
                if self._watch is not None:
                    work.append(self._tasks.create_task(self._watch.run(self._look), name="watch"))
                await self._stopping.wait()
                for task in work:
                    task.cancel()
                if self._current is not None:
                    await self._current.stop(_PATIENCE_S)
                self._end_all()
        except* NotStarted as group:
            raise group.exceptions[0] from None
        finally:
            for child in self._end_all():
                await child.gone()

    def _end_all(self) -> list[Child]:
        children = [child for child in (self._spare, self._loading, self._current) if child is not None]
        for child in children:
            child.kill()
        return children

    def _look(self) -> None:
        """Something may have been saved. What is being loaded now is old then."""
        if self._watch is not None and (saved := self._watch.take()):
            self._saved.update(saved)
            self._news.set()
            if self._loading is not None:
                self._loading.kill()

    async def _work(self) -> None:
        await self._start()
        while True:
            if self._watch is not None and self._spare is None:
                self._spare = await Child.start(self._door.listener)
            await self._news.wait()
            self._news.clear()
            saved, self._saved = sorted(self._saved), set()
            on_ready = partial(_say_restarted, saved, time.monotonic()) if self._is_known else self._announce
            if (refused := await self._begin(on_ready)) is not None:
                self._tell(refused)

    async def _start(self) -> None:
        """Begin; what keeps the bots from it and may be mended by a save is told, and waited for."""
        try:
            await self._open_door(load(self._config))
        except ConfigError as error:
            raise NotStarted(as_text(error.findings)) from error
        if (refused := await self._begin(self._announce)) is None:
            return
        if self._watch is None:
            raise NotStarted(refused)
        self._tell(refused)

    def _announce(self) -> None:
        self._is_known = True
        self._place.announce(self._door.url)

    def _tell(self, refused: str) -> None:
        click.echo(f"{printable(refused)}\n{_GO_ON if self._current else _WAIT}", err=True)

    async def _begin(self, on_ready: Callable[[], object]) -> str | None:
        """Have a new process take over, unless there is something newer already; why it cannot."""
        try:
            settings = load(self._config)
            await self._open_door(settings)
        except ConfigError as error:
            return as_text(error.findings)
        self._see((), settings.plugin_dirs)
        child = self._loading = self._spare or await Child.start(self._door.listener)
        self._spare = None
        slow = asyncio.get_running_loop().call_later(_LONG_S, partial(click.echo, _SLOW, err=True))
        try:
            loaded = await child.load(self._order)
        finally:
            slow.cancel()
        self._loading = None
        if self._news.is_set():
            child.kill()
            return None
        if isinstance(loaded, Refused):
            self._see(loaded.files)
            return loaded.why or "the bots' process ended while it loaded the plugins"
        self._see(loaded)
        await self._hand_over(child, settings, on_ready)
        return None

    async def _hand_over(self, child: Child, settings: Settings, on_ready: Callable[[], object]) -> None:
        before, self._current = self._current, child
        if before is not None:
            await before.stop(_PATIENCE_S)
        self._place.welcome(settings)
        await self._door.leave_to_bots()
        self._tasks.create_task(self._attend(child, on_ready), name="bots")

    async def _attend(self, child: Child, on_ready: Callable[[], object]) -> None:
        """Let it work; say so if it ends by itself."""
        code = await child.run(on_ready, self._see)
        if child is not self._current or self._stopping.is_set():
            return
        self._current = None
        await self._door.excuse()
        click.echo(
            f"the bots ended by themselves ({_told(code)}): saved again, they are started again", err=True
        )

    async def _open_door(self, settings: Settings) -> None:
        if await self._door.move(settings.service.admin) and self._spare is not None:
            self._spare.kill()  # it has the old one
            self._spare = None

    def _see(self, files: Iterable[str], folders: Iterable[Path] = ()) -> None:
        if self._watch is not None:
            self._watch.add(map(Path, files), folders)


def _say_restarted(saved: Iterable[Path], since: float) -> None:
    names = ", ".join(dict.fromkeys(path.name for path in saved))
    click.echo(f"saved {printable(names)}: restarted in {time.monotonic() - since:.1f} s")


def _told(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
