import pytest

from chatbot.model.nearest import nearest


@pytest.mark.parametrize(
    ("word", "expected"), [("gretter", "greeter"), ("handof", "handoff"), ("zzz", None), ("", None)]
)
def test_the_nearest_word_is_what_was_probably_meant(word: str, expected: str | None) -> None:
    assert nearest(word, ["greeter", "faq", "handoff"]) == expected


def test_how_alike_it_has_to_be_may_be_said() -> None:
    assert nearest("on_text_again", ["on_text"], alike=0.8) is None
