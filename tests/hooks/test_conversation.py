import re
from typing import Any

import pytest

from chatbot import Participant, TextReceived, Visibility
from chatbot.hooks.conversation import Question, gave_up, interrupted, is_answer, typing_time
from chatbot.hooks.run import HookRun, current_run
from chatbot.model.actions import SendMessage
from chatbot.model.words import ParticipantType
from tests.hooks.stage import ABOUT, ANA, HELLO, ME, Stage


def says(*texts: str, who: Participant = ANA, **fields: Any) -> list[TextReceived]:
    return [TextReceived(text=text, chat_id="A", sender=who, **ABOUT, **fields) for text in texts]


def said(stage: Stage) -> list[str]:
    return [action.text for action in stage.sent if isinstance(action, SendMessage)]


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 0.5), ("hi", 0.5), ("x" * 30, 1.0), ("x" * 90, 3.0), ("x" * 9000, 5.0)]
)
def test_typing_takes_longer_for_longer_texts_within_bounds(text: str, seconds: float) -> None:
    assert typing_time(text) == seconds


def test_an_answer_is_what_a_customer_says_to_all() -> None:
    supervisor = Participant(nickname="Boss", type=ParticipantType.EXTERNAL, participant_id="9")
    others = [*says("x", who=ME), *says("x", who=supervisor), *says("x", visibility=Visibility.AGENTS)]
    assert is_answer(HELLO)
    assert not any(map(is_answer, others))


@pytest.mark.parametrize(
    ("match", "answer"),
    [
        (None, "it is 4711 or 12 "),
        (r"\d+", "4711"),
        (r"(\d+) or (\d+)", "4711"),
        (r"no (\d+)|it", "it"),
        (re.compile("IT", re.IGNORECASE), "it"),
        (r"$", ""),
    ],
)
async def test_what_matters_of_an_answer_is_returned(match: str | None, answer: str) -> None:
    stage = Stage()
    stage.view.coming += says("it is 4711 or 12 ")
    assert await stage.chat.ask("Number?", match=match, timeout=60) == answer
    assert (said(stage), stage.view.waits) == (["Number?"], [(TextReceived, 60)])


async def test_an_answer_that_does_not_match_is_asked_for_again() -> None:
    stage = Stage()
    stage.view.coming += says("what?", "why?", "12")
    answer = await stage.chat.ask("Number?", match=r"\d+", timeout=60, retries=2, retry_text="Digits!")
    assert (answer, said(stage)) == ("12", ["Number?", "Digits!", "Digits!"])
    # each time there is the whole time
    assert stage.view.waits == [(TextReceived, 60)] * 3


async def test_the_question_is_repeated_if_nothing_else_is_to_be_said() -> None:
    stage = Stage()
    stage.view.coming += says("what?", "12")
    await stage.chat.ask("Number?", match=r"\d+", timeout=60, retries=5)
    assert said(stage) == ["Number?", "Number?"]


async def test_a_question_without_an_answer_that_matches_comes_to_an_end() -> None:
    stage = Stage()
    stage.view.coming += says("a", "b", "c", "d")
    with pytest.raises(TimeoutError, match=r"no answer that matches, asked 3 times"):
        await stage.chat.ask("Number?", match=r"\d", timeout=60, retries=2)
    assert (len(said(stage)), len(stage.view.coming)) == (3, 1)


async def test_a_question_without_an_answer_says_how_long_was_waited() -> None:
    stage = Stage()
    with pytest.raises(TimeoutError, match="the customer did not answer within 60 s"):
        await stage.chat.ask("Number?", timeout=60)


async def test_that_nobody_answered_is_noted_as_no_failure_of_the_hook() -> None:
    run = HookRun("faq", "on_text", HELLO)
    token = current_run.set(run)
    error = gave_up("no")
    current_run.reset(token)
    assert run.no_answer is error
    assert gave_up("no").args == ("no",)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"retries": -1}, "retries"),
        ({"retries": 21}, "retries"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"match": "("}, "unterminated"),
    ],
)
async def test_a_question_that_makes_no_sense_is_not_asked(options: dict[str, Any], word: str) -> None:
    stage = Stage()
    with pytest.raises((ValueError, re.error), match=word):
        await stage.chat.ask("Number?", **{"timeout": 60, **options})
    assert stage.sent == []


async def test_a_text_of_another_kind_is_no_answer() -> None:
    stage = Stage()
    stage.view.coming += [*says("I am busy", who=ME), *says("12")]
    assert await Question(None, 60, 0).answer(stage.view) == "12"


def test_a_text_that_was_interrupted_is_not_allowed_any_more() -> None:
    error = interrupted("SendMessage", ("Leave",))
    assert (error.code, error.action, error.have) == ("CB312", "SendMessage", ("Leave",))
