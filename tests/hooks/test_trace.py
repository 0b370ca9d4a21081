"""What became of a hook call, in words."""

import asyncio

import pytest

from chatbot.hooks.run import HookRun
from chatbot.hooks.trace import outcome_of, place_of
from chatbot.model.actions import Accept, SendMessage


def run(**about: object) -> HookRun:
    it = HookRun("faq", "on_text", None)
    for name, value in about.items():
        setattr(it, name, value)
    return it


SILENCED = ValueError("a human agent has the chat")


@pytest.mark.parametrize(
    ("about", "outcome"),
    [
        ({}, ("declined", "returned None")),
        ({"answer": 7}, ("declined", "returned 7, which is no answer: expected None, True or a text")),
        ({"performed": [Accept()]}, ("declined", "returned None after Accept")),
        ({"performed": [SendMessage(text="x")]}, ("acted", "returned None after SendMessage")),
        ({"answer": "hi"}, ("said", "returned 'hi'")),
        ({"answer": True}, ("handled", "returned True")),
        ({"error": KeyError("x")}, ("failed", "raised KeyError: 'x'")),
        ({"error": TimeoutError(), "verdict": "timeout"}, ("overran", "took longer than hook_timeout")),
        ({"error": asyncio.CancelledError(), "cut_by": "a human came"}, ("stopped", "a human came")),
        ({"error": SILENCED, "silenced": SILENCED}, ("silenced", "a human agent has the chat")),
    ],
)
def test_every_end_has_a_word_and_a_sentence(about: dict[str, object], outcome: tuple[str, str]) -> None:
    assert outcome_of(run(**about), is_left=False) == outcome


def test_who_has_waited_has_left() -> None:
    assert outcome_of(run(), is_left=True)[0] == "left"


def test_a_place_is_file_and_line() -> None:
    assert place_of(run).endswith("test_trace.py:12")
    assert place_of(len) == ""
