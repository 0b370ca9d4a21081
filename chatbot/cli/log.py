"""The log: lines for people or for machines, each with the bot, chat and event it is about.

All lines of a process pass here, whoever writes them. Unless it is asked for, none shows what a customer
or a server said: of exceptions that are not ours only type, place and length are told, and of events,
actions and user data no text.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import click
from click.core import ParameterSource

from chatbot.bot.place import event_of, where
from chatbot.cli.common import printable
from chatbot.hooks.run import current_run
from chatbot.model.quoting import length_of
from chatbot.model.redaction import redacted, redacted_argument, traceback_of

__all__ = [
    "JsonLines",
    "TextLines",
    "hide_texts",
    "log_as",
    "log_little_unless_asked",
    "logged_as",
    "tell_all",
    "trace_by",
    "use_format",
    "use_level",
]

Ids = Callable[[], tuple[str, str] | None]

log = logging.getLogger(__name__)

_OURS = "chatbot"
_LIBRARIES = ("httpx", "httpcore")
# What Python itself says of a coroutine that was forgotten; all else in a warning may be anybody's words.
_FORGOTTEN = re.compile(r"coroutine '[\w.<>]+' was never awaited")
# A customer who says "ok" is not to be cut out of words.
_SHORTEST, _SHORTEST_IN_OURS = 2, 4


def log_as(kind: str, level: str, *, with_texts: bool = False) -> None:
    """Log in this form, from this level on.

    Args:
        kind: ``text`` or ``json``.
        level: The level.
        with_texts: Show what customers say.
    """
    use_format(kind, with_texts=with_texts)
    use_level(level)


def logged_as() -> tuple[str, str]:
    """Form and level of the log, for another process that is to do the same."""
    is_json = any(isinstance(lines, JsonLines) for lines in _formatters())
    level = logging.getLogger(_OURS).getEffectiveLevel()
    return "json" if is_json else "text", logging.getLevelName(level)


def use_format(kind: str, *, with_texts: bool = False, for_machines: bool = False) -> None:
    """Log in this form.

    Args:
        kind: ``text``, ``json``, or ``auto``.
        with_texts: Show what customers say.
        for_machines: ``auto`` is JSON where no terminal is.
    """
    if kind == "auto":
        kind = "json" if for_machines and not _is_terminal(sys.stderr) else "text"
    handler = logging.StreamHandler()
    handler.setFormatter((JsonLines if kind == "json" else TextLines)(with_texts=with_texts))
    logging.basicConfig(handlers=[handler], force=True)


def hide_texts(*, hidden: bool) -> None:
    """From now on show what customers say, or do not."""
    for lines in _formatters():
        lines.with_texts = not hidden


def trace_by(ids: Ids) -> None:
    """From now on each line tells the trace that it is part of.

    Args:
        ids: The trace and the span that are current.
    """
    for lines in _formatters():
        lines.ids = ids


def use_level(value: str) -> None:
    """Log from this level on."""
    logging.getLogger(_OURS).setLevel(value.upper())
    # the HTTP library writes whole addresses at INFO
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def log_little_unless_asked() -> None:
    """Log warnings only, where the transcript is what people came for."""
    source = click.get_current_context().get_parameter_source("log_level")
    if source is ParameterSource.DEFAULT:
        logging.getLogger(_OURS).setLevel(logging.WARNING)


def tell_all() -> None:
    """Have the log tell what Python would print by itself: errors that nobody handles, and warnings."""
    sys.excepthook = _failed
    threading.excepthook = _thread_failed
    sys.unraisablehook = _unraisable
    warnings.showwarning = _warned


def _failed(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    log.critical("the program failed", exc_info=error)


def _thread_failed(told: threading.ExceptHookArgs) -> None:
    name = told.thread.name if told.thread is not None else "?"
    log.error("the thread %s failed", name, exc_info=told.exc_value or True)


def _unraisable(told: sys.UnraisableHookArgs) -> None:
    log.error("an error had nobody to go to", exc_info=told.exc_value or True)


def _warned(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object, **__: object
) -> None:
    words = _FORGOTTEN.match(str(message))
    told = words.group() if words is not None and category is RuntimeWarning else length_of(str(message))
    log.warning("%s at %s:%d: %s", category.__name__, filename, lineno, told)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _formatters() -> list[Lines]:
    of_all = (handler.formatter for handler in logging.getLogger().handlers)
    return [lines for lines in of_all if isinstance(lines, Lines)]


class Lines(logging.Formatter):
    """Lines that say what they are about, and show no customer's words.

    Args:
        with_texts: Show them.
        ids: The trace and the span that are current.
    """

    def __init__(self, *, with_texts: bool = False, ids: Ids = lambda: None) -> None:
        super().__init__()
        self.with_texts = with_texts
        self.ids = ids

    def said(self, record: logging.LogRecord) -> str:
        """The message."""
        if self.with_texts:
            return record.getMessage()
        try:
            message = _masked(record)
        except (TypeError, ValueError, KeyError):
            # what does not fit its arguments: the sentence is in the source
            message = f"a line at {record.pathname}:{record.lineno} cannot be written"
        return _without_event(message, _SHORTEST_IN_OURS if _is_ours(record) else _SHORTEST)

    def raised(self, record: logging.LogRecord) -> str:
        """The traceback, and the stack; empty if there is none."""
        error = record.exc_info[1] if record.exc_info else None
        parts = []
        if record.exc_text:  # perhaps masked
            parts.append(record.exc_text if self.with_texts or error is None else traceback_of(error))
        elif record.exc_info and error is not None:
            parts.append(self.formatException(record.exc_info) if self.with_texts else traceback_of(error))
        return "\n".join([*parts, record.stack_info] if record.stack_info else parts)

    def about(self) -> Mapping[str, str]:
        """Bot, chat, event, plugin, hook and trace, as far as there are any."""
        here, run = where.get(), current_run.get()
        trigger = run.trigger if run is not None and run.trigger else here.trigger
        trace_id, span_id = self.ids() or ("", "")
        fields = {
            "bot": here.bot,
            "chat": here.chat,
            "event": event_of(trigger),
            "plugin": run.plugin if run is not None else "",
            "hook": run.hook.partition("+")[0] if run is not None else "",
            "trace_id": trace_id,
            "span_id": span_id,
        }
        return {name: value for name, value in fields.items() if value}


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == _OURS


def _masked(record: logging.LogRecord) -> str:
    """The message, of whose arguments nothing is shown that may hold a text, but texts themselves."""
    if record.name.partition(".")[0] == "asyncio":
        # it shows tasks and exceptions as they are; its first line says what is wrong
        return record.getMessage().partition("\n")[0].partition("<")[0].rstrip()
    message = record.msg if isinstance(record.msg, str) else redacted_argument(record.msg)
    arguments: Any = record.args
    if isinstance(arguments, Mapping):
        arguments = _Named(arguments)
    elif arguments:
        arguments = tuple(redacted_argument(value) for value in arguments)
    return str(message) % arguments if arguments else str(message)


class _Named(dict[Any, object]):
    """Arguments by name; as a whole, where logging takes the only argument for such."""

    def __init__(self, arguments: Mapping[Any, object]) -> None:
        super().__init__((name, redacted_argument(value)) for name, value in arguments.items())
        self._whole = redacted(arguments)

    def __str__(self) -> str:
        return self._whole

    __repr__ = __str__


def _without_event(message: str, shortest: int) -> str:
    """What is logged while a hook runs, without the text of the event that it is called for."""
    run = current_run.get()
    text = getattr(run.event, "text", "") if run is not None else ""
    if isinstance(text, str) and len(text) >= shortest:
        return message.replace(text, length_of(text)).replace(repr(text)[1:-1], length_of(text))
    return message


class TextLines(Lines):
    """One fact a line: when, how bad, what it is about, what. Control characters are shown, not sent.

    Further lines of a fact are indented, so that no text can pass for another fact.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        place = self._place()
        line = f"{self.formatTime(record)} {record.levelname:<7} {place}{self.said(record)}"
        raised = self.raised(record)
        return printable(f"{line}\n{raised}" if raised else line).replace("\n", "\n    ")

    def _place(self) -> str:
        about = self.about()
        names = "/".join(about[name] for name in ("bot", "chat", "event") if name in about)
        hook = ".".join(about[name] for name in ("plugin", "hook") if name in about)
        trace = f"trace={about['trace_id']}" if "trace_id" in about else ""
        place = " ".join(filter(None, (names, hook, trace)))
        return f"[{place}] " if place else ""


class JsonLines(Lines):
    """The same as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.said(record),
            **self.about(),
        }
        fields["time"] = fields["time"].replace("+00:00", "Z")
        if raised := self.raised(record):
            fields["traceback"] = raised
        return json.dumps(fields)
