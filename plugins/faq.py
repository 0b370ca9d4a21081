r"""Answers questions by keywords and patterns, and by likeness. The first entry that matches wins.

Settings::

    [bots.NAME.plugin.faq]
    fuzzy = true                      # misspelt questions too, by chatbot[fuzzy]; default: if it is installed
    sure = 85.0                       # from this likeness on, 0 to 100, it answers
    maybe = 70.0                      # from this on it asks
    did_you_mean = "Did you mean: {question}"
    yes = ["yes", "yeah", "yep", "sure", "correct", "exactly"]    # what agrees to that

    [[bots.NAME.plugin.faq.answers]]
    keywords = ["open", "office hours"]    # any of these words, whatever their case
    answer = "We are open 8 to 18."

    [[bots.NAME.plugin.faq.answers]]
    pattern = 'order\s+#?\d{6}'        # a regular expression, whatever the case
    questions = ["How long does an order take?"]    # what customers ask, in words like these
    answer = "Orders take three days."

Keywords, patterns and questions in just these words come first. Then the question that is most like the
text decides. If it may be meant it is asked back, and "yes" as the next text gives its answer.
"""

import re
from collections.abc import Callable
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chatbot import Chat, TextReceived, hookimpl

try:
    from rapidfuzz import fuzz
except ImportError:  # the extra "fuzzy" is not installed
    _ratios: tuple[Callable[[str, str], float], ...] = ()
else:
    _ratios = (fuzz.ratio, fuzz.token_sort_ratio)
HAS_FUZZY = bool(_ratios)

# A pattern of bots.toml may be slow on a long text, and no question is longer than this.
_LONGEST = 1000
_SUGGESTED = "faq.suggested"
_MOST_WORDS_OF_YES = 3


def _with_words(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        if not _words(text):
            raise ValueError(f"{text!r} has no words")
    return texts


class Answer(BaseModel):
    """One thing that customers ask."""

    model_config = ConfigDict(extra="forbid")

    keywords: tuple[str, ...] = ()
    pattern: str = ""
    questions: tuple[str, ...] = ()
    answer: str = Field(min_length=1)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as exc:
            raise ValueError(f"not a regular expression: {exc}") from exc
        return value

    @field_validator("keywords", "questions")
    @classmethod
    def _have_words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _with_words(value)

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.keywords and not self.pattern and not self.questions:
            raise ValueError("give keywords, a pattern, or questions")
        return self

    def fits(self, text: str) -> bool:
        """Whether the text asks this."""
        words = _words(text)
        said = _spaced(words)
        if any(_spaced(_words(keyword)) in said for keyword in self.keywords):
            return True
        if any(_words(question) == words for question in self.questions):
            return True
        return bool(self.pattern) and re.search(self.pattern, text, re.IGNORECASE) is not None


class Faq:
    """The plugin: answers what it knows, and leaves the rest to the next one."""

    class Settings(BaseModel):
        """What it knows, and how near a question has to come."""

        model_config = ConfigDict(extra="forbid")

        answers: tuple[Answer, ...] = ()
        fuzzy: bool = Field(HAS_FUZZY, strict=True)
        sure: float = Field(85.0, gt=0, le=100)
        maybe: float = Field(70.0, gt=0, le=100)
        did_you_mean: str = Field("Did you mean: {question}", min_length=1)
        yes: tuple[str, ...] = ("yes", "yeah", "yep", "sure", "correct", "exactly")

        @field_validator("fuzzy")
        @classmethod
        def _is_installed(cls, value: bool) -> bool:  # noqa: FBT001 (pydantic calls it)
            if value and not HAS_FUZZY:
                raise ValueError("rapidfuzz is not installed\n  fix: pip install 'chatbot[fuzzy]'")
            return value

        @field_validator("yes")
        @classmethod
        def _have_words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
            return _with_words(value)

        @model_validator(mode="after")
        def _asks_before_it_answers(self) -> Self:
            if self.maybe > self.sure:
                raise ValueError("maybe is more than sure: expected maybe <= sure")
            return self

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._answers = settings.answers
        self._by_question = {
            question: entry.answer for entry in reversed(self._answers) for question in entry.questions
        }
        self._yes = tuple(_spaced(_words(one)) for one in settings.yes)

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str | None:
        """The answer to the first entry that fits, or else to the question that is most like the text."""
        text = event.text[:_LONGEST]
        suggested = self._by_question.get(chat.memory.pop(_SUGGESTED, ""))
        if suggested is not None and self._agrees(text):
            return suggested
        answer = next((entry.answer for entry in self._answers if entry.fits(text)), None)
        return answer or (self._guess(chat, text) if self._settings.fuzzy else None)

    def _agrees(self, text: str) -> bool:
        words = _words(text)
        return len(words) <= _MOST_WORDS_OF_YES and _spaced(words).startswith(self._yes)

    def _guess(self, chat: Chat, text: str) -> str | None:
        said = " ".join(_words(text))
        found = [(_likeness(said, " ".join(_words(one))), one) for one in self._by_question]
        # of two that are alike, the first
        likeness, question = max(found, key=lambda one: one[0], default=(0.0, ""))
        if likeness < self._settings.maybe:
            return None
        if likeness >= self._settings.sure:
            return self._by_question[question]
        chat.memory[_SUGGESTED] = question
        return self._settings.did_you_mean.replace("{question}", question)


def _likeness(said: str, question: str) -> float:
    """From 0 to 100; the order of the words counts less than the words."""
    return max(ratio(said, question) for ratio in _ratios)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _spaced(words: list[str]) -> str:
    """With spaces round each, so that words in a row can be found in others."""
    return f" {' '.join(words)} "
