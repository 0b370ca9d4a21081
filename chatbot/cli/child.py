"""The process in which ``chatbot dev`` runs the bots: it loads, says what came of it, and waits for the word.

It ends with the process that started it, whatever the bots are doing then.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import chatbot
from chatbot.bot.shadow import Shadow
from chatbot.cli.common import fail, printable
from chatbot.cli.hints import Hints
from chatbot.cli.log import log_as
from chatbot.cli.process import Order
from chatbot.cli.report import as_text
from chatbot.cli.running import admin_pages, until_signalled
from chatbot.cli.signals import Signals
from chatbot.cli.stage import in_shadow, kept, on_stage, only
from chatbot.model.config import Settings
from chatbot.model.config_file import load
from chatbot.model.errors import ConfigError
from chatbot.service.supervisor import Service, build, check_secrets
from chatbot.service.system import system_watchdog, system_world

__all__ = ["main", "sources"]

# Hooks that run are stopped after so long: the next process runs them again.
_DRAIN_S = 0.5
# From the end of the parent to the end of this process.
_ORPHAN_S = 1.5
_LOOK_EVERY_S = 1.0
# A server that cannot be reached is no reason to say nothing.
_READY_S, _MOST_LOOKS = 3.0, 100
_LIBRARIES = tuple({sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")})
# Looked for from each place where a path may begin: nobody quotes them, and they may hold anything.
_FRAMEWORK = str(Path(chatbot.__file__).parent)


def main(channel: int, listener: int | None) -> None:
    """Run the bots of one order.

    Args:
        channel: The number of the socket that leads to the parent.
        listener: That of the socket for the admin pages; None if there are none.
    """
    with Signals() as signals:
        line = Line(socket.socket(fileno=channel))
        order = line.next().get("load")
        if order is None:
            return
        # saves come faster than a second: bytecode of what plugins import would pass for current
        sys.dont_write_bytecode = True
        door = socket.socket(fileno=listener) if listener is not None else None
        raise SystemExit(asyncio.run(_run(Order(**order), line, door, signals)))


class Line:
    """The way to the parent.

    Args:
        channel: The socket.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._stream = channel.makefile("rwb")

    def next(self) -> Mapping[str, Any]:
        """What the parent says next; nothing if it has gone."""
        text = self._stream.readline()
        return dict(json.loads(text)) if text else {}

    def say(self, **message: object) -> None:
        """Tell the parent."""
        self._stream.write(json.dumps(message).encode() + b"\n")
        self._stream.flush()

    def follow(self, on_word: Callable[[], object]) -> None:
        """Wait in a thread for the word, and then for the parent's end."""
        threading.Thread(target=self._follow, args=(on_word,), name="parent", daemon=True).start()

    def _follow(self, on_word: Callable[[], object]) -> None:
        while self.next():
            on_word()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_ORPHAN_S)
        os._exit(1)


async def _run(order: Order, line: Line, listener: socket.socket | None, signals: Signals) -> int:
    # on the simulator the customers are made up
    log_as(*order.log, with_texts=order.with_texts or not order.is_shadow)
    logging.getLogger(until_signalled.__module__).setLevel(logging.WARNING)  # it stops at each save
    project = Path(order.config).parent
    loop, word = asyncio.get_running_loop(), asyncio.Event()
    line.follow(lambda: loop.call_soon_threadsafe(word.set))
    try:
        settings = _settings(order)
        service = _service(settings, order)
    except ConfigError as error:
        files = {*sources(project), *_sources_in(error, project)}
        line.say(refused=as_text(error.findings), files=sorted(files))
        return 1
    line.say(loaded=sources(project))
    await word.wait()
    try:
        async with admin_pages(service, settings.service, listener), asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(_tell_news(service, line, project), name="news")
            code = await until_signalled(service, signals)
            looking.cancel()
    except ConfigError as error:
        fail(error)
    line.say(ended=True)
    signals.settled(code)
    return code


async def _tell_news(service: Service, line: Line, project: Path) -> None:
    """Tell when all bots are ready, and what hooks import while they run."""
    for _ in range(_MOST_LOOKS):
        if not any(service.problems().values()):
            break
        await asyncio.sleep(_READY_S / _MOST_LOOKS)
    line.say(ready=True)
    known = 0
    while True:
        if len(sys.modules) != known:
            known = len(sys.modules)
            line.say(files=sources(project))
        await asyncio.sleep(_LOOK_EVERY_S)


def _settings(order: Order) -> Settings:
    settings = only(load(Path(order.config)), order.bot)
    if not order.is_shadow:
        return kept(on_stage(settings, order.server), order.journal, _DRAIN_S)
    settings = in_shadow(settings, order.server)
    check_secrets(settings, order.config)
    return kept(settings, order.journal, _DRAIN_S)


def _service(settings: Settings, order: Order) -> Service:
    shadow = Shadow(show=_show, with_texts=order.with_texts)
    world = replace(system_world(), shadow=shadow, observer=Hints(click.echo), tells_all=True)
    return build(settings, world, order.config, watchdog=system_watchdog())


def _show(text: str) -> None:
    click.echo(printable(text))


def sources(project: Path) -> list[str]:
    """The files of modules that were imported from below this folder, but for libraries that stand there."""
    files = (getattr(module, "__file__", None) for module in [*sys.modules.values()])
    return sorted({file for file in files if isinstance(file, str) and _is_own(file, project)})


def _sources_in(error: ConfigError, project: Path) -> set[str]:
    """The files that findings name: a module whose import fails is not kept."""
    files = {finding.file for finding in error.findings if finding.file}
    return {file for file in files if Path(file).is_file() and _is_own(file, project)}


def _is_own(file: str, project: Path) -> bool:
    path = Path(file)
    if not path.is_absolute() or not path.is_relative_to(project):
        return False
    return not any(path.is_relative_to(library) for library in (*_LIBRARIES, _FRAMEWORK))
