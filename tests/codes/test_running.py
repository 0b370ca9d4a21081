"""Codes that come up while a bot is at work, or tries to be."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from chatbot import Chat, ChatEnded, ParticipantJoined, TextReceived, hookimpl
from chatbot.bot import instep
from chatbot.model.actions import Action, SendMessage
from chatbot.model.codes import Code
from chatbot.model.errors import ActionError
from chatbot.simulator.app import Simulator
from chatbot.simulator.faults import Answer, Fault, Match
from chatbot.simulator.server import serve
from tests.cli.conftest import Chatbot
from tests.cli.programs import free_port
from tests.codes.seen import sees
from tests.flow.stage import PATIENCE_S, FastClock, on_stage
from tests.hooks.stage import Stage


class Tries:
    """A plugin that does what is not possible, and keeps the code of what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Code | None] = asyncio.Queue()

    async def keep(self, attempt: Any) -> None:
        with pytest.raises(ActionError) as caught:
            await attempt
        is_shown = str(caught.value).startswith(f"{caught.value.code} ")
        self.told.put_nowait(caught.value.code if is_shown else None)

    async def code(self) -> Code | None:
        async with asyncio.timeout(PATIENCE_S):
            return await self.told.get()


class Refuses(Tries):
    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await self.keep(chat.reject())


class Concludes(Tries):
    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await self.keep(chat.set_disposition("done"))


class TalksOver(Tries):
    @hookimpl
    async def on_participant_joined(self, chat: Chat, event: ParticipantJoined) -> None:
        if chat.human is not None:
            await self.keep(chat.send_text("I know better"))


class Fails(Tries):
    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await self.keep(chat.send_text("hi"))

    @hookimpl
    async def on_action(self, action: Action) -> None:
        if isinstance(action, SendMessage):
            raise ZeroDivisionError


class Meddles(Tries):
    @hookimpl
    async def on_text(self, chat: Chat) -> str:
        return "hi"

    @hookimpl
    async def on_action(self, chat: Chat, action: SendMessage) -> None:
        await self.keep(chat.send_text("me too"))


class GoesOn(Tries):
    def __init__(self) -> None:
        super().__init__()
        self.is_given_up = asyncio.Event()

    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        while not self.is_given_up.is_set():
            with suppress(asyncio.CancelledError):
                await self.is_given_up.wait()
        await self.keep(chat.send_text("Sorry"))


class SpeaksAfterwards(Tries):
    @hookimpl
    async def on_chat_ended(self, chat: Chat, event: ChatEnded) -> None:
        await self.keep(chat.send_text("Come again"))


async def code_of(plugin: Tries, *faults: Fault, leaves: bool = False, **settings: Any) -> Code | None:
    """What the plugin is told when a customer has said something."""
    async with on_stage(plugin, **settings) as stage:
        stage.simulator.faults.extend(faults)
        async with stage.customer() as customer:
            await customer.says("Hello")
            if isinstance(plugin, TalksOver):
                await stage.seen.event(TextReceived)
                stage.simulator.world.human_joins(stage.chat.id, "helena")
            if leaves:
                await stage.seen.event(TextReceived)
                await customer.ends()
            return await plugin.code()


@sees(Code.CAPABILITY_MISSING)
async def test_a_capability_that_is_missing() -> None:
    assert await code_of(Refuses()) == "CB310"


@sees(Code.SILENCED)
async def test_a_human_who_has_the_chat() -> None:
    assert await code_of(TalksOver()) == "CB311"


@sees(Code.INTERRUPTED)
async def test_a_text_that_is_interrupted() -> None:
    stage = Stage()
    stage.view.is_interrupted = True
    tries = Tries()
    await tries.keep(stage.chat.send_text("x", typing="natural", interruptible=True))
    assert await tries.code() == "CB312"


@sees(Code.NOT_REVIEWED)
async def test_a_plugin_that_cannot_look() -> None:
    assert await code_of(Fails()) == "CB313"


@sees(Code.HOOK_OVER)
async def test_a_hook_that_goes_on_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instep, "_TICK_S", 0.1)
    plugin = GoesOn()

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            plugin.is_given_up.set()

    log = logging.getLogger("chatbot.bot.overdue")
    log.addHandler(told := Told())
    try:
        assert await code_of(plugin, hook_timeout=0.2) == "CB314"
    finally:
        plugin.is_given_up.set()
        log.removeHandler(told)


@sees(Code.ACTS_IN_REVIEW)
async def test_a_plugin_that_acts_while_it_is_asked() -> None:
    assert await code_of(Meddles()) == "CB315"


@sees(Code.CHAT_GONE)
async def test_a_chat_that_has_ended() -> None:
    assert await code_of(SpeaksAfterwards(), leaves=True) == "CB320"


@sees(Code.REFUSED, Code.RATE_LIMITED)
@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("CB330", Answer(200, '{"statusCode": 11, "statusMessage": "no"}')),
        ("CB340", Answer(429, "", {"Retry-After": "1"})),
    ],
)
async def test_a_server_that_says_no_or_later(
    monkeypatch: pytest.MonkeyPatch, code: str, answer: Answer
) -> None:
    monkeypatch.setattr(FastClock, "factor", 200.0)
    assert await code_of(Concludes(), Fault(Match(operation="SetDisposition"), answer, times=99)) == code


@sees(Code.UNCONFIRMED)
async def test_an_effect_that_does_not_show() -> None:
    tries = Tries()
    receipt = await Stage().chat.send_text("hi")
    await tries.keep(receipt.confirmed(0.01))
    assert await tries.code() == "CB350"


# the server


def config(folder: Path, server: str) -> Path:
    path = folder / "bots.toml"
    path.write_text(f'[bots.maid]\nserver = "{server}"\nusername = "maid"\npassword = {{ env = "MAID" }}\n')
    return path


async def login(chatbot: Chatbot, folder: Path, server: str) -> list[str]:
    """The codes of a check that logs in."""
    arguments = ("check", "--online", "--format", "json", "-c", config(folder, server))
    result = await asyncio.to_thread(chatbot, *arguments)
    assert result.exit_code == 3
    return [found["code"] for found in json.loads(result.stdout)]


@asynccontextmanager
async def dumb_server() -> AsyncIterator[str]:
    """Takes a request, and hangs up."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAID", "x")


@sees(Code.CANNOT_CONNECT)
async def test_a_server_that_is_not_there(chatbot: Chatbot, tmp_path: Path) -> None:
    assert await login(chatbot, tmp_path, f"http://127.0.0.1:{free_port()}") == ["CB401"]


@sees(Code.NO_ANSWER)
async def test_a_server_that_hangs_up(chatbot: Chatbot, tmp_path: Path) -> None:
    async with dumb_server() as server:
        assert await login(chatbot, tmp_path, server) == ["CB402"]


@sees(Code.SESSION_LOST, Code.LOGIN_REFUSED, Code.CREDENTIALS_EXPIRED, Code.PROTOCOL_VIOLATION)
@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("CB403", Answer(200, "<html>log in</html>", {"Content-Type": "text/html"})),
        ("CB404", Answer(401)),
        ("CB405", Answer(200, '{"statusCode": 8}')),
        ("CB406", Answer(200, "no JSON")),
    ],
)
async def test_a_login_that_fails(chatbot: Chatbot, tmp_path: Path, code: str, answer: Answer) -> None:
    simulator = Simulator()
    simulator.faults.append(Fault(Match(path="/api/v2/me"), answer))
    async with serve(simulator.asgi) as server:
        assert await login(chatbot, tmp_path, server) == [code]
