import pytest

from chatbot.bot.tally import Message, Tally, over

ASKED = Message("hi", "7:print", is_for_customer=True)
LIMITS = [("repeats", 3.0), ("sends_per_trigger", 20.0), ("text_length", 0.0)]


def test_the_first_answer_to_each_text_counts_for_nothing_but_the_age_of_the_chat() -> None:
    tally = Tally()
    for number in range(50):
        tally.heard_customer()
        message = Message(f"answer {number}", f"{number}:print", is_for_customer=True)
        assert tally.count(message, number).keys() == {"chat_age"}


def test_further_ones_count_for_the_text_that_they_answer() -> None:
    tally = Tally()
    tally.heard_customer()
    counts = [tally.count(ASKED, 0.0).get("sends_per_trigger") for _ in range(4)]
    assert counts == [None, 1, 2, 3]
    other = Message("hi", "8:print", is_for_customer=True)
    assert tally.count(other, 0.0)["sends_per_trigger"] == 1


def test_what_nobody_asked_for_counts_for_a_minute() -> None:
    tally = Tally()
    counts = [
        tally.count(Message(str(at)), float(at))["unprompted_per_minute"] for at in (0, 30, 59, 60, 130)
    ]
    assert counts == [1, 2, 3, 3, 1]


def test_an_answer_to_another_bot_counts_until_the_customer_says_something() -> None:
    tally = Tally()
    counts = [
        tally.count(Message(f"no, {n * n}", f"{n}:print", is_for_agent=True), 0.0)["since_human"]
        for n in range(3)
    ]
    tally.heard_customer()
    tally.count(ASKED, 0.0)
    counts.append(tally.count(Message("more", "9:print", is_for_agent=True), 0.0)["since_human"])
    assert counts == [1, 2, 3, 1]


@pytest.mark.parametrize(
    ("texts", "repeats"),
    [
        (["hi", "hi", "hi", "hi"], 3),
        (["Please wait a moment.", "please  WAIT a moment", "Please wait a moment!"], 2),
        (["one", "two", "three", "four"], 0),
        (["We are open 8 to 18.", "We are closed on Sundays."], 0),
        (["", ""], 0),
        (["a" * 500, "a" * 500 + "b"], 1),
    ],
)
def test_nearly_the_same_words_are_a_repeat(texts: list[str], repeats: int) -> None:
    tally = Tally()
    assert [tally.count(Message(text), 0.0)["repeats"] for text in texts][-1] == repeats


def test_a_repeat_after_the_customer_has_said_something_is_none() -> None:
    tally = Tally()
    tally.count(Message("Which order?"), 0.0)
    tally.heard_customer()
    tally.count(Message("Which order?", "7:print", is_for_customer=True), 0.0)
    assert tally.count(Message("Which order?", "7:print", is_for_customer=True), 0.0)["repeats"] == 1


def test_what_it_keeps_is_bounded() -> None:
    tally = Tally()
    for number in range(1000):
        tally.count(Message(f"{number} " * 9, f"{number}:print"), float(number))
    assert max(len(tally._texts), len(tally._of_trigger), len(tally._unprompted)) <= 60


def test_a_guard_has_something_to_say_beyond_its_share_of_its_limit() -> None:
    found = {"repeats": 3.0, "sends_per_trigger": 21.0, "text_length": 10_000.0}
    assert over(found, LIMITS, 1.0) == ["sends_per_trigger"]
    assert over(found, LIMITS, 0.5) == ["repeats", "sends_per_trigger"]


def test_age_and_length_are_measured_from_the_first() -> None:
    tally = Tally()
    tally.began_at = 10.0
    assert tally.count(Message("12345"), 30.0) | {} == {
        "text_length": 5,
        "chat_age": 20.0,
        "repeats": 0,
        "unprompted_per_minute": 1,
    }
