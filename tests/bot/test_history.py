import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.bot.history import customer_has_left, end_of, join_point, present, unanswered_texts
from chatbot.bot.identity import Identity
from chatbot.model.events import ParticipantRejoined, TranscriptEvent
from chatbot.model.resources import Participant
from chatbot.model.words import Visibility
from tests.bot.make import CUSTOMER, HELENA, NOW, ROBO, joined, left, text

ANSWERED = text(2, "answer", HELENA)
WHISPER = text(2, "whisper", HELENA, visibility=Visibility.AGENTS)


def identity() -> Identity:
    return Identity("U-me", "Robo")


def test_the_end_is_the_highest_index() -> None:
    assert end_of([]) == 0
    assert end_of([text(7), text(None), text(3)]) == 7


AGAIN = ParticipantRejoined(received_at=NOW, index=3, sender=ROBO)
JOININGS: dict[str, tuple[list[TranscriptEvent], int]] = {
    "its own joining": ([text(1), joined(2, ROBO), text(3)], 2),
    "its last joining": ([joined(1, ROBO), text(2), AGAIN], 3),
    "only others joined": ([joined(1, CUSTOMER), joined(2, HELENA), text(3)], 3),
    "nothing": ([], 0),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "point"), JOININGS.values(), ids=JOININGS)
def test_history_ends_where_the_bot_joined(lines: list[TranscriptEvent], point: int) -> None:
    assert join_point(lines, identity()) == point


WAITING: dict[str, tuple[list[TranscriptEvent], int, set[int]]] = {
    "nobody has answered": ([text(1), joined(2, CUSTOMER), text(3)], 3, {1, 3}),
    "an agent has answered": ([text(1), ANSWERED, text(3)], 3, {3}),
    "a whisper is no answer": ([text(1), WHISPER, text(3)], 3, {1, 3}),
    "what is not history is not waiting": ([text(1), text(2)], 1, {1}),
    "a whispering customer": ([text(1, visibility=Visibility.AGENTS)], 1, set()),
    "all answered": ([text(1), ANSWERED], 2, set()),
}


@pytest.mark.parametrize(("lines", "to", "waiting"), WAITING.values(), ids=WAITING)
def test_texts_after_the_last_answer_are_waiting(
    lines: list[TranscriptEvent], to: int, waiting: set[int]
) -> None:
    assert unanswered_texts(lines, to) == waiting


def test_present_is_who_joined_and_has_not_left() -> None:
    lines = [joined(1, CUSTOMER), joined(2, HELENA), text(3), left(4, HELENA), joined(5, ROBO)]
    assert present(lines) == (CUSTOMER, ROBO)


SPEAKERS = st.sampled_from([CUSTOMER, HELENA, ROBO])


@given(st.lists(SPEAKERS, max_size=12), st.integers(0, 14))
def test_waiting_texts_are_the_customers_last_ones(speakers: list[Participant], to: int) -> None:
    lines = [text(index, who=who) for index, who in enumerate(speakers, 1)]
    waiting = unanswered_texts(lines, to)
    history = speakers[:to]
    tail = []
    while history and history[-1] is CUSTOMER:
        tail.append(len(history))
        history.pop()
    assert waiting == set(tail)


OTHER = CUSTOMER.model_copy(update={"participant_id": "P-other"})
LEAVINGS: dict[str, tuple[list[TranscriptEvent], bool]] = {
    "nobody was there": ([], False),
    "an agent left": ([joined(1, CUSTOMER), left(2, HELENA)], False),
    "the customer left": ([joined(1, CUSTOMER), left(2, CUSTOMER)], True),
    "only the leaving is shown": ([left(2, CUSTOMER)], True),
    "another customer stays": ([joined(1, OTHER), joined(2, CUSTOMER), left(3, CUSTOMER)], False),
    "the customer came back": ([joined(1, CUSTOMER), left(2, CUSTOMER), joined(3, CUSTOMER)], False),
    "the customer leaves later": ([joined(1, CUSTOMER), left(9, CUSTOMER)], False),
}


@pytest.mark.parametrize(("lines", "has_left"), LEAVINGS.values(), ids=LEAVINGS)
def test_a_customer_has_left_when_no_customer_is_there_any_more(
    lines: list[TranscriptEvent], *, has_left: bool
) -> None:
    assert customer_has_left(lines, 5) is has_left
