"""Words and files of pages."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chatbot.console.render import StaticFiles, clock, counted, iso, took


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 ms"), (0.0042, "4 ms"), (12.34, "12.3 s"), (61, "1 min 1 s"), (7_322, "2 h 2 min")],
)
def test_how_long_something_took(seconds: float, words: str) -> None:
    assert took(seconds) == words


def test_times_are_utc_and_have_a_date_if_it_is_not_today() -> None:
    at = datetime(2020, 1, 2, 1, 0, 0, tzinfo=timezone(timedelta(hours=2)))
    assert (clock(at), iso(at)) == ("2020-01-01 23:00:00", "2020-01-01T23:00:00.000+00:00")
    assert len(clock(datetime.now(UTC))) == len("23:00:00")
    assert (clock(None), iso(None)) == ("-", "")


def test_one_and_many() -> None:
    assert (counted(1, "chat"), counted(0, "chat")) == ("1 chat", "0 chats")


def test_files_have_names_that_change_with_them() -> None:
    files = StaticFiles()
    assert set(files.names) == {"console.css", "console.js", "icon.svg"}
    name = files.names["console.js"].removeprefix("/static/")
    assert files.get(name) is not None
    assert files.get("console.js") is None
