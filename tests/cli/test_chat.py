"""``chatbot chat``: in a pipe and from scripts in process, and once at a real terminal."""

import asyncio
import os
import pty
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from click.testing import Result

from chatbot.simulator.app import Simulator
from chatbot.simulator.server import serve
from tests.cli.conftest import Chatbot
from tests.cli.parlour import contact_centre
from tests.cli.programs import BOUND_S, ECHO, program, until, write

BOTS = """
[bots.maid]
server = "https://gws.invalid"
username = "maid"
password = "x"
nickname = "Maid"
plugins = ["echo"]

[bots.cook]
server = "https://gws.invalid"
username = "the cook"
password = "x"
nickname = "Cook"
"""
ROOT = Path(__file__).parents[2]
QUICK = ("--rest", "0.1", "--nickname", "Ana")
pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write(tmp_path, BOTS, echo=ECHO)


def said(result: Result) -> list[str]:
    """Its lines without the time."""
    return [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in result.stdout.splitlines()]


def test_lines_of_a_pipe_are_said_and_answered_one_after_the_other(chatbot: Chatbot, config: Path) -> None:
    result = chatbot("chat", "-c", config, *QUICK, stdin="one\n/bot\n\x1b[2J\n")
    assert result.exit_code == 0, result.output
    assert said(result) == [
        "Ana joined",
        "Maid joined",
        "Ana: one",
        "Maid: You said: one",
        "maid: ready",
        "cook: ready",
        "agent maid: Ready",
        "agent the cook: Ready",
        "Ana: \\x1b[2J",
        "Maid: You said: \\x1b[2J",
    ]
    assert result.stderr == ""


def test_another_bot_gets_who_comes_with_subject_and_data(chatbot: Chatbot, config: Path) -> None:
    given = ("--subject", "Soup", "--data", "Order=7", "--data", "Note=a=b")
    result = chatbot(
        "chat", "cook", "-c", config, *QUICK, *given, stdin="/state\n/agent joins\n/agent types\n"
    )
    assert result.exit_code == 0, result.output
    assert said(result)[:2] == ["Ana joined", "Cook joined"]
    assert said(result)[-1] == "Helena joined"  # typing is no line, and no empty one either
    assert 'user data     {"Order": "7", "Note": "a=b", "Subject": "Soup"}' in said(result)


def script(folder: Path, text: str) -> Path:
    path = folder / "a.chat"
    path.write_text(text)
    return path


def test_a_script_that_gets_all_it_expects(chatbot: Chatbot, config: Path) -> None:
    path = script(
        config.parent, "> hi\n< said: hi\n/fault drop-notification\n> lost\n> heard\n< /^You.*lost$/\n"
    )
    result = chatbot("chat", "-c", config, "--script", path)
    assert result.exit_code == 0, result.output
    assert "Maid: You said: hi" in said(result)
    assert "drop-notification: a notification never arrives" in said(result)


def test_the_script_of_the_documents(chatbot: Chatbot, tmp_path: Path) -> None:
    texts = [path.read_text() for path in (ROOT / "docs").rglob("*.md")]
    [example] = [
        found for text in texts for found in re.findall(r"```text\n(# hours\.chat\n.*?)```", text, re.DOTALL)
    ]
    result = chatbot("chat", "-c", ROOT / "bots.toml", "--script", script(tmp_path, example))
    assert result.exit_code == 0, result.output
    assert "Helena joined" in said(result)


def test_a_script_may_begin_with_a_byte_order_mark(chatbot: Chatbot, config: Path) -> None:
    path = script(config.parent, "\ufeff> hi\n")
    assert chatbot("chat", "-c", config, "--script", path).exit_code == 0


def test_a_script_that_does_not_get_what_it_expects(chatbot: Chatbot, config: Path) -> None:
    path = script(config.parent, "> hi\n\n< bye\n")
    result = chatbot("chat", "-c", config, "--script", path, "--timeout", "0.5")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"{path}:3  expected an agent to say bye within 0.5 s\n  the transcript so far:\n"
    )
    assert result.stderr.endswith("     4  Maid: You said: hi\n")


def test_a_script_from_stdin(chatbot: Chatbot, config: Path) -> None:
    result = chatbot("chat", "-c", config, "--script", "-", stdin="> hi\n< You said: hi\n<! 0.1\n")
    assert result.exit_code == 0, result.output
    result = chatbot("chat", "-c", config, "--script", "-", stdin="hi\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("stdin:1  'hi' is no step\n  expected: > TEXT")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("mad",),
            "bots.toml  there is no bot 'mad' in [bots]\n       the bots: maid, cook        closest: maid\n",
        ),
        (("butler",), "bots.toml  there is no bot 'butler' in [bots]\n       the bots: maid, cook\n"),
        (("--data", "Order"), "'Order' is not KEY=VALUE, for example Order=123456."),
        (("--script", "nowhere.chat"), "nowhere.chat cannot be read: No such file or directory"),
        (
            ("--server", "localhost:8090"),
            "'localhost:8090' is no address, for example http://127.0.0.1:8090.",
        ),
        (("--timeout", "0"), "is not in the range x>0"),
        (
            ("--server", "http://127.0.0.1:9", "mad"),
            "bots.toml  there is no bot 'mad' in [bots]\n       the bots: maid, cook        closest: maid\n",
        ),
    ],
)
def test_what_cannot_be_played_ends_with_code_2(
    chatbot: Chatbot, config: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    result = chatbot("chat", "-c", config, *arguments)
    assert result.exit_code == 2
    assert complaint.replace("0 is not", "0.0 is not") in result.stderr.replace(
        "0 is not", "0.0 is not"
    ).replace("0.0.0", "0.0")


def test_a_plugin_that_cannot_be_loaded_ends_with_code_2(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("chat", "-c", write(tmp_path, BOTS, echo="def"))
    assert result.exit_code == 2
    assert "echo.py:1  plugin 'echo' is not Python" in result.stderr


ENDER = """
    from chatbot import hookimpl

    @hookimpl
    async def on_text(chat):
        await chat.complete(text="Bye.")
        return True
"""


def test_it_ends_with_the_chat_although_the_pipe_is_open(chatbot: Chatbot, tmp_path: Path) -> None:
    out, into = os.pipe()
    os.write(into, b"hi\n")
    with os.fdopen(out, "rb") as stdin:
        result = chatbot("chat", "-c", write(tmp_path, BOTS, echo=ENDER), *QUICK, stdin=stdin)
        os.close(into)
    assert result.exit_code == 0, result.output
    assert "Maid: Bye." in said(result)


STOPPER = """
    import signal
    from chatbot import hookimpl

    @hookimpl
    async def on_text():
        signal.raise_signal(signal.SIGTERM)
"""


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--script", "-"), 130)])
def test_a_signal_leaves_well(
    chatbot: Chatbot, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    lines = "> hi\n/wait 60\n" if arguments else "hi\n/wait 60\n"
    result = chatbot("chat", "-c", write(tmp_path, BOTS, echo=STOPPER), *arguments, *QUICK, stdin=lines)
    assert result.exit_code == code, result.output
    assert result.stderr == ""
    assert signal.getsignal(signal.SIGTERM) is before


async def test_it_joins_a_server_that_runs(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    simulator = contact_centre()
    async with serve(simulator.asgi) as server:
        given = ("chat", "--server", server, *QUICK)
        result = await asyncio.to_thread(chatbot, *given, stdin="hi\n/bot\n")
    assert result.exit_code == 0, result.output
    assert said(result) == ["Ana joined", "Eva joined", "Eva: hello", "Ana: hi", "no bot has logged in"]
    [chat] = simulator.world.chats()
    assert chat.is_over


async def test_a_server_that_is_not_there_or_another_one_ends_with_code_3(
    chatbot: Chatbot, config: Path
) -> None:
    async with serve(Simulator().asgi) as server:
        other = f"{server}/elsewhere"
        result = await asyncio.to_thread(chatbot, "chat", "-c", config, "--server", other)
        assert result.stderr == f"no chat at {other}: HTTP 404: this is no server with a Customer Chat API\n"
    assert result.exit_code == 3
    result = await asyncio.to_thread(chatbot, "chat", "-c", config, "--server", server)
    assert result.exit_code == 3
    assert result.stderr.startswith(f"no chat at {server}: the server does not answer: ")


@pytest.mark.long
async def test_a_second_signal_does_not_wait_for_a_hook_that_blocks(tmp_path: Path) -> None:
    block = (
        STOPPER.replace("import signal\n", "import signal, time\n")
        + "        print('blocked', flush=True)\n        time.sleep(60)\n"
    )
    config = write(tmp_path, BOTS, echo=block)
    path = script(tmp_path, "> hi\n/wait 60\n")
    async with program("chat", "-c", str(config), "--script", str(path), cwd=tmp_path) as run:
        await run.says("^blocked$")
        run.signal(signal.SIGTERM)
        assert await run.ends() == 130


class Terminal:
    """The command at a pseudo-terminal, of which this is our end."""

    def __init__(self, line: int) -> None:
        self.screen = ""
        self._line = line

    async def sees(self, text: str) -> None:
        await until(lambda: self._reads() and text in self.screen)

    def presses(self, keys: str) -> None:
        os.write(self._line, keys.encode())

    def _reads(self) -> bool:
        with suppress(BlockingIOError):
            self.screen += os.read(self._line, 65536).decode(errors="replace")
        return True


async def _leaves(process: asyncio.subprocess.Process, terminal: Terminal) -> int:
    """By Ctrl-D, pressed again if it comes between two prompts: there the terminal swallows it."""
    while True:
        terminal.presses("\x04")
        with suppress(TimeoutError):
            return await asyncio.wait_for(process.wait(), 0.5)


@asynccontextmanager
async def at_terminal(config: Path, *start: str) -> AsyncIterator[Terminal]:
    """The command at a pseudo-terminal; it has to end with code 0, and without a traceback."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    terminal = Terminal(ours)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *start, "chat", "-c", str(config), "--nickname", "Ana"),
        env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    try:
        yield terminal
        async with asyncio.timeout(BOUND_S):
            assert await _leaves(process, terminal) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(theirs)
        os.close(ours)
    assert "Traceback" not in terminal.screen


@pytest.mark.long
async def test_a_conversation_at_a_real_terminal(config: Path) -> None:
    pytest.importorskip("prompt_toolkit")
    async with at_terminal(config, "-m", "chatbot") as terminal:
        await terminal.sees("Maid joined")
        for keys, answer in (
            ("hi", "You said: hi"),
            ("/agent joins", "Helena joined"),
            ("/xx", "no command"),
        ):
            terminal.presses(f"{keys}\r")
            await terminal.sees(answer)


WITHOUT = "import sys; sys.modules['prompt_toolkit'] = None; from chatbot.cli import main; main()"


@pytest.mark.long
async def test_a_terminal_without_the_library_for_a_prompt_does_as_well(config: Path) -> None:
    async with at_terminal(config, "-c", WITHOUT) as terminal:
        await terminal.sees('fix: pip install "chatbot[dev]"')
        terminal.presses("hi\r")
        await terminal.sees("Maid: You said: hi")
