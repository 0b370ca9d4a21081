"""``chatbot demo``: a process on the repository's own bots.toml; in process, what can go wrong."""

from pathlib import Path

import pytest

from chatbot.cli import demo
from tests.cli.conftest import Chatbot
from tests.cli.programs import CANARY, ECHO, program, write

ROOT = Path(__file__).parents[2]
BOT = f"""
[bots.maid]
server = "https://gws.invalid"
username = "maid"
password = "{CANARY}"
nickname = "Maid"
plugins = ["echo"]
"""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_PATIENCE_S", 0.4)


def script(folder: Path, lines: str, *, plugin: str = ECHO, customer: str = "Ana", bot: str = "maid") -> Path:
    chat = f'[[demo]]\nbot = "{bot}"\ncustomer = "{customer}"\nlines = [{lines}]\n'
    return write(folder, BOT + chat, echo=plugin)


async def test_the_repository_s_own_example_succeeds_and_shows_who_said_what() -> None:
    async with program("demo", cwd=ROOT) as run:
        assert await run.ends() == 0
    said = [line.split(maxsplit=2) for line in run.out]
    assert ["Ana", "Ana", "When are you open?"] in said
    assert ["Ana", "Concierge", "We are open Monday to Friday, 8 to 18."] in said
    assert ["Bruno", "Helena", "Hello, this is Helena. How can I help you?"] in said
    assert run.out[-1] == "all expected answers came: 8"
    assert run.err == []


def test_the_other_cometd_client_does_as_well(chatbot: Chatbot, tmp_path: Path) -> None:
    pytest.importorskip("aiocometd")
    lines = '{ say = "One" }, { say = "Two", expect = "^You said: Two$", sender = "^Maid$" }'
    config = script(tmp_path, lines)
    result = chatbot("demo", "-c", config, "--cometd", "aiocometd")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("all expected answers came: 1\n")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{ say = "Hi", expect = "Bye" }', "Ana: Waited in vain for a text like 'Bye'."),
        (
            '{ say = "Hi", expect = "Hi", sender = "Helena" }',
            "Ana: Waited in vain for an answer of 'Helena'.",
        ),
    ],
)
def test_an_answer_that_does_not_come_ends_with_code_1(
    chatbot: Chatbot, tmp_path: Path, line: str, complaint: str
) -> None:
    result = chatbot("demo", "-c", script(tmp_path, line))
    assert result.exit_code == 1
    assert complaint in result.stdout
    assert "  Maid: You said: Hi" in result.stdout.splitlines()
    assert result.stdout.endswith("1 of 1 chats failed\n")


ENDER = """
    from chatbot import hookimpl

    @hookimpl
    async def on_text(chat):
        await chat.complete(text="Bye.")
        return True
"""


def test_a_bot_may_end_the_chat_with_its_answer(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("demo", "-c", script(tmp_path, '{ say = "Hi", expect = "Bye" }', plugin=ENDER))
    assert result.exit_code == 0, result.output


def test_a_chat_that_is_over_too_early_ends_with_code_1(chatbot: Chatbot, tmp_path: Path) -> None:
    lines = '{ say = "Hi", expect = "Bye" }, { say = "Ho", expect = "You" }'
    result = chatbot("demo", "-c", script(tmp_path, lines, plugin=ENDER))
    assert result.exit_code == 1
    assert "The chat is over" in result.stdout


def test_a_customer_whom_the_server_refuses_ends_with_code_1(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("demo", "-c", script(tmp_path, "", customer=""))
    assert result.exit_code == 1
    assert "Parameter nickname is missing" in result.stdout


def test_without_scripts_each_bot_gets_a_silent_customer(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("demo", "-c", write(tmp_path, BOT, echo=ECHO))
    assert result.exit_code == 0, result.output
    assert "Customer            Maid joined" in result.stdout.splitlines()
    assert result.stdout.endswith("all expected answers came: 0\n")


def test_what_is_said_is_no_markup(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("demo", "-c", script(tmp_path, '{ say = "[bold]x[/]", expect = "said: .bold.x" }'))
    assert "Ana                 Maid You said: [bold]x[/]" in result.stdout.splitlines()


def test_what_is_said_steers_no_terminal(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("demo", "-c", script(tmp_path, r'{ say = "\u001b[31mx", expect = "x" }'))
    assert r"Ana                 Maid You said: \x1b[31mx" in result.stdout.splitlines()


@pytest.mark.parametrize(
    ("lines", "bot", "complaint"),
    [
        ("", "night", "[[demo]] names the bot 'night', which is not in [bots]"),
        ('{ expect = "[" }', "maid", "'[' is not a regular expression: "),
        ('{ sender = "(" }', "maid", "'(' is not a regular expression: "),
    ],
)
def test_a_script_that_cannot_be_played_ends_with_code_2(
    chatbot: Chatbot, tmp_path: Path, lines: str, bot: str, complaint: str
) -> None:
    result = chatbot("demo", "-c", script(tmp_path, lines, bot=bot))
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert result.stdout == ""


def test_a_plugin_that_cannot_be_loaded_ends_with_code_2(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("demo", "-c", script(tmp_path, "", plugin="def"))
    assert result.exit_code == 2
    assert "/plugins/echo.py:1  plugin 'echo' is not Python" in result.stderr


def test_it_logs_little_unless_asked(chatbot: Chatbot, tmp_path: Path) -> None:
    config = write(tmp_path, BOT, echo=ECHO)
    assert chatbot("demo", "-c", config).stderr == ""
    assert "[maid] ready" in chatbot("demo", "-c", config, "--log-level", "info").stderr
