"""``chatbot compare``: a summary for people and programs, and words for what cannot be read."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatbot.model.comparison import ComparedChat, ComparedTurn, PlannedAction, PlannedAnswer, Reaction
from tests.cli.conftest import Chatbot

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SAYS = PlannedAction(
    plugin="faq", hook="on_text", action="SendMessage", seconds=0.5, text="We open\x1b[2J at 8"
)
TURN = ComparedTurn(
    kind="text",
    index=3,
    at=NOW,
    texts=1,
    said=("when?",),
    planned=(SAYS,),
    bot=PlannedAnswer(plugin="faq", seconds=0.5),
    human=Reaction(texts=1, seconds=40.5, said=("At nine",)),
    likeness=0.25,
)
CHAT = ComparedChat(
    bot="maid", chat="c1", began=NOW, turns=(TURN, ComparedTurn(kind="text", at=NOW)), bot_hands_over=1
)
LINE = CHAT.model_dump_json(exclude_none=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shadow.jsonl"
    path.write_text(f"{LINE}\n")
    return path


def test_people_get_tables(chatbot: Chatbot, file: Path) -> None:
    result = chatbot("compare", file)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "[bots.maid] 1 chat; the customer spoke 2 times"
    assert "answered by a human, and by the bot 1 (50%)" in lines
    assert "the bot is earlier by, median 40.0 s" in lines
    assert "faq 1 1 0.25 40.0 s 0 (0 agreed)" in lines
    assert "0.25 chat c1, index 3 faq" in lines
    assert "\x1b" not in result.stdout


def test_programs_get_one_list(chatbot: Chatbot, file: Path) -> None:
    (told,) = json.loads(chatbot("compare", file, file, "--format", "json", "--examples", 0).stdout)
    assert (told["bot"], told["chats"], told["both"], told["least_alike"]) == ("maid", 2, 2, [])


def test_without_a_file_that_of_bots_toml_is_read(chatbot: Chatbot, file: Path) -> None:
    config = file.parent / "bots.toml"
    bot = '[bots.maid]\nserver = "https://gws.invalid"\nusername = "m"\npassword = "x"\n'
    config.write_text(f'service.shadow_reports = "shadow.jsonl"\n{bot}')
    assert chatbot("compare", "-c", config).exit_code == 0
    config.write_text(bot)
    result = chatbot("compare", "-c", config)
    assert result.exit_code == 2
    assert "has no shadow_reports, and no FILE is given\n  fix: shadow_reports" in result.stderr


def test_a_broken_line_is_left_out_and_told(chatbot: Chatbot, file: Path) -> None:
    file.write_text(f'{LINE}\n{{"bot": 7}}\n\n{LINE[:50]}')
    result = chatbot("compare", file)
    assert result.exit_code == 0
    assert f"{file}:2  was left out: bot: Input should be a valid string\n" in result.stderr
    assert f"{file}:4  was left out: the last line is cut off\n" in result.stderr


def test_many_broken_lines_are_counted(chatbot: Chatbot, file: Path) -> None:
    file.write_text("x\n" * 8)
    result = chatbot("compare", file)
    assert result.exit_code == 2
    assert "and 3 lines more\n" in result.stderr
    assert result.stderr.endswith(
        "holds no chat\n  fix: name a file that [service] shadow_reports has filled\n"
    )


def test_a_file_that_is_not_there(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("compare", tmp_path / "no.jsonl")
    assert result.exit_code == 2
    assert "no.jsonl  cannot be read: No such file or directory\n  fix: it is written when" in result.stderr


def test_a_file_of_bytes_is_no_comparison(chatbot: Chatbot, file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00\n")
    result = chatbot("compare", file)
    assert (result.exit_code, "Traceback" in result.stderr) == (2, False)
