import math

from chatbot.bot.due import Due, Rescue


def test_at_first_nothing_is_due() -> None:
    due = Due()
    assert (due.wakes_at, due.rescue, due.owed_since) == (math.inf, None, 0.0)


def test_a_rescue_is_tried_at_once() -> None:
    rescue = Rescue("no answer", "7", until=60.0)
    assert (rescue.next_at, rescue.tries) == (0.0, 0)
