"""The prompt, with keys from a pipe and a screen in memory."""

import asyncio
import io
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from chatbot.cli.prompt import Prompt
from chatbot.cli.visit import Visit
from tests.cli.parlour import BOUND_S, Parlour, at_visit
from tests.cli.programs import until

pytestmark = pytest.mark.usefixtures("eager")

ENTER, CTRL_C, CTRL_D, UP, TAB = "\r", "\x03", "\x04", "\x1b[A", "\t"


@dataclass
class Seat:
    """Where the customer sits."""

    visit: Visit
    parlour: Parlour
    keys: PipeInput
    screen: io.StringIO
    talking: asyncio.Task[None]
    prompt: Prompt

    async def presses(self, keys: str) -> None:
        self.keys.send_text(keys)

    async def sees(self, text: str) -> None:
        await until(lambda: text in self.screen.getvalue())

    async def wrote(self, *types: str) -> None:
        await until(lambda: self.parlour.types() == ["ParticipantJoined", *types])


@asynccontextmanager
async def at_prompt() -> AsyncIterator[Seat]:
    screen = io.StringIO()
    output = Vt100_Output(screen, lambda: Size(rows=30, columns=100), term="xterm", enable_cpr=False)
    with create_pipe_input() as keys, create_app_session(input=keys, output=output):
        prompt = Prompt()
        async with at_visit() as (visit, parlour), asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(prompt.converse(visit))
            seat = Seat(visit, parlour, keys, screen, talking, prompt)
            await seat.sees("Ana>")
            yield seat
            async with asyncio.timeout(BOUND_S):
                await talking


async def test_what_is_typed_is_said_and_the_bot_hears_the_typing() -> None:
    async with at_prompt() as seat:
        await seat.presses("he")
        await seat.wrote("TypingStarted")
        await seat.presses("llo" + ENTER)
        await seat.wrote("TypingStarted", "TypingStopped", "Text")
        await seat.presses(UP + ENTER + CTRL_D)
        await seat.wrote("TypingStarted", "TypingStopped", "Text", "TypingStarted", "TypingStopped", "Text")
        texts = [line.content["text"] for line in seat.parlour.chat.transcript.lines if line.type == "Text"]
        assert texts == ["hello", "hello", "hello"]


async def test_ctrl_c_clears_the_line_and_then_leaves() -> None:
    async with at_prompt() as seat:
        await seat.presses("hm" + CTRL_C)
        await seat.wrote("TypingStarted", "TypingStopped")
        assert not seat.talking.done()
        await seat.presses(CTRL_C)


async def test_commands_answer_above_the_prompt_and_so_do_mistakes() -> None:
    async with at_prompt() as seat:
        await seat.presses("/state" + ENTER)
        await seat.sees("Eva (Agent), Ana (Customer)")
        await seat.presses("/leav" + ENTER)
        await seat.sees("closest: /leave")
        await seat.presses("/agent joins eva" + ENTER)
        await seat.sees("eva is in the chat already")
        await seat.presses("/trans" + TAB + ENTER)
        await seat.sees("     3  Eva: hello")
        assert seat.parlour.types() == ["ParticipantJoined"]
        await seat.presses("/leave" + ENTER)


async def test_who_types_is_told_below_the_prompt_while_it_lasts() -> None:
    async with at_prompt() as seat:
        world, chat_id = seat.parlour.simulator.world, seat.parlour.chat.id
        world.human_does(chat_id, "eva", "SendStartTypingNotification")
        # on the screen only what differs is drawn again
        await until(lambda: seat.prompt._below == "Eva is typing ...")
        world.human_says(chat_id, "eva", "so")
        await until(lambda: seat.prompt._below == "/help lists the commands; Ctrl-D leaves")
        await seat.presses(CTRL_D)


async def test_the_end_of_the_chat_takes_the_prompt_away() -> None:
    async with at_prompt() as seat:
        await seat.presses("half a sen")
        seat.parlour.simulator.world.customer_leaves(seat.parlour.chat.id)


async def test_the_log_goes_above_the_prompt_and_back_afterwards() -> None:
    handler = logging.StreamHandler(sys.stderr)
    before = handler.stream
    logging.getLogger().addHandler(handler)
    try:
        async with at_prompt() as seat:
            logging.getLogger("chatbot").warning("something odd")
            await seat.sees("something odd")
            await seat.presses(CTRL_D)
    finally:
        logging.getLogger().removeHandler(handler)
    assert handler.stream is before
