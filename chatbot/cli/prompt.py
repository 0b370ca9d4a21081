"""Plays the customer at a prompt: a line at the bottom of the terminal, the chat above it.

The only module that knows prompt_toolkit.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style

from chatbot.cli.backstage import Trouble
from chatbot.cli.common import printable
from chatbot.cli.shown import Pieces, name
from chatbot.cli.slash import COMMANDS, Unknown, enact, read
from chatbot.cli.typist import Typist
from chatbot.cli.visit import Visit
from chatbot.simulator.named_faults import NAMED_FAULTS

__all__ = ["Prompt"]

_STYLE = Style.from_dict(
    {
        "time": "ansibrightblack",
        "customer": "bold ansicyan",
        "agent": "bold ansigreen",
        "event": "italic ansibrightblack",
        "told": "ansibrightblack",
        "bad": "ansired",
        "bottom-toolbar": "noreverse ansibrightblack",
    }
)
_HINT = "/help lists the commands; Ctrl-D leaves"


class Prompt:
    """The terminal while the customer is at the prompt."""

    def __init__(self) -> None:
        words = [f"/{command}" for command in COMMANDS] + [f"/fault {fault}" for fault in NAMED_FAULTS]
        self._session: PromptSession[str] = PromptSession(
            key_bindings=_keys(),
            style=_STYLE,
            completer=WordCompleter(words, sentence=True),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            reserve_space_for_menu=0,
            erase_when_done=True,
            bottom_toolbar=lambda: self._below,
        )
        self._below = ""

    def show(self, pieces: Pieces) -> None:
        """Print this above the prompt."""
        print_formatted_text(
            FormattedText([(f"class:{kind}" if kind else "", text) for kind, text in pieces]), style=_STYLE
        )

    async def converse(self, visit: Visit) -> None:
        """Play the customer until he leaves, or the chat is over."""
        with _log_above():
            async with asyncio.TaskGroup() as tasks:
                sending = _Sending(self._tell_trouble)
                helpers = [
                    tasks.create_task(sending.run(), name="send"),
                    tasks.create_task(self._watch(visit), name="watch"),
                    tasks.create_task(self._leave_with(visit), name="leave"),
                ]
                await self._talk(visit, sending)
                for helper in helpers:
                    helper.cancel()

    async def _talk(self, visit: Visit, sending: _Sending) -> None:
        typist = Typist(lambda is_typing: sending.put(partial(_types, visit, is_typing=is_typing)))
        buffer = self._session.default_buffer
        buffer.on_text_changed += lambda _: typist.changed(buffer.text)
        while not visit.over.is_set():
            try:
                line = await self._session.prompt_async(
                    lambda: f"{name(visit.nickname)}> ", handle_sigint=False
                )
            except EOFError:
                break
            typist.stops()
            if line.startswith("/"):
                self.show([("told", printable(line))])
            sending.put(partial(self._enact, visit, line))
        typist.stops()
        await sending.done()

    async def _enact(self, visit: Visit, line: str) -> None:
        order = read(line)
        if order is not None and (answer := await enact(visit, order)):
            self.show([("told", printable(answer))])

    def _tell_trouble(self, trouble: Exception) -> None:
        self.show([("bad", printable(str(trouble)))])

    async def _watch(self, visit: Visit) -> None:
        """Keep the line below the prompt true."""
        while True:
            self._below = _below(visit)
            self._session.app.invalidate()
            await visit.changes()

    async def _leave_with(self, visit: Visit) -> None:
        """Nobody types into a chat that is over."""
        await visit.over.wait()
        if self._session.app.is_running:
            self._session.app.exit(exception=EOFError())


class _Sending:
    """Does one thing after the other, in the order in which they were asked for."""

    def __init__(self, on_trouble: Callable[[Exception], object]) -> None:
        self._waiting: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._on_trouble = on_trouble

    def put(self, do: Callable[[], Awaitable[None]]) -> None:
        """Do this after what was asked for before."""
        self._waiting.put_nowait(do)

    async def run(self) -> None:
        """Do what is asked for."""
        while True:
            do = await self._waiting.get()
            try:
                await do()
            except (Trouble, Unknown) as trouble:
                self._on_trouble(trouble)
            finally:
                self._waiting.task_done()

    async def done(self) -> None:
        """Return when all is done."""
        await self._waiting.join()


async def _types(visit: Visit, *, is_typing: bool) -> None:
    with suppress(Trouble):  # the line below tells it already
        await visit.types(is_typing=is_typing)


def _below(visit: Visit) -> str:
    if visit.trouble:
        return f"the server does not answer: {name(visit.trouble)}"
    if visit.typists:
        names = ", ".join(map(name, visit.typists))
        return f"{names} {'is' if len(visit.typists) == 1 else 'are'} typing ..."
    return _HINT if visit.has_agent else f"waiting for an agent; {_HINT}"


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("c-c")
    def _clear_or_leave(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.set_document(Document())
        else:
            event.app.exit(exception=EOFError())

    return keys


@contextmanager
def _log_above() -> Iterator[None]:
    """What is logged or printed meanwhile goes above the prompt."""
    handlers = [one for one in logging.getLogger().handlers if isinstance(one, logging.StreamHandler)]
    streams = [handler.stream for handler in handlers]
    with patch_stdout():
        for handler in handlers:
            handler.setStream(sys.stderr)
        try:
            yield
        finally:
            for handler, stream in zip(handlers, streams, strict=True):
                handler.setStream(stream)
