"""Codes of bots.toml, plugins and the journal, by the real commands."""

import json
import socket
import sqlite3
import sys
from pathlib import Path

import pytest

from chatbot.bot.journal_sqlite import JournalError, SqliteStore, UnitRefused
from chatbot.model.codes import Code
from tests.bot.scribe import CHECKPOINT, Place, as_nobody, place_of_others, scribe
from tests.cli.conftest import Chatbot
from tests.codes.mistakes import BOT, ECHO, FILES, HOOK, PASSWORD, PLUGINS, SERVER
from tests.codes.seen import sees


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAID_PASSWORD", "x")
    monkeypatch.delenv("NOWHERE_TO_BE_FOUND", raising=False)


def bots_toml(
    folder: Path, text: str | bytes = BOT, plugin: str = HOOK + "async def on_text(): ...\n"
) -> Path:
    path = folder / "bots.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "echo.py").write_text(plugin)
    return path


def checked(chatbot: Chatbot, path: Path, *options: str) -> list[str]:
    """The codes that the check finds."""
    return [
        found["code"]
        for found in json.loads(chatbot("check", "--format", "json", *options, "-c", path).stdout)
    ]


@sees(*FILES)
@pytest.mark.parametrize("code", FILES)
def test_a_mistake_in_the_file_has_its_code(chatbot: Chatbot, tmp_path: Path, code: Code) -> None:
    assert checked(chatbot, bots_toml(tmp_path, FILES[code])) == [code]


@sees(*PLUGINS)
@pytest.mark.parametrize("code", PLUGINS)
def test_a_mistake_in_a_plugin_has_its_code(chatbot: Chatbot, tmp_path: Path, code: Code) -> None:
    assert checked(chatbot, bots_toml(tmp_path, *PLUGINS[code])) == [code]


@sees(Code.FILE_MISSING)
def test_a_file_that_is_not_there(chatbot: Chatbot, tmp_path: Path) -> None:
    assert checked(chatbot, tmp_path / "bots.toml") == ["CB101"]


@sees(Code.NO_CERTIFICATES)
def test_certificates_that_are_not_there(chatbot: Chatbot, tmp_path: Path) -> None:
    assert checked(chatbot, bots_toml(tmp_path, BOT + 'ca_file = "gone.pem"\n'), "--online") == ["CB113"]


@sees(Code.ADDRESS_UNUSABLE)
def test_a_port_that_is_taken(chatbot: Chatbot, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        admin = f'[service]\nadmin = "127.0.0.1:{taken.getsockname()[1]}"\n'
        result = chatbot("run", "-c", bots_toml(tmp_path, BOT + admin))
    assert result.exit_code == 2
    assert result.stderr.startswith("CB114  ")


@sees(Code.OPEN_CREDENTIALS)
def test_a_password_that_everybody_may_read(
    chatbot: Chatbot, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(public))
    (public / "maid").write_text("x")
    (public / "maid").chmod(0o644)
    text = BOT.replace('env = "MAID_PASSWORD"', 'credential = "maid"')
    assert checked(chatbot, bots_toml(public, text)) == ["CB124"]


@sees(Code.EXTRA_MISSING)
def test_an_extra_that_is_not_installed(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiocometd.client", None)
    for name in ("aiocometd_compat", "aiocometd_source", "aiocometd_guard"):
        monkeypatch.delitem(sys.modules, f"chatbot.wire.{name}", raising=False)
    assert checked(chatbot, bots_toml(tmp_path, BOT + 'cometd = "aiocometd"\n'), "--online") == ["CB115"]


# the journal


def run(chatbot: Chatbot, folder: Path) -> str:
    """The code that the service does not start with."""
    result = chatbot("run", "-c", bots_toml(folder, BOT + '[service]\nadmin = ""\n'))
    assert result.exit_code == 2
    return result.stderr.split()[0]


@sees(Code.JOURNAL_IN_USE)
def test_a_journal_that_another_process_uses(chatbot: Chatbot, tmp_path: Path) -> None:
    with scribe("hold", tmp_path / "chatbot.sqlite3") as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert run(chatbot, tmp_path) == "CB502"


@sees(Code.FOREIGN_DATABASE)
def test_a_journal_of_another_program(chatbot: Chatbot, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "chatbot.sqlite3") as db:
        db.execute("CREATE TABLE song (name TEXT)")
    db.close()
    assert run(chatbot, tmp_path) == "CB503"


@sees(Code.LATER_JOURNAL)
def test_a_journal_of_a_later_version(chatbot: Chatbot, tmp_path: Path) -> None:
    path = tmp_path / "chatbot.sqlite3"
    SqliteStore.open(path, lambda: 0.0).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    assert run(chatbot, tmp_path) == "CB504"


@sees(Code.JOURNAL_READ_ONLY)
def test_a_journal_that_may_not_be_written(chatbot: Chatbot) -> None:
    with place_of_others() as place:
        folder = place.path.parent
        folder.chmod(0o755)
        path = bots_toml(folder)
        folder.chmod(0o555)
        with as_nobody():
            assert checked(chatbot, path) == ["CB505"]
        folder.chmod(0o755)


@sees(Code.JOURNAL_TROUBLE)
def test_a_journal_that_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "chatbot.sqlite3"
    path.write_bytes(b"no journal at all" * 1_000)
    with pytest.raises(JournalError, match=r"^CB510 "):
        SqliteStore.open(path, lambda: 0.0)


@sees(Code.JOURNAL_CANNOT_HOLD)
def test_what_a_journal_cannot_hold(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with pytest.raises(UnitRefused, match=r"^CB511 "):
        place.put(type(CHECKPOINT)("c2", "started", cursor=2**63))


def test_all_mistakes_are_told_at_once(chatbot: Chatbot, tmp_path: Path) -> None:
    text = f'{ECHO}nicknam = "x"\n[service]\nadmn = ""\n[bots.twin]\n{SERVER}{PASSWORD}hook_timeout = 0\n'
    plugin = HOOK + "async def on_txet(): ...\n@hookimpl\nasync def on_text(caht): ...\n"
    path = bots_toml(tmp_path, text, plugin)
    assert checked(chatbot, path) == ["CB104", "CB104", "CB106", "CB203", "CB205"]
    assert chatbot("check", "-c", path).exit_code == 2
