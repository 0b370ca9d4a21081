import time

from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.bot.order import LineOrder
from tests.bot.make import text

INDEXES = st.sets(st.integers(1, 40), max_size=25)


def released(order: LineOrder) -> list[int]:
    """Take all lines whose turn it is."""
    taken = []
    while (line := order.next()) is not None:
        order.done(line)
        taken.append(line.position)
    return taken


def test_lines_are_released_in_order_of_their_index_whatever_order_they_come_in() -> None:
    order = LineOrder()
    order.offer([text(2), text(1), text(3)])
    assert released(order) == [1, 2, 3]


def test_a_line_that_was_heard_twice_is_released_once_and_says_what_it_said_first() -> None:
    order = LineOrder()
    order.offer([text(1, "first"), text(1, "second")])
    line = order.next()
    assert line == text(1, "first")
    assert released(order) == [1]
    order.offer([text(1, "third")])
    assert released(order) == []


def test_a_gap_is_asked_for_and_not_passed_over() -> None:
    order = LineOrder()
    order.offer([text(1), text(3)])
    assert released(order) == [1]
    assert order.is_missing_lines


def test_what_the_server_does_not_show_is_passed_over() -> None:
    order = LineOrder()
    order.offer([text(1), text(5)])
    order.show([text(1), text(4), text(5)])
    assert not order.is_missing_lines
    assert released(order) == [1, 4, 5]


def test_nothing_beyond_the_end_of_what_was_shown_is_passed_over() -> None:
    order = LineOrder()
    order.offer([text(3), text(7)])
    order.show([text(1), text(3)])
    assert released(order) == [1, 3]
    assert order.is_missing_lines


def test_a_line_without_an_index_has_no_turn() -> None:
    order = LineOrder()
    order.offer([text(None)])
    order.show([text(None)])
    assert (order.next(), order.is_missing_lines, order.waiting()) == (None, False, [])
    order.done(text(None))
    assert order.cursor == 0


def test_beyond_the_bound_contents_are_dropped_and_asked_for_again() -> None:
    order = LineOrder()
    order.offer([text(index) for index in range(1, 1000)])
    assert len(order.waiting()) == 256
    assert len(released(order)) == 256
    assert order.is_missing_lines
    order.show([text(index) for index in range(257, 1000)])
    assert released(order) == list(range(257, 513))


def test_an_absurd_index_does_not_make_it_deaf() -> None:
    order = LineOrder()
    order.offer([text(1), text(10**9)])
    assert released(order) == [1]
    order.show([text(1)])
    order.give_up_asking()
    assert not order.is_missing_lines
    order.offer([text(2), text(3)])
    assert released(order) == [2, 3]


def test_after_giving_up_it_goes_on_with_what_is_here() -> None:
    order = LineOrder()
    order.offer([text(3), text(5)])
    order.give_up_asking()
    assert released(order) == [3, 5]
    assert order.waiting() == []


def test_a_long_transcript_is_taken_at_once() -> None:
    order = LineOrder()
    lines = [text(1).model_copy(update={"index": index}) for index in range(1, 30_001)]
    began = time.perf_counter()
    order.show(lines)
    assert time.perf_counter() - began < 1.5
    assert len(order.waiting()) == 256


@settings(max_examples=80, deadline=None)
@given(INDEXES, st.data())
def test_every_shown_line_is_released_once_in_order(there: set[int], data: st.DataObject) -> None:
    """Hints are lost, doubled and swapped; shows are truthful, of the whole or from the cursor on."""
    order, taken = LineOrder(), []
    hints = data.draw(st.lists(st.sampled_from(sorted(there)), max_size=40)) if there else []
    for index in hints:
        order.offer([text(index)])
        if data.draw(st.booleans()):
            taken += released(order)
        if order.is_missing_lines and data.draw(st.booleans()):
            order.show([text(i) for i in sorted(there) if i > order.cursor])
    order.show([text(i) for i in sorted(there)])
    taken += released(order)
    assert taken == sorted(there)
    assert not order.is_missing_lines


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 2**53 - 1), max_size=30))
def test_nothing_is_released_before_the_server_has_shown_that_nothing_stands_between(
    hints: list[int],
) -> None:
    order = LineOrder()
    for index in hints:
        order.offer([text(index)])
    taken = released(order)
    assert taken == list(range(1, len(taken) + 1))
    assert len(order.waiting()) <= 256


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ogs"), st.lists(st.integers(1, 3000), max_size=20)), max_size=12))
def test_whatever_happens_no_line_is_released_twice_or_out_of_order(
    steps: list[tuple[str, list[int]]],
) -> None:
    order, taken = LineOrder(), []
    for step, indexes in steps:
        if step == "g":
            order.give_up_asking()
        else:
            (order.offer if step == "o" else order.show)([text(index) for index in indexes])
        taken += released(order)
    assert taken == sorted(set(taken))
