from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.bot.prints import Print, Prints
from chatbot.model.events import CustomNoticeReceived, TextReceived, TypingStarted, UrlPushed
from chatbot.model.resources import Participant
from tests.bot.make import CUSTOMER, HELENA, NOW, text

PRINTS = st.builds(
    Print,
    index=st.integers(0, 10**9),
    kind=st.sampled_from(["TextReceived", "ParticipantJoined"]),
    sender=st.integers(0, 2**32 - 1),
    words=st.integers(0, 2**32 - 1),
    at_ms=st.integers(0, 10**14),
    was_read=st.booleans(),
)


def at(index: int, words: str = "hi", *, ms: int = 0, who: Participant = CUSTOMER) -> TextReceived:
    return text(index, words, who, timestamp=NOW + timedelta(milliseconds=ms))


def prints(*lines: TextReceived, was_read: bool = True) -> Prints:
    found = Prints()
    for line in lines:
        found.add(Print.of(line, was_read=was_read))
    return found


@given(PRINTS)
def test_a_code_is_read_as_what_it_was(one: Print) -> None:
    assert Print.parse(one.code) == one
    assert " " not in one.code
    assert one.is_of(one)


@pytest.mark.parametrize("code", ["", "started", "resumed:7", "a:b:c:d:e:f", "1:Text:2:3:4", "1:T:2:3:4:1:9"])
def test_what_is_no_code_of_a_line_is_none(code: str) -> None:
    assert Print.parse(code) is None


def test_a_fingerprint_holds_what_is_known_of_a_line() -> None:
    one = Print.of(at(7, " a  b\n", ms=5), was_read=True)
    assert one == Print.of(at(7, "a b", ms=5), was_read=True)
    assert (one.index, one.kind, one.was_read) == (7, "TextReceived", True)
    assert abs(one.at_ms - int(NOW.timestamp() * 1000) - 5) <= 1
    bare = Print.of(text(7))
    assert (bare.at_ms, bare.was_read) == (0, False)


def test_half_a_character_does_not_break_a_fingerprint() -> None:
    assert Print.parse(Print.of(text(1, "\ud83d")).code) == Print.of(text(1, "\ud83d"))


SAME = {
    "all alike": (at(1), at(1), True, True),
    "another index": (at(1), at(2), True, False),
    "another speaker": (at(1), at(1, who=HELENA), True, False),
    "a speaker that nobody named": (at(1), at(1, who=Participant()), True, True),
    "masked afterwards": (at(1, "1234"), at(1, "****"), True, True),
    "said at another time, as both were read": (at(1), at(1, ms=1), True, False),
    "said at about that time, as one was announced": (at(1, "a"), at(1, "b", ms=900), False, True),
    "said later in the same words, as one was announced": (at(1), at(1, ms=9000), False, False),
    "said later in other words": (at(1, "a"), at(1, "b", ms=9000), False, False),
    "no time, the same words": (text(1, "a"), at(1, "a"), True, True),
    "no time, other words": (text(1, "a"), at(1, "b"), True, False),
    "at the same millisecond in other words, as one was announced": (
        at(1, "a", ms=5),
        at(1, "b", ms=5),
        False,
        True,
    ),
}


@pytest.mark.parametrize(("one", "other", "was_read", "is_same"), SAME.values(), ids=SAME)
def test_two_sights_of_a_line_are_told_from_two_lines(
    one: TextReceived, other: TextReceived, *, was_read: bool, is_same: bool
) -> None:
    known, seen = Print.of(one, was_read=was_read), Print.of(other, was_read=True)
    assert (known.is_of(seen), seen.is_of(known)) == (is_same, is_same)


def test_lines_of_another_kind_are_other_lines() -> None:
    lines = [
        text(1, "x"),
        UrlPushed(received_at=NOW, index=1, sender=CUSTOMER, url="x"),
        CustomNoticeReceived(received_at=NOW, index=1, sender=CUSTOMER, notice_text="x"),
        TypingStarted(received_at=NOW, index=1, sender=CUSTOMER, text="x"),
    ]
    found = [Print.of(line) for line in lines]
    assert [[one.is_of(other) for other in found].count(True) for one in found] == [1, 1, 1, 1]


def test_only_the_last_lines_are_remembered() -> None:
    found = Prints()
    for index in range(1, 31):
        found.add(Print.of(at(index)))
    assert [Print.parse(code) for code in found.codes()] == [Print.of(at(index)) for index in range(11, 31)]
    assert Prints([*found.codes(), "started"]).codes() == found.codes()


def test_reading_begins_a_little_before_what_was_read_last() -> None:
    found = prints(*(at(index) for index in range(1, 31)))
    assert (found.near, prints(at(7)).near, Prints().near) == (11, 7, 0)
    found.read(30, [at(index) for index in range(11, 31)])
    assert found.near == 25
    found.add(Print.of(at(31)))
    found.add(Print.of(at(32)))
    assert found.near == 25
    found.read(32, [])
    assert found.near == 25
    found.read(32, [at(32)])
    assert found.near == 27


def test_the_transcript_has_to_be_read_before_lines_that_nobody_has_read_are_forgotten() -> None:
    found = Prints()
    found.read(0, [at(1), at(2)])
    overdue = []
    for index in range(1, 18):
        found.add(Print.of(at(index)))
        overdue.append(found.are_overdue)
    assert overdue == [False] * 15 + [True] * 2
    found.put_off(17)
    assert (found.are_overdue, found.near) == (False, 1)


def test_a_line_is_known_by_more_than_its_index() -> None:
    found = prints(at(1, "a"), was_read=False)
    assert [found.knows(Print.of(line)) for line in (at(1, "a"), at(1, "b", ms=5000), at(2, "a"))] == [
        True,
        False,
        False,
    ]


def test_a_transcript_that_has_not_changed_rewinds_nothing() -> None:
    lines = [at(index, f"w{index}") for index in (1, 2, 3)]
    assert prints(*lines).rewind_to(3, [*lines, at(4)]) is None
    assert prints(*lines).rewind_to(3, []) is None
    assert Prints().rewind_to(3, lines) is None


def test_a_transcript_that_ends_earlier_is_rewound_to_its_end() -> None:
    lines = [at(index) for index in (1, 2, 3)]
    assert prints(*lines).rewind_to(3, lines[:2]) == 2


def test_where_another_line_stands_the_rewind_is_to_the_one_before() -> None:
    lines = [at(index) for index in (1, 2, 3)]
    assert prints(*lines).rewind_to(3, [*lines[:1], at(2, "new", ms=9000), at(3, ms=9000)]) == 1


@pytest.mark.parametrize(("was_read", "rewound"), [(True, 1), (False, None)])
def test_a_line_is_missed_only_where_the_transcript_has_shown_it_before(
    rewound: int | None, *, was_read: bool
) -> None:
    lines = [at(index) for index in (1, 2, 3)]
    assert prints(*lines, was_read=was_read).rewind_to(3, [lines[0], lines[2]]) == rewound


def test_a_line_where_there_was_a_gap_shows_that_the_transcript_is_another() -> None:
    assert prints(at(1), at(3)).rewind_to(3, [at(1), at(2), at(3)]) == 1


def test_what_is_beyond_the_cursor_is_not_compared() -> None:
    assert prints(at(1), at(2)).rewind_to(1, [at(1)]) is None


def test_what_agrees_is_held_against_the_next_reading_strictly() -> None:
    found = prints(at(1), was_read=False)
    assert found.rewind_to(1, [at(1, ms=500)]) is None
    assert found.rewind_to(1, [at(1, ms=501)]) is None
    found.read(1, [at(1, ms=500)])
    assert found.rewind_to(1, [at(1, ms=500)]) is None
    assert found.rewind_to(1, [at(1, ms=501)]) == 0


HOURS = 7 * 3_600_000
ANNOUNCED_OTHERWISE = {
    "no line has a time": (
        [text(1, "a"), text(2, "4111 1111"), text(3, "b")],
        [text(1, "a"), text(2, "****"), text(3, "b")],
        None,
    ),
    "only the transcript has times": (
        [text(1, "a"), text(2, "4111 1111")],
        [at(1, "a"), at(2, "****")],
        None,
    ),
    "two other lines tell that the clocks differ": (
        [at(1, "a"), at(2, "b"), at(3, "4111 1111")],
        [at(1, "a", ms=HOURS), at(2, "b", ms=HOURS), at(3, "****", ms=HOURS)],
        None,
    ),
    "another line tells that the clocks agree, and this one was said later": (
        [at(1, "a"), at(2, "4111 1111")],
        [at(1, "a"), at(2, "****", ms=9000)],
        1,
    ),
    "another line tells that the clocks agree, and this one was said then": (
        [at(1, "a"), at(2, "4111 1111")],
        [at(1, "a"), at(2, "****")],
        None,
    ),
    "escaped": ([at(1, "a &amp; &lt;b&gt;")], [at(1, "a & <b>")], None),
    "said again in the same words": ([at(1, "a")], [at(1, "a", ms=9000)], 0),
}


@pytest.mark.parametrize(
    ("announced", "shown", "rewound"), ANNOUNCED_OTHERWISE.values(), ids=ANNOUNCED_OTHERWISE
)
def test_a_line_that_is_shown_in_other_words_is_another_only_where_its_time_tells(
    announced: list[TextReceived], shown: list[TextReceived], rewound: int | None
) -> None:
    found = prints(*announced, was_read=False)
    cursor = len(announced)
    assert found.rewind_to(cursor, shown) == rewound
    if rewound is None:
        found.read(cursor, shown)
        assert found.codes() == prints(*shown).codes()
        assert found.rewind_to(cursor, shown) is None


def test_what_is_escaped_is_the_same_words() -> None:
    assert Print.of(text(1, "Tom &amp; &quot;Ana&quot; &#39;&lt;3")) == Print.of(text(1, 'Tom & "Ana" \'<3'))
    assert Print.of(text(1, "a &amp; b")) != Print.of(text(1, "a &lt; b"))


def test_a_line_without_a_time_is_known_after_a_loss_only_by_its_words() -> None:
    lost = prints(text(1, "a"), text(2, "b"), text(3, "c"), was_read=False)
    assert lost.rewind_to(3, [text(1, "a"), text(2, "new")]) == 1
    assert [lost.knows(Print.of(text(2, words))) for words in ("b", "new")] == [True, False]


TRANSCRIPTS = st.lists(
    st.builds(at, st.integers(1, 12), st.sampled_from(["a", "b"]), ms=st.sampled_from([0, 9000])),
    max_size=12,
    unique_by=lambda line: line.index,
)


@given(st.integers(1, 12), TRANSCRIPTS)
def test_a_rewind_goes_back_and_never_on(cursor: int, transcript: list[TextReceived]) -> None:
    found = prints(*(at(index, "a") for index in range(1, cursor + 1)))
    index = found.rewind_to(cursor, transcript)
    assert index is None or 0 <= index < cursor
    kept = [line for line in transcript if index is not None and line.position <= index]
    assert all(line.timestamp == NOW for line in kept)


@given(st.integers(1, 12), st.integers(1, 12))
def test_a_transcript_that_lost_its_end_is_rewound_exactly_there(length: int, kept: int) -> None:
    lines = [at(index) for index in range(1, length + 1)]
    assert prints(*lines).rewind_to(length, lines[:kept]) == (kept if kept < length else None)


def test_a_transcript_whose_times_have_all_moved_is_the_same() -> None:
    lines = [at(index, f"{index}", ms=index) for index in range(1, 8)]
    found = prints(*lines)
    moved = [at(index, f"{index}", ms=index + 1) for index in range(1, 8)]
    assert found.rewind_to(7, moved) is None
    found.read(7, moved)
    assert all(found.knows(Print.of(line, was_read=True)) for line in moved)
    assert found.rewind_to(7, [*moved[:6], at(7, "7", ms=99)]) == 6


def test_one_line_that_keeps_its_time_tells_that_no_clock_has_changed() -> None:
    found = prints(at(1, ms=1), at(2, ms=2), at(3, ms=3))
    assert found.rewind_to(3, [at(1, ms=1), at(2, ms=12), at(3, ms=13)]) == 1
    assert found.rewind_to(3, [at(1, ms=11), at(2, "else", ms=12), at(3, ms=13)]) == 0


def test_the_line_that_hooks_ran_for_is_known_again() -> None:
    before = Print.of(at(2, "card 4111", ms=5))
    assert Prints().is_again(before, Print.of(at(2, "card ****", ms=5)))
    assert not Prints().is_again(before, Print.of(at(2, "card 4111", ms=9005)))
    tells_other_times = prints(at(1, ms=1000), was_read=False)
    tells_other_times.rewind_to(1, [at(1, ms=9000)])
    assert tells_other_times.is_again(before, Print.of(at(2, "card 4111", ms=9005)))


def test_a_line_whose_place_was_passed_over_is_lost() -> None:
    found = prints(at(4), at(5), at(6), at(7))
    found.pass_over(4, 7)
    assert [found.knows(Print.of(at(index), was_read=True)) for index in (4, 5, 6, 7)] == [
        True,
        False,
        False,
        True,
    ]
