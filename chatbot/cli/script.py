"""Scripts of `chatbot chat --script`: what the customer says and does, and what has to come.

One step a line: `> TEXT` says it, `< TEXT` waits for an agent's line with that text in it (`< /REGEX/`: that
matches), `<! SECONDS` wants no agent to say anything for so long, `/...` is a slash command, `#` a comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from chatbot.cli.backstage import Trouble
from chatbot.cli.common import printable
from chatbot.cli.shown import transcript
from chatbot.cli.slash import Order, Unknown, enact, read, seconds_of
from chatbot.cli.visit import Visit
from chatbot.simulator.customer import CustomerLine

__all__ = ["Misprint", "Step", "Unmet", "parse", "play"]

_EXPECTED = "> TEXT, < TEXT, < /REGEX/, <! SECONDS, a slash command, or # and a comment"
_SAID = frozenset({"Text", "PushUrl", "Notice", "CustomNotice"})
_SILENCE_S = 2.0
_FEWEST = 2


class Misprint(ValueError):
    """The script cannot be read; the message begins with file and line."""


class Unmet(Exception):
    """What the script expected did not come; the message begins with file and line."""


@dataclass(frozen=True, slots=True)
class Expected:
    """An agent has to say something.

    Args:
        shown: As it stands in the script.
        pattern: What the text must match somewhere.
    """

    shown: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Silence:
    """No agent may say anything for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a script.

    Args:
        place: File and line.
        what: What is to be done or has to come.
    """

    place: str
    what: Order | Expected | Silence


def parse(text: str, file: str) -> list[Step]:
    """The steps of a script.

    Args:
        text: The script.
        file: Its name, for errors.

    Raises:
        Misprint: A line cannot be read; says what was expected.
    """
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            place = f"{file}:{number}"
            try:
                steps.append(Step(place, _step(stripped)))
            except ValueError as error:
                raise Misprint(f"{place}  {error}") from None
    return steps


async def play(visit: Visit, steps: list[Step], timeout_s: float, show: Callable[[str], object]) -> None:
    """Play the customer.

    Args:
        visit: The chat.
        steps: The script.
        timeout_s: How long to wait for an agent, and for each expected line.
        show: Gets what slash commands have to show.

    Raises:
        Unmet: Something did not come, or came and should not; with the transcript so far.
    """
    if await visit.until(lambda: visit.has_agent or None, timeout_s) is None and steps:
        raise _unmet(steps[0], f"expected an agent to join within {timeout_s:g} s", visit)
    heard = 0
    for step in steps:
        match step.what:
            case Order() as order:
                await _enact(visit, step, order, show)
            case Expected() as expected:
                heard = await _hear(visit, step, expected, (heard, timeout_s))
            case Silence(seconds):
                await _keep_silence(visit, step, seconds, heard)
                heard = len(visit.lines)
            case never:
                assert_never(never)


def _step(line: str) -> Order | Expected | Silence:
    if line.startswith("<!"):
        return Silence(seconds_of(line[2:].strip()) if line[2:].strip() else _SILENCE_S)
    if line.startswith("<"):
        return _expected(line[1:].strip())
    if line.startswith(">"):
        if text := line[1:].strip():
            return Order("", text)
        raise Unknown(f"nothing is said\n  expected: {_EXPECTED}")
    order = read(line) if line.startswith("/") else None
    if order is None:
        raise Unknown(f"{printable(line)!r} is no step\n  expected: {_EXPECTED}")
    return order


def _expected(text: str) -> Expected:
    if not text:
        raise Unknown(f"nothing is expected\n  expected: {_EXPECTED}")
    is_regex = len(text) > _FEWEST and text.startswith("/") and text.endswith("/")
    try:
        return Expected(text, re.compile(text[1:-1] if is_regex else re.escape(text)))
    except re.error as error:
        raise Unknown(f"{text} is no regular expression: {error}") from None


async def _enact(visit: Visit, step: Step, order: Order, show: Callable[[str], object]) -> None:
    try:
        show(await enact(visit, order))
    except Trouble as trouble:
        raise _unmet(step, str(trouble), visit) from trouble


async def _hear(visit: Visit, step: Step, expected: Expected, bounds: tuple[int, float]) -> int:
    """How many lines are heard, the one that was expected included."""
    heard, timeout_s = bounds

    def look() -> int | None:
        said = enumerate(visit.lines[heard:], heard + 1)
        return next((number for number, line in said if _is_said(line, expected.pattern)), None)

    found = await visit.until(look, timeout_s)
    if found is None:
        within = "before the chat was over" if visit.over.is_set() else f"within {timeout_s:g} s"
        raise _unmet(step, f"expected an agent to say {expected.shown} {within}", visit)
    return found


async def _keep_silence(visit: Visit, step: Step, seconds: float, heard: int) -> None:
    def look() -> CustomerLine | None:
        return next((line for line in visit.lines[heard:] if _is_said(line)), None)

    found = await visit.until(look, seconds)
    if found is not None:
        raise _unmet(step, f"expected no agent to say anything for {seconds:g} s, and heard {found}", visit)


def _is_said(line: CustomerLine, pattern: re.Pattern[str] | None = None) -> bool:
    is_of_agent = line.sender_type == "Agent" and line.type in _SAID
    return is_of_agent and (pattern is None or bool(pattern.search(line.text)))


def _unmet(step: Step, why: str, visit: Visit) -> Unmet:
    return Unmet(f"{step.place}  {why}\n  the transcript so far:\n{transcript(visit.lines)}")
