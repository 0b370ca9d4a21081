"""How alike two texts are: by their words, on every machine the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.model.likeness import likeness, words


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("We are open.", "we ARE open!", 1.0),
        ("open 8 to 18", "8 to 18: open", 1.0),
        ("a b", "b c", 0.5),
        ("yes", "no", 0.0),
        ("", "anything", 0.0),
        ("...", "!?", 0.0),
        ("營業時間", "營業", 2 / 3),
        ("ﬁne", "fine", 1.0),
        ("no no no", "no", 0.5),
    ],
)
def test_what_counts_is_the_share_of_common_words(one: str, other: str, expected: float) -> None:
    assert likeness(one, other) == pytest.approx(expected)


def test_only_the_begin_of_an_endless_text_is_looked_at() -> None:
    assert len(words("word " * 100_000)) == 400


@given(st.text(), st.text())
def test_it_is_a_share_and_has_no_direction(one: str, other: str) -> None:
    assert 0.0 <= likeness(one, other) == likeness(other, one) <= 1.0
