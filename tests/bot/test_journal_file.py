"""The journal's file: what is wrong with it, or with its place, is told in words."""

import os
import signal
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatbot.bot.journal import Checkpoint, SavedChat
from chatbot.bot.journal_file import MIGRATIONS, JournalError
from chatbot.model.errors import ConfigError
from tests.bot.scribe import CHECKPOINT, Place, as_nobody, operation, place_of_others, scribe


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.close()


def test_only_its_owner_may_read_it(place: Place) -> None:
    place.open()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in place.path.parent.iterdir()}
    assert modes == {0o600}


def test_what_is_committed_is_on_the_disk(place: Place) -> None:
    store = place.open()
    settings = [
        store._db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("synchronous", "journal_mode", "locking_mode", "auto_vacuum")
    ]
    assert settings == [2, "wal", "exclusive", 2]


def test_a_journal_of_an_earlier_version_is_brought_up_to_date(place: Place) -> None:
    place.put(CHECKPOINT, operation())
    later = (
        *MIGRATIONS,
        ("ALTER TABLE chat ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'", "CREATE TABLE song (name TEXT)"),
    )
    store = place.open(later)
    assert store._db.execute("SELECT chat, mood FROM chat").fetchall() == [("c1", "calm")]
    assert store._db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    assert store.load("maid").chats == {"c1": SavedChat(CHECKPOINT, [operation()])}


def test_what_was_said_before_reports_were_made_counts_in_them(place: Place) -> None:
    store = place.open(MIGRATIONS[:3])
    store._db.execute(
        "INSERT INTO chat VALUES ('maid', 'c1', 'started', 7, '', 0, 0, '[]', '[]', '[]', 1, '', 0, 0)"
    )
    for number, state in enumerate(("confirmed", "accepted", "failed")):
        store._db.execute(
            "INSERT INTO operation VALUES"
            " (NULL, 'maid', 'c1', ?, 'faq', 'on_text', 0, 'SendMessage', '', 'd', ?, 0, '', '', 1)",
            (f"{number}", state),
        )
    chat = place.open().load("maid").chats["c1"]
    assert chat.checkpoint == Checkpoint("c1", "started", cursor=7)
    assert [record.said for record in chat.operations] == [True, True, False]


def test_a_migration_that_fails_changes_nothing(place: Place) -> None:
    place.put(CHECKPOINT)
    with pytest.raises(JournalError):
        place.open((*MIGRATIONS, ("CREATE TABLE song (name TEXT)", "INSERT INTO nowhere VALUES (1)")))
    assert place.load().chats == {"c1": SavedChat(CHECKPOINT)}
    with pytest.raises(sqlite3.OperationalError, match="no such table: song"):
        place.rows("song")


def refused(place: Place) -> str:
    with pytest.raises(ConfigError) as error:
        place.open()
    (finding,) = error.value.findings
    assert finding.fix
    beginning = f"journal = '{place.path}' cannot be used: "
    assert finding.message.startswith(beginning)
    return finding.message.removeprefix(beginning)


def test_a_journal_of_a_later_version_is_refused(place: Place) -> None:
    place.open((*MIGRATIONS, ("CREATE TABLE song (name TEXT)",)))
    place.close()
    assert refused(place) == "a later version of this program wrote it (schema 5, here 4)"


def test_a_place_that_cannot_be_is_refused(place: Place, tmp_path: Path) -> None:
    place.path = tmp_path / "gone" / "chatbot.sqlite3"
    assert refused(place) == f"there is no folder {tmp_path}/gone"
    place.path = tmp_path
    assert refused(place) == "it is a folder"
    place.path = tmp_path / "a\0b"
    with pytest.raises(ConfigError, match="no file has such a name"):
        place.open()


def test_a_link_to_a_file_that_is_not_there_yet_is_followed(place: Place, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    place.path.symlink_to(tmp_path / "disk" / "real")
    place.put(CHECKPOINT)
    assert place.load().chats == {"c1": SavedChat(CHECKPOINT)}
    assert sorted(path.name for path in (tmp_path / "disk").iterdir()) == ["real", "real-wal"]
    assert place.path.is_symlink()


def test_a_link_that_leads_nowhere_is_refused(place: Place, tmp_path: Path) -> None:
    place.path.symlink_to(tmp_path / "gone" / "real")
    assert refused(place) == f"there is no folder {tmp_path}/gone"
    place.path.unlink()
    place.path.symlink_to(place.path)
    assert refused(place) == "its links lead in a circle"


def test_a_database_of_another_program_is_refused_and_not_changed(place: Place) -> None:
    db = sqlite3.connect(place.path)
    db.execute("CREATE TABLE song (name TEXT)")
    db.close()
    assert refused(place) == "it is the database of another program"
    assert place.rows("song") == 0
    with pytest.raises(sqlite3.OperationalError, match="no such table: chat"):
        place.rows("chat")


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(20_000))


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 40] = bytes(byte ^ 0xFF for byte in data[page : page + 40])
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [garbage, truncated, flipped])
def test_a_damaged_file_is_told_in_words_and_left_as_it_is(
    place: Place, harm: Callable[[Path], None]
) -> None:
    place.put(CHECKPOINT, *[operation(number, body="x" * 900) for number in range(50)])
    place.close()
    harm(place.path)
    before = place.path.read_bytes()
    with pytest.raises(JournalError, match=r"it is damaged.*; to begin anew, move it away$"):
        place.open()
    assert place.path.read_bytes() == before


@pytest.fixture
def locked_place() -> Iterator[Place]:
    with place_of_others() as place:
        yield place


def test_a_folder_that_may_not_be_written_is_told_in_words(locked_place: Place) -> None:
    with as_nobody(), pytest.raises(JournalError, match=r": Permission denied$"):
        locked_place.open()


def test_a_folder_that_may_not_even_be_seen_is_refused(locked_place: Place) -> None:
    hidden = locked_place.path.parent / "hidden"
    locked_place.path = hidden / "state" / "chatbot.sqlite3"
    hidden.parent.chmod(0o755)
    locked_place.path.parent.mkdir(parents=True)
    hidden.chmod(0o000)
    with as_nobody():
        assert refused(locked_place) == f"there is no folder {hidden}/state"
    hidden.chmod(0o755)


def test_a_file_that_may_not_be_written_is_told_in_words(locked_place: Place) -> None:
    locked_place.path.parent.chmod(0o755)
    locked_place.put(CHECKPOINT)
    locked_place.close()
    locked_place.path.chmod(0o444)
    locked_place.path.parent.chmod(0o555)
    with as_nobody(), pytest.raises(JournalError, match=r": it may not be read and written$"):
        locked_place.open()
    assert locked_place.path.read_bytes().startswith(b"SQLite format 3")


# one process


def test_a_second_process_is_refused_even_if_the_first_is_stopped(place: Place) -> None:
    with scribe("hold", place.path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        assert refused(place) == "another process uses it"
        first.send_signal(signal.SIGSTOP)
        os.waitpid(first.pid, os.WUNTRACED)
        assert refused(place) == "another process uses it"
        first.kill()
        first.wait()
        assert place.load().run == 1000
