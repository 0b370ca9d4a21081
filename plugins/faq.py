r"""Answers questions by keywords and patterns. The first entry that matches wins.

Settings::

    [[bots.NAME.plugin.faq.answers]]
    keywords = ["open", "hours"]      # any of these words, whatever their case
    answer = "We are open 8 to 18."

    [[bots.NAME.plugin.faq.answers]]
    pattern = 'order\s+#?\d{6}'        # a regular expression, whatever the case
    answer = "Orders take three days."
"""

import re
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chatbot import TextReceived, hookimpl

# A pattern of bots.toml may be slow on a long text, and no question is longer than this.
_LONGEST = 1000


class Answer(BaseModel):
    """One thing that customers ask."""

    model_config = ConfigDict(extra="forbid")

    keywords: tuple[str, ...] = ()
    pattern: str = ""
    answer: str = Field(min_length=1)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as exc:
            raise ValueError(f"not a regular expression: {exc}") from exc
        return value

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.keywords and not self.pattern:
            raise ValueError("give keywords, or a pattern, or both")
        return self

    def fits(self, text: str) -> bool:
        """Whether the text asks this."""
        words = set(re.findall(r"\w+", text.lower()))
        if any(keyword.lower() in words for keyword in self.keywords):
            return True
        return bool(self.pattern) and re.search(self.pattern, text, re.IGNORECASE) is not None


class Faq:
    """The plugin: answers what it knows, and leaves the rest to the next one."""

    class Settings(BaseModel):
        """What it knows."""

        model_config = ConfigDict(extra="forbid")

        answers: tuple[Answer, ...] = ()

    def __init__(self, settings: Settings) -> None:
        self._answers = settings.answers

    @hookimpl
    async def on_text(self, event: TextReceived) -> str | None:
        """The answer to the first entry that fits."""
        text = event.text[:_LONGEST]
        return next((entry.answer for entry in self._answers if entry.fits(text)), None)
