"""``chatbot dev``: simulator, bots and console in one process, for a plugin author with a browser."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from chatbot.cli.dev import _dev
from chatbot.cli.process import Order
from chatbot.cli.signals import Signals
from chatbot.cli.skeleton import skeleton
from chatbot.model.config_file import load
from chatbot.simulator.customer import Customer
from tests.cli.conftest import Chatbot
from tests.cli.programs import BOUND_S, ECHO, answers, free_port, program, until, write

pytestmark = pytest.mark.long

BOT = """
    service.admin = "{admin}"
    [bots.maid]
    server = "https://gws.invalid"
    username = "maid"
    password = {{ env = "GONE" }}
    nickname = "Maid"
    plugins = ["echo"]
"""


async def test_a_customer_of_the_page_is_answered_and_sigint_ends_it_well(tmp_path: Path) -> None:
    admin = f"127.0.0.1:{free_port()}"
    write(tmp_path, BOT.format(admin=admin), echo="from chatbot import hookimpl\n")
    async with program("dev", "--port", "0", cwd=tmp_path) as run:
        server = (await run.says(r"^customer page: (http://127\.0\.0\.1:\d+)/customer$"))[1]
        await run.says(f"^console:       http://{admin}/$")
        async with httpx.AsyncClient(trust_env=False) as http:
            assert "<script" in (await http.get(f"{server}/customer")).text
        await answers(f"http://{admin}/readyz", 200)
        metrics = await answers(f"http://{admin}/metrics", 200)
        assert "\nchatbot_loop_lag_seconds " in metrics.text  # the event loop is watched
        async with Customer(server) as customer:
            await customer.says("Hi")
            await run.says(
                r"^on_text was not handled: no plugin of \[bots.maid\] has this hook. To handle it:$"
            )
            await until(lambda: skeleton("on_text").strip() in run.output)
            (tmp_path / "plugins" / "echo.py").write_text(dedent(ECHO))
            await run.says("^saved echo.py: restarted in")
            await customer.says("Hello")
            line = await customer.hears()
            assert (line.nickname, line.text) == ("Maid", "You said: Hello")
        run.signal(signal.SIGINT)
        assert await run.ends() == 0
    assert "Traceback" not in run.output
    assert run.output.count("was not handled") == 1


async def test_without_watchfiles_it_says_so_and_works_and_without_an_admin_address_no_console_is_promised(
    tmp_path: Path, signals: Signals, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.cli.dev.can_watch", lambda: False)
    config = write(tmp_path, BOT.format(admin=""), echo=ECHO)
    order = Order(
        str(config), "", is_shadow=False, bot=None, with_texts=False, journal="", log=("text", "INFO")
    )
    running = asyncio.create_task(_dev(load(config), order, 0, signals))
    printed, told = "", ""

    def is_up() -> bool:
        nonlocal printed, told
        new = capsys.readouterr()
        printed, told = printed + new.out, told + new.err
        return printed.endswith("/customer\n")

    await until(is_up)
    signal.raise_signal(signal.SIGTERM)
    assert await asyncio.wait_for(running, BOUND_S) == 0
    assert printed.startswith("customer page: http://127.0.0.1:")
    assert "console" not in printed
    assert told == (
        "saved files are not noticed, for the package watchfiles is missing\n"
        '  fix: pip install "chatbot[dev]"\n'
    )


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_of_the_simulator_that_is_taken_ends_with_code_2(
    chatbot: Chatbot, tmp_path: Path, taken: int
) -> None:
    config = write(tmp_path, BOT.format(admin=""), echo=ECHO)
    result = chatbot("dev", "-c", config, "--port", taken)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"CB114  port {taken} cannot be used: ")
    assert result.stderr.endswith("fix: choose another with --port        more: chatbot explain CB114\n")


async def test_a_plugin_that_is_broken_from_the_start_is_waited_for(tmp_path: Path) -> None:
    write(tmp_path, BOT.format(admin=""), echo="def on_text(:\n")
    async with program("dev", "--port", "0", cwd=tmp_path) as run:
        await run.says("^  there are no bots until it is mended and saved$")
        assert run.err[0].startswith("CB202  plugins/echo.py:1  plugin 'echo' is not Python: ")
        (tmp_path / "plugins" / "echo.py").write_text(dedent(ECHO))
        server = (await run.says(r"^customer page: (http://127\.0\.0\.1:\d+)/customer$"))[1]
        async with Customer(server) as customer:
            await customer.says("Hello")
            assert (await customer.hears()).text == "You said: Hello"
        run.stop()
        assert await run.ends() == 0


def test_a_password_that_is_not_there_ends_with_code_2(chatbot: Chatbot, tmp_path: Path) -> None:
    config = write(tmp_path, BOT.format(admin=""), echo=ECHO)
    result = chatbot("dev", "-c", config, "--server", "https://gws.invalid")
    assert (result.exit_code, result.stderr[:6]) == (2, "CB116 ")


async def test_plugins_that_take_long_to_load_are_told_of(
    tmp_path: Path, signals: Signals, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.cli.reload._LONG_S", 0.0)
    config = write(tmp_path, BOT.format(admin=""), echo=ECHO)
    order = Order(
        str(config), "", is_shadow=False, bot=None, with_texts=False, journal="", log=("text", "INFO")
    )
    running = asyncio.create_task(_dev(load(config), order, 0, signals))
    told = ""

    def is_up() -> bool:
        nonlocal told
        new = capsys.readouterr()
        told += new.err
        return new.out.endswith("/customer\n")

    await until(is_up)
    signal.raise_signal(signal.SIGTERM)
    assert await asyncio.wait_for(running, BOUND_S) == 0
    assert told == "the plugins are still being loaded: one may wait for something at import\n"


def test_an_admin_port_that_is_taken_ends_with_code_2(chatbot: Chatbot, tmp_path: Path, taken: int) -> None:
    config = write(tmp_path, BOT.format(admin=f"127.0.0.1:{taken}"), echo=ECHO)
    result = chatbot("dev", "-c", config, "--port", 0)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"CB114  [service] admin = '127.0.0.1:{taken}' cannot be used: ")


def test_a_plugin_that_cannot_be_loaded_ends_with_code_2_if_nobody_can_tell_of_saves(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.cli.dev.can_watch", lambda: False)
    result = chatbot("dev", "-c", write(tmp_path, BOT.format(admin="")), "--port", 0)
    assert result.exit_code == 2
    assert "plugin 'echo' was not found in " in result.stderr
