from typing import Any

import pytest

from chatbot import TextReceived
from chatbot.model.actions import Action, SendMessage
from chatbot.model.errors import ConfigError
from tests.hooks.stage import Stage, answering, hooks, loaded, manager
from tests.plugins.stage import ABOUT, WHERE, load

ANSWERS: list[dict[str, Any]] = [
    {"keywords": ["open", "Hours"], "answer": "8 to 18."},
    {"pattern": r"order\s+#?\d{6}", "answer": "Three days."},
    {"keywords": ["open"], "pattern": "sunday", "answer": "Never."},
]


async def asked(text: str) -> list[Action]:
    """What is answered to this."""
    stage = Stage()
    event = TextReceived(text=text, chat_id="A", index=1, **ABOUT)
    await stage.call(manager(load("faq", answers=ANSWERS)), event)
    return stage.sent


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("When are you OPEN?", "8 to 18."),
        ("your hours please", "8 to 18."),
        ("Where is Order #123456", "Three days."),
        ("and on SUNDAYS?", "Never."),
        ("order 123456, and are you open", "8 to 18."),
    ],
)
async def test_the_first_entry_that_fits_answers(text: str, answer: str) -> None:
    assert await asked(text) == [SendMessage(text=answer)]


@pytest.mark.parametrize(
    "text", ["", "opening", "order 123", "{0.__class__}", "x" * 1000 + " open", "\ud800", "a\x00b", "(" * 50]
)
async def test_what_it_does_not_know_it_leaves_to_the_next_plugin(text: str) -> None:
    log: list[str] = []
    stage = Stage()
    plugins = manager(
        load("faq", answers=ANSWERS), loaded("next", hooks(on_text=answering(None, log, "next")))
    )
    result = await stage.call(plugins, TextReceived(text=text, chat_id="A", **ABOUT))
    assert (stage.sent, log, result.failed) == ([], ["next"], [])


async def test_an_answer_ends_the_question() -> None:
    log: list[str] = []
    plugins = manager(
        load("faq", answers=ANSWERS), loaded("next", hooks(on_text=answering(None, log, "next")))
    )
    result = await Stage().call(plugins, TextReceived(text="open?", chat_id="A", **ABOUT))
    assert (result.handled, log) == (True, [])


async def test_without_entries_it_answers_nothing() -> None:
    stage = Stage()
    await stage.call(manager(load("faq")))
    assert stage.sent == []


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([{"keywords": ["a"]}], "[answers.0] needs the key 'answer'"),
        ([{"keywords": ["a"], "answer": ""}], "[answers.0] answer: expected at least 1 character"),
        ([{"answer": "x"}], "[answers.0]: give keywords, or a pattern, or both"),
        (
            [{"pattern": "(", "answer": "x"}],
            (
                "[answers.0] pattern: not a regular expression: "
                "missing ), unterminated subpattern at position 0"
            ),
        ),
        (
            [{"keyword": ["a"], "pattern": "x", "answer": "x"}],
            "[answers.0] has no key 'keyword'\n  fix: rename keyword to keywords",
        ),
        ("hi", "answers: expected a list"),
    ],
)
def test_a_wrong_entry_is_told_by_its_place(answers: object, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load("faq", answers=answers)
    assert str(caught.value) == f"{WHERE}  {expected}"


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        load("faq", answer=[])
    assert str(caught.value) == f"{WHERE}  has no key 'answer'\n  fix: rename answer to answers"
