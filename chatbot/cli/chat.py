"""``chatbot chat``: play the customer in the terminal, at a prompt, in a pipe or from a script."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
import termios
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from chatbot.cli.backstage import Trouble
from chatbot.cli.common import fail, load_settings, printable
from chatbot.cli.log import log_little_unless_asked
from chatbot.cli.piped import Patience, say_lines
from chatbot.cli.script import Misprint, Step, Unmet, parse, play
from chatbot.cli.shown import Pieces, plain, told
from chatbot.cli.stage import no_bot, on_stage, simulator_for
from chatbot.cli.visit import Guest, Place, Visit
from chatbot.model.config import Settings
from chatbot.model.errors import ConfigError
from chatbot.service.supervisor import Service, build
from chatbot.service.system import system_world
from chatbot.simulator.customer import CustomerLine
from chatbot.simulator.server import serve

__all__ = ["chat"]

_FAILED, _UNREACHABLE, _INTERRUPTED = 1, 3, 130
# People at a terminal do not wait half a minute for a hook that does not end.
_DRAIN_S = 3.0
_NO_PROMPT = """no prompt: prompt_toolkit is not installed; lines are said as they come
  fix: pip install "chatbot[dev]\""""
_CURSOR = b"\x1b[?25h\x1b[?2004l\r\n"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be played.

    Args:
        guest: The customer.
        patience: How long to wait.
        steps: The script; None without one.
    """

    guest: Guest
    patience: Patience
    steps: list[Step] | None = None


Show = Callable[[Pieces], object]
Play = Callable[[Visit], Awaitable[None]]


def chat(ctx: click.Context, config: Path, bot: str | None, given: Mapping[str, Any]) -> None:
    """Play the customer, and end with the exit code.

    Args:
        ctx: Tells whether the configuration was asked for.
        config: The configuration.
        bot: Whose queue the customer comes to; None for the first.
        given: The other options, by name.
    """
    log_little_unless_asked()
    settings = _settings(ctx, config, is_optional=given["server"] is not None)
    queue = _queue(settings, bot, config)
    plan = Plan(
        Guest(given["nickname"], given["subject"], given["data"]),
        Patience(given["timeout"], given["rest"]),
        _steps(given["script"]) if given["script"] else None,
    )
    try:
        raise SystemExit(asyncio.run(_chat(settings, Place(given["server"] or "", queue), plan)))
    except ConfigError as error:
        fail(error)


def _settings(ctx: click.Context, config: Path, *, is_optional: bool) -> Settings | None:
    """The settings; with a server of others none are needed, unless they are asked for."""
    is_default = ctx.get_parameter_source("config") is ParameterSource.DEFAULT
    if is_optional and is_default and not config.exists():
        return None
    return load_settings(config)


def _queue(settings: Settings | None, bot: str | None, config: Path) -> str:
    """Where the chat goes: the user name of the bot is a queue of its own."""
    if settings is None:
        return bot or ""
    if bot is None:
        return next(iter(settings.bots.values())).username if settings.bots else ""
    if bot not in settings.bots:
        fail(ConfigError(no_bot(bot, settings, str(config))))
    return settings.bots[bot].username


def _steps(script: str) -> list[Step]:
    try:
        text = sys.stdin.read() if script == "-" else Path(script).read_text(encoding="utf-8-sig")
        return parse(text, "stdin" if script == "-" else script)
    except Misprint as error:
        fail(str(error))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        fail(f"{script} cannot be read: {reason}")


async def _chat(settings: Settings | None, place: Place, plan: Plan) -> int:
    if place.server or settings is None:
        return await _visit(place, plan)
    async with serve(simulator_for(settings).asgi) as server:
        service = build(_brief(on_stage(settings, server)), system_world())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(service.run(), name="service")
            try:
                return await _visit(_seen(service, server, place.queue), plan)
            finally:
                service.stop()


def _brief(settings: Settings) -> Settings:
    drain = min(settings.service.drain_timeout, _DRAIN_S)
    return settings.model_copy(
        update={"service": settings.service.model_copy(update={"drain_timeout": drain})}
    )


def _seen(service: Service, server: str, queue: str) -> Place:
    """A place whose bots run in this process, so that it can be seen how they are."""

    def is_busy() -> bool:
        return any(bot.chats and bot.busy for bot in service.bots)

    return Place(server, queue, is_busy, service.problems)


async def _visit(place: Place, plan: Plan) -> int:
    leaving = asyncio.Event()
    show, mode = _mode(plan)

    def show_line(line: CustomerLine) -> None:
        if pieces := told(line, datetime.now().astimezone()):
            show(pieces)

    with _signals(leaving):
        try:
            async with Visit(place, plan.guest, show_line) as visit:
                return await _run(visit, mode, leaving, with_chat=plan.steps is None)
        except Trouble as trouble:
            click.echo(printable(f"no chat at {place.server}: {trouble}"), err=True)
            return _UNREACHABLE


async def _run(visit: Visit, mode: Play, leaving: asyncio.Event, *, with_chat: bool) -> int:
    """Follow the chat and play; a signal ends both, and without a script so does the end of the chat."""
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(visit.follow(), name="follow")
        playing = tasks.create_task(_verdict(mode, visit), name="play")
        waits = [tasks.create_task(leaving.wait(), name="leave")]
        if with_chat:
            waits.append(tasks.create_task(visit.over.wait(), name="over"))
        await asyncio.wait([playing, *waits], return_when=asyncio.FIRST_COMPLETED)
        for task in (playing, following, *waits):
            task.cancel()
    if playing.cancelled():
        return 0 if with_chat else _INTERRUPTED
    return playing.result()


async def _verdict(mode: Play, visit: Visit) -> int:
    try:
        await mode(visit)
    except Unmet as unmet:
        click.echo(printable(str(unmet)), err=True)
        return _FAILED
    return 0


def _mode(plan: Plan) -> tuple[Show, Play]:
    """How lines are shown, and what plays the customer."""
    steps = plan.steps
    if steps is not None:
        return _echo, lambda visit: play(visit, steps, plan.patience.timeout_s, _tell)
    if sys.stdin.isatty() and sys.stdout.isatty():
        if importlib.util.find_spec("prompt_toolkit"):
            from chatbot.cli.prompt import Prompt  # noqa: PLC0415 (of an extra)

            prompt = Prompt()
            return prompt.show, prompt.converse
        click.echo(_NO_PROMPT, err=True)
    return _echo, lambda visit: say_lines(visit, sys.stdin, plan.patience, _tell)


def _echo(pieces: Pieces) -> None:
    click.echo(plain(pieces))


def _tell(text: str) -> None:
    if text:
        click.echo(printable(text))


@contextmanager
def _signals(leaving: asyncio.Event) -> Iterator[None]:
    """The first signal leaves well, a second one at once.

    Heard by Python itself and not by the loop, so that a hook that blocks the loop keeps nobody here.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    terminal = termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None
    heard: list[int] = []

    def hear(number: int, _: FrameType | None) -> None:
        if heard:
            _leave_at_once(terminal)
        heard.append(number)
        loop.call_soon_threadsafe(leaving.set)

    before = [(number, signal.signal(number, hear)) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _leave_at_once(terminal: list[Any] | None) -> NoReturn:
    """Without the loop, which may be what is stuck; the terminal is given back as it was."""
    if terminal is not None:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, terminal)
        os.write(sys.stdout.fileno(), _CURSOR)
    os._exit(_INTERRUPTED)
