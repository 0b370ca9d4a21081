"""What became of each event, hook call and action, for whoever watches a bot: test kits, traces, consoles.

Records hold what customers said: they are for looking at, never for a log.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from chatbot.hooks.receipt import Receipt
from chatbot.hooks.run import HookRun
from chatbot.model.actions import Action
from chatbot.model.errors import ActionError
from chatbot.model.events import Event, TranscriptEvent

__all__ = [
    "BEFORE",
    "Deed",
    "Hearing",
    "HookCall",
    "Observer",
    "Outcome",
    "Record",
    "Watchers",
    "event_id",
    "no_plugin_has",
    "note_end",
    "outcome_of",
    "place_of",
]

Outcome = Literal[
    "declined",
    "acted",
    "said",
    "handled",
    "left",
    "failed",
    "overran",
    "stopped",
    "silenced",
    "skipped",
    "resumed",
]
"""How a hook call ended. ``skipped``: there was none; ``resumed``: it had waited for the event."""

BEFORE = "it was said before the bot came, and is answered"
"""Why no hook is called for a line of the history."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """An event came, and is handed to the plugins or not.

    Args:
        bot: Who heard it.
        event: The event.
        trigger: The event, as the journal names it; empty if it belongs to no chat.
        passed_over: Why no hook is called for it; empty if plugins are asked.
    """

    bot: str
    event: Event
    trigger: str = ""
    passed_over: str = ""

    @property
    def is_unhandled(self) -> bool:
        """Whether a plugin might have been asked, but none has the hook."""
        return self.passed_over == no_plugin_has(self.event)


def event_id(event: Event | None, trigger: str) -> str:
    """What people call an event of a chat: the index of a line, else the name that the journal has for it."""
    if isinstance(event, TranscriptEvent) and event.index is not None:
        return str(event.index)
    return trigger


def no_plugin_has(event: Event) -> str:
    """What is said of an event whose hook nobody has."""
    return f"no plugin has {event.hook}"


@dataclass(frozen=True, slots=True)
class HookCall:
    """One plugin was asked, or was to be asked, about one event.

    Args:
        plugin: The plugin's name.
        hook: The hook's name.
        event: What it was called for; None for life-cycle hooks.
        outcome: How it ended.
        why: The same in words.
        place: File and line of the hook.
        error: What it raised.
        bot: Whose plugin it is.
        chat_id: Where; None outside of chats.
        trigger: The event, as the journal names it.
        seconds: From its begin to its end.
        waited_s: Of these, how long it waited for the server or the customer.
    """

    plugin: str
    hook: str
    event: Event | None
    outcome: Outcome
    why: str
    place: str = ""
    error: BaseException | None = None
    bot: str = ""
    chat_id: str | None = None
    trigger: str = ""
    seconds: float = 0.0
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Deed:
    """One action was asked for, by a plugin or by the bot itself.

    Args:
        action: What.
        chat_id: Where; None outside of chats.
        plugin: By whom; empty for the bot itself.
        hook: In which hook.
        error: Why it was refused; None if the server accepted it.
        receipt: Tells whether its effect was seen; None if it was refused.
        bot: By which bot.
        trigger: For which event, as the journal names it.
        seconds: From the call to the answer.
    """

    action: Action
    chat_id: str | None
    plugin: str
    hook: str
    error: ActionError | None = None
    receipt: Receipt | None = None
    bot: str = ""
    trigger: str = ""
    seconds: float = 0.0


Record = Hearing | HookCall | Deed


class Observer(Protocol):
    """Whoever watches a bot. Called in the event loop, between steps: must not block or raise."""

    def observe(self, record: Record) -> None:
        """An event came; a hook call has ended, or was left out; an action was accepted or refused."""
        ...


class Watchers:
    """Several who watch the same bots (Observer).

    Args:
        watchers: They are told in this order.
    """

    def __init__(self, *watchers: Observer) -> None:
        self._watchers = watchers

    def observe(self, record: Record) -> None:
        """See Observer."""
        for watcher in self._watchers:
            watcher.observe(record)


def outcome_of(run: HookRun, *, is_left: bool) -> tuple[Outcome, str]:
    """How a hook call ended, in one word and in a sentence.

    Args:
        run: The call.
        is_left: Whether its chat has gone on without it.
    """
    if run.error is not None:
        return _end_of(run, run.error)
    did = ", ".join(action.operation for action in run.performed)
    if isinstance(run.answer, str):
        return "said", f"returned {run.answer!r}"
    if run.answer is True:
        return "handled", "returned True"
    if is_left:
        return "left", "waited for an event, and so has handled this one"
    if run.answered:
        return "acted", f"returned None after {did}"
    odd = "" if run.answer in (None, False) else ", which is no answer: expected None, True or a text"
    return "declined", f"returned {run.answer!r}{odd}" + (f" after {did}" if did else "")


def note_end(run: HookRun, *, is_left: bool) -> None:
    """Have the span of a hook call tell how it ended."""
    if run.span.is_recorded:
        outcome, _ = outcome_of(run, is_left=is_left)
        run.span.note("chatbot.outcome", outcome)
        if run.error is not None and outcome in {"failed", "overran"}:
            run.span.fail(run.error)


def _end_of(run: HookRun, error: BaseException) -> tuple[Outcome, str]:
    if run.cut_by:
        return "stopped", run.cut_by
    if run.is_no_fault(error):
        return "silenced", str(error)
    if run.verdict == "timeout":
        return "overran", "took longer than hook_timeout"
    return "failed", f"raised {type(error).__name__}: {error}"


def place_of(function: Callable[..., Any]) -> str:
    """File and line of a hook; empty where there is none."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else ""
