"""One process at a time, whatever becomes of the journal."""

import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatbot.bot.journal_file import JournalError
from chatbot.bot.journal_lock import PlaceLock
from chatbot.model.errors import ConfigError
from tests.bot.scribe import as_nobody, place_of_others, scribe

pytestmark = pytest.mark.long


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chatbot.sqlite3"


@contextmanager
def held_by_another(path: Path) -> Iterator[subprocess.Popen[str]]:
    with scribe("lock", path) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield other


def assert_refused(lock: PlaceLock, path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        lock.hold()
    (finding,) = error.value.findings
    assert finding.message == f"journal = '{path}' cannot be used: another process uses it"
    assert (finding.code, finding.fix) == ("CB502", "stop it, or name another file")


def test_a_second_process_is_refused_until_the_first_has_ended_however_it_ends(path: Path) -> None:
    lock = PlaceLock(path)
    with held_by_another(path) as other:
        assert_refused(lock, path)
        assert_refused(lock, path)
        other.kill()
        other.wait()
        lock.hold()
        lock.release()


def test_it_needs_no_journal_and_leaves_one_file_beside_it_that_only_its_owner_may_read(path: Path) -> None:
    lock = PlaceLock(path)
    lock.hold()
    lock.hold()
    lock.release()
    lock.release()
    [left] = path.parent.iterdir()
    assert (left.name, left.stat().st_size) == ("chatbot.sqlite3.lock", 0)
    assert stat.S_IMODE(left.stat().st_mode) == 0o600


def test_whoever_comes_by_a_link_is_refused_too(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to(path)
    with held_by_another(path):
        assert_refused(PlaceLock(link), link)


def test_a_lock_whose_file_has_gone_is_taken_again(path: Path) -> None:
    lock = PlaceLock(path)
    lock.hold()
    path.with_name("chatbot.sqlite3.lock").unlink()
    lock.hold()
    with scribe("lock", path) as other:
        assert other.stdout is not None
        assert other.stdout.readline().endswith("another process uses it\n")
    lock.release()


def test_a_lock_that_was_lost_to_another_process_is_told(path: Path) -> None:
    lock = PlaceLock(path)
    lock.hold()
    path.with_name("chatbot.sqlite3.lock").unlink()
    with held_by_another(path):
        assert_refused(lock, path)
    lock.hold()
    lock.release()


def test_a_place_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"there is no folder {tmp_path}/gone"):
        PlaceLock(tmp_path / "gone" / "chatbot.sqlite3").hold()


def test_a_folder_that_may_not_be_written_is_told_in_words() -> None:
    with place_of_others() as place:
        told = f"^CB510 journal {place.path}: its file chatbot.sqlite3.lock: Permission denied$"
        with as_nobody(), pytest.raises(JournalError, match=told):
            PlaceLock(place.path).hold()


def test_where_nothing_can_be_written_any_more_a_second_process_is_refused_all_the_same() -> None:
    with place_of_others() as place:
        place.path.parent.chmod(0o755)
        beside = place.path.with_name("chatbot.sqlite3.lock")
        with held_by_another(place.path):
            beside.chmod(0o444)
            with as_nobody():
                assert_refused(PlaceLock(place.path), place.path)
        with as_nobody(), pytest.raises(JournalError, match="Permission denied"):
            PlaceLock(place.path).hold()


def test_a_lock_that_nobody_can_look_at_any_more_is_kept() -> None:
    with place_of_others() as place:
        lock, folder = PlaceLock(place.path), place.path.parent
        lock.hold()
        folder.chmod(0o000)
        with as_nobody():
            lock.hold()
        folder.chmod(0o755)
        with scribe("lock", place.path) as other:
            assert other.stdout is not None
            assert other.stdout.readline().endswith("another process uses it\n")
        lock.release()
