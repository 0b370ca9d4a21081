"""The customer line by line: from a pipe, from a file, from memory."""

import io
import os

import pytest

from chatbot.cli.piped import Patience, say_lines
from tests.cli.parlour import BOUND_S, at_visit

pytestmark = pytest.mark.usefixtures("eager")
QUICK = Patience(BOUND_S, 0.05)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_lines_are_said_in_turn_and_commands_and_mistakes_are_told() -> None:
    shown: list[str] = []
    async with at_visit() as (visit, parlour):
        lines = io.StringIO("hi\n\n/agent says good day\n/leav\n/agent says\n/transcript\nbye")
        await say_lines(visit, lines, QUICK, shown.append)
        assert parlour.shown[3:] == ["Ana: hi", "Eva: good day", "Ana: bye"]
    told = [text.splitlines()[0] for text in shown if text]
    assert told == ["/leav is no command", "/agent says needs more", "     1  Ana joined"]


async def test_what_the_simulator_refuses_does_not_end_it() -> None:
    shown: list[str] = []
    async with at_visit() as (visit, parlour):
        await say_lines(visit, io.StringIO("/agent joins eva\nhi\n"), QUICK, shown.append)
        assert parlour.shown[-1] == "Ana: hi"
    assert shown == ["eva is in the chat already", ""]


async def test_a_pipe_is_read_as_it_is_written_to_its_last_line() -> None:
    out, into = os.pipe()
    with open(out) as stream:  # noqa: ASYNC230, PTH123 (a pipe has no path and is not waited for)
        async with at_visit() as (visit, parlour):
            os.write(into, "grüß".encode()[:3])
            os.write(into, "grüß".encode()[3:] + b"\nlast")
            os.close(into)
            await say_lines(visit, stream, QUICK, lambda _: None)
            assert parlour.shown[3:] == ["Ana: grüß", "Ana: last"]


async def test_nobody_speaks_into_a_chat_that_is_over() -> None:
    shown: list[str] = []
    async with at_visit() as (visit, _):
        await say_lines(visit, io.StringIO("/leave\nhi\n"), QUICK, shown.append)
    assert shown == [""]


async def test_a_person_is_not_made_to_wait() -> None:
    async with at_visit() as (visit, parlour):
        await say_lines(visit, Terminal("one\ntwo\n"), Patience(BOUND_S, BOUND_S), lambda _: None)
        assert parlour.types() == ["ParticipantJoined", "Text", "Text"]
