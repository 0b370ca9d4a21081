"""Rows 31 to 34 and 39: secrets in errors, wrong settings, plugins that misbehave, clocks that jump."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.hooks.loader import LoadedPlugin, load_plugin
from chatbot.model.config_file import load
from chatbot.model.errors import ConfigError, PluginError, WireError
from chatbot.wire.http import HttpxHttp
from tests.faults.conftest import SECRETS
from tests.faults.raw import Platform, serving
from tests.faults.stage import PASSWORD, at_work, settings, starting
from tests.wire.raw_server import answer, closing, hang

CARD = "My card is 4111 1111 1111 1111, IBAN DE89370400440532013000, mail canary-words@example.com"


# row 31: secrets

PLAYS = {
    "silence": hang,
    "broken": closing(b"\x00"),
    "packed": answer(b"\x1f\x8b\x08", "Content-Encoding: gzip"),
}


def told(error: BaseException) -> str:
    """All that a reporter may show of an error, with the variables of our own frames."""
    plain = "".join(traceback.format_exception(error)) + repr(error)
    seen: list[str] = []
    link: BaseException | None = error
    while link is not None:
        for frame, _ in traceback.walk_tb(link.__traceback__):
            if "/chatbot/" in frame.f_code.co_filename:
                seen += [repr(value) for value in frame.f_locals.values()]
        link = link.__cause__ or link.__context__
    return plain + "\n".join(seen)


@pytest.mark.parametrize("play", PLAYS, ids=lambda name: f"row-31-{name}")
async def test_an_error_of_the_wire_tells_no_secret(platform: Platform, play: str) -> None:
    platform.breaks("Ready", PLAYS[play])
    async with serving(platform) as url, aclosing(HttpxHttp(url, credentials=("robo", PASSWORD))) as http:
        await http.request("GET", "/api/v2/me", timeout_s=2.0)
        with pytest.raises(WireError) as caught:
            await http.request("POST", "/api/v2/me", content=b'{"operationName":"Ready"}', timeout_s=0.05)
    assert [secret for secret in SECRETS if secret in told(caught.value)] == []
    assert len(platform.asked) == 2


async def test_row_31_a_refused_login_tells_no_secret(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """The log is looked through after every row."""
    reason = f'{{"statusCode":1,"statusMessage":"no user with password {PASSWORD[:6]}"}}'
    platform.breaks("GET me", answer(b"{}", status="401 Unauthorized"), times=2)
    platform.breaks("GET me", answer(reason.encode()), times=2)
    async with starting(platform) as work:
        await work.goes_on()
        assert not any(secret in repr(vars(work.bot)) for secret in SECRETS)
    assert "refused user name and password" in caplog.text


WRONG = {
    "unknown key": ('passwort = "x"', "passwort"),
    "bad address": ('server = "https://robo:{password}@gws"', "server"),
    "password as a list": ('password = ["{password}"]', "password"),
    "plain http": ('server = "http://gws.example.com"', "without encryption"),
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda name: f"row-33-{name.replace(' ', '-')}")
def test_wrong_settings_are_refused_by_name_and_without_the_secret(tmp_path: Path, wrong: str) -> None:
    text, named = WRONG[wrong]
    values = {"server": '"https://gws.example.com"', "username": '"robo"', "password": f'"{PASSWORD}"'}
    key, _, value = text.replace("{password}", PASSWORD).partition(" = ")
    lines = [f"{name} = {value}" for name, value in (values | {key: value}).items()]
    file = tmp_path / "bots.toml"
    file.write_text("\n".join(["[bots.robo]", *lines]))
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(file) in str(caught.value)
    assert named in str(caught.value)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_row_31_settings_are_shown_without_the_secret() -> None:
    proxied = settings("https://gws.example.com", proxy=f"http://robo:{PASSWORD}@proxy.example")
    assert PASSWORD not in f"{proxied!r} {proxied} {proxied.password!r} {proxied.password}"


async def test_row_32_what_a_customer_says_of_money_is_not_in_the_log(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even where a hook fails over it. The log is looked through after every row."""

    class Broken:
        @hookimpl
        async def on_text(self, chat: Chat, event: TextReceived) -> None:
            raise ValueError(chat.id)

    async with at_work(platform, Broken()) as work:
        chat = await work.chat()
        platform.breaks("SendMessage", answer(b"", status="503 -"))
        platform.says(chat, CARD)
        await work.goes_on(chat)
    assert "on_text failed" in caplog.text
    assert [
        record for record in caplog.records if record.levelno >= logging.ERROR and not record.exc_info
    ] == []


EVIL_NAMES = ["../evil", "..evil", "/etc/passwd", "evil/../evil", "evil.py", "evil\x00", "", "."]


@pytest.mark.parametrize("name", EVIL_NAMES, ids=range(len(EVIL_NAMES)))
def test_row_33_a_plugin_is_named_by_a_name_and_not_by_a_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "evil.py").write_text("raise SystemExit('gotcha')")
    folder = tmp_path / "plugins"
    folder.mkdir()
    with pytest.raises(PluginError) as caught:
        load_plugin(name, folders=[folder], table={})
    assert "gotcha" not in str(caught.value)


# row 34: plugins


def raises(error: BaseException) -> Callable[[], Any]:
    def fail() -> None:
        raise error

    return fail


class Misbehaving:
    """One plugin for each way, asked before the echo."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act

    @hookimpl
    async def on_text(self) -> Any:
        answer = self.act()
        return await answer if asyncio.iscoroutine(answer) else answer


class Deaf(BaseException):
    """An error of a plugin that is no Exception."""


async def clinging() -> None:
    """Swallows the first attempt to stop it."""
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


WAYS: dict[str, Callable[[], Any]] = {
    "error": raises(ValueError("x")),
    "recursion": raises(RecursionError()),
    "base-exception": raises(Deaf()),
    "system-exit": raises(SystemExit(3)),
    "interrupt": raises(KeyboardInterrupt()),
    "generator-exit": raises(GeneratorExit()),
    "group": raises(BaseExceptionGroup("x", [Deaf()])),
    "cancelled": raises(asyncio.CancelledError()),
    "stop-iteration": raises(StopAsyncIteration()),
    "overruns": lambda: asyncio.Event().wait(),
    "swallows-its-end": clinging,
    "garbage": object,
    "number": lambda: 7,
    "bytes": lambda: b"hello",
    "list": lambda: ["hello"],
}
# these return: nothing failed
HARMLESS = {"swallows-its-end", "garbage", "number", "bytes", "list"}


async def test_row_34_plugins_that_misbehave_cost_themselves(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """All of them, one after another, for each text; the echo comes last."""
    plugins = [Misbehaving(act) for act in WAYS.values()]
    async with at_work(platform, *plugins, hook_timeout=0.1) as work:
        chat = await work.chat()
        await work.goes_on(chat)
        names = [f"p{number}" for number, way in enumerate(WAYS, 1) if way not in HARMLESS]
        await work.until(lambda: work.bot.counters.hook_failures == dict.fromkeys(names, 3))
    assert [way for way in ("object", "int", "bytes", "list") if f"returned {way};" not in caplog.text] == []


ENDS = [Deaf(), SystemExit(3), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError(), ValueError()]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: type(end).__name__)
async def test_row_34_what_a_plugin_spawns_costs_itself_only(
    platform: Platform, end: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    class Spawning:
        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            chat.spawn(failing())

    async def failing() -> None:
        raise end

    async with at_work(platform, Spawning()) as work:
        chat = await work.chat()
        await work.goes_on(chat)
    assert "plugin p1: what on_text had spawned failed" in caplog.messages


async def test_row_34_a_thread_that_hangs_keeps_nobody(platform: Platform) -> None:
    """The thread cannot be ended; the chat goes on without it."""
    here, go = asyncio.get_running_loop(), asyncio.Event()

    class Hanging:
        @hookimpl
        def on_text(self) -> None:
            asyncio.run_coroutine_threadsafe(go.wait(), here).result()

    async with at_work(platform, Hanging(), hook_timeout=0.1) as work:
        await work.goes_on()
        go.set()


def test_row_34_a_plugin_is_imported_once(tmp_path: Path) -> None:
    (tmp_path / "counted.py").write_text("from chatbot import hookimpl\nwitness = []\n")
    first, second = (load_plugin("counted", folders=[tmp_path], table={}) for _ in range(2))
    assert isinstance(first, LoadedPlugin)
    assert first.hooks is second.hooks


# row 39: clocks


@pytest.mark.parametrize("days", [1, -1, 400], ids=lambda days: f"row-39-{days:+}-days")
async def test_a_wall_clock_that_jumps_changes_nothing(platform: Platform, days: int) -> None:
    async with at_work(platform) as work:
        chat = await work.chat()
        await work.settles()
        work.clock.wall += timedelta(days=days)
        platform.answer_poll()
        await work.settles()
        await work.goes_on(chat)
        sessions, troubles = work.bot.counters.sessions, work.bot.counters.troubles
        assert work.clock.monotonic() < 3600
    assert (sessions, troubles, platform.times("GET me")) == (1, 0, 1)
