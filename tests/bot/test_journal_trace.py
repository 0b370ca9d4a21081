"""What others do to the journal's files is seen by what this process left of them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chatbot.bot.journal_trace import Trace, log_of

GONE = "the file has gone"
OTHER = "another file was put in its place; to begin anew, move it away"
CHANGED = "another program has changed it"
OLDER = "what was written last is not in it; to begin anew, move it away"
NOW = 1_000.0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "chatbot.sqlite3"
    for path in (place, log_of(place)):
        path.write_bytes(b"x" * 100)
    return place


@pytest.fixture
def trace(place: Path) -> Trace:
    trace = Trace()
    trace.leave(place)
    return trace


def touch(path: Path) -> None:
    """As by a write: clocks of file systems tick too slowly for a test."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1))


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.rename(path)


def test_files_that_are_as_they_were_left_are_fine(place: Path, trace: Trace) -> None:
    assert trace.fault(place) == ""
    place.read_bytes()
    place.chmod(0o600)
    assert trace.fault(place) == ""


@pytest.mark.parametrize(
    ("harm", "of_file", "of_log"),
    [
        (touch, CHANGED, CHANGED),
        (lambda path: os.truncate(path, 50), CHANGED, CHANGED),
        (replace, OTHER, CHANGED),
        (Path.unlink, GONE, CHANGED),
    ],
    ids=["written", "cut", "replaced", "gone"],
)
def test_what_others_have_done_is_told_until_it_was_written_again(
    place: Path, trace: Trace, harm: Callable[[Path], None], of_file: str, of_log: str
) -> None:
    harm(log_of(place))
    assert trace.fault(place) == of_log
    trace.leave(place)
    assert trace.fault(place) == ""
    harm(place)
    assert trace.fault(place) == of_file
    trace.leave(place)
    assert trace.fault(place) == (GONE if of_file == GONE else "")


def test_only_the_file_that_was_open_before_may_be_opened_again(place: Path, trace: Trace) -> None:
    assert Trace().fault_before(place) == ""
    touch(place)
    assert trace.fault_before(place) == ""
    replace(place)
    assert trace.fault_before(place) == OTHER
    place.unlink()
    assert trace.fault_before(place) == ""


def test_a_file_that_is_begun_anew_may_be_any(place: Path, trace: Trace) -> None:
    trace.next_mark(NOW)
    trace.written()
    trace.forget()
    replace(place)
    assert (trace.fault_before(place), trace.fault_within(0)) == ("", "")


def test_each_commit_has_a_greater_number_even_if_the_clock_goes_back(trace: Trace) -> None:
    marks = []
    for now in (NOW, NOW, NOW - 500):
        marks.append(trace.next_mark(now))
        trace.written()
    assert marks == [1_000_000_000, 1_000_000_001, 1_000_000_002]


def test_a_file_that_is_opened_again_must_hold_the_last_commit(trace: Trace) -> None:
    assert trace.fault_within(7) == ""
    assert trace.fault_within(8) == OLDER
    last = trace.next_mark(NOW)
    trace.written()
    assert [trace.fault_within(mark) for mark in (7, last - 1, last + 1, last)] == [OLDER, OLDER, OLDER, ""]


def test_a_commit_that_failed_may_be_in_the_file_or_not() -> None:
    for found in (7, 1_000_000_000):
        trace = Trace()
        trace.fault_within(7)
        assert trace.next_mark(NOW) == 1_000_000_000
        assert trace.fault_within(found) == ""
        assert trace.fault_within(found) == ""
        assert trace.fault_within(8) == OLDER
