"""Finds what is private in texts and JSON values, and puts a word in its place. Pure.

Each kind is looked for in time that grows with the text and nothing else, whatever the text holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

__all__ = ["Masker"]

_GAP = r"[ \t\u00a0\u2007\u202f.\-\u2010-\u2015]"
_CARD_DIGITS = range(13, 20)
_DIGITS = re.compile(rf"\d+(?:{_GAP}{{1,2}}\d+)*")
_IBAN_START = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}")
_IBAN_WRITTEN = re.compile(rf"[A-Za-z0-9](?:{_GAP}?[A-Za-z0-9])*+", re.ASCII)
_IBAN_LENGTH = range(15, 35)
_IBAN_LONGEST_WRITTEN = 2 * _IBAN_LENGTH.stop
_EMAIL = re.compile(r"[\w.%+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8}")
# a date, which is none; or a number with a country code, with a leading 0 or a bracket, or grouped as in
# North America
_PHONE = re.compile(
    r"(?P<date>(?<!\d)\d{1,2}(?P<dot>[./\-])\d{1,2}(?P=dot)\d{4}(?!\d))"
    r"|(?:\+|(?<!\w)(?:0|\((?=\+?\d)))\+?\d(?:[ ()/.\-\u00a0\u2010-\u2015]{0,3}\d){7,15}(?!\d)"
    rf"|(?<!\w)\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{4}}(?!\d)"
)


class Masker(BaseModel):
    """What is private, and how it is hidden; also a table of settings.

    Attributes:
        cards: Card numbers (with the right check digit) become ``[card]``.
        ibans: Account numbers (with the right check digits) become ``[iban]``.
        emails: E-mail addresses become ``[email]``.
        phones: Telephone numbers become ``[phone]``.
        patterns: What these regular expressions find becomes ``[masked]``, whatever its case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    cards: bool = True
    ibans: bool = True
    emails: bool = True
    phones: bool = True
    patterns: tuple[str, ...] = ()

    @field_validator("patterns")
    @classmethod
    def _find_something(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                finds_nothing = re.compile(pattern).search("") is not None
            except re.error as exc:
                raise ValueError(f"{pattern!r} is not a regular expression: {exc}") from exc
            if finds_nothing:
                raise ValueError(
                    f"{pattern!r} finds an empty text everywhere: ask for one character at least"
                )
        return value

    def text(self, text: str) -> str:
        """The text with everything private hidden."""
        for pattern in self.patterns:
            text = re.sub(pattern, "[masked]", text, flags=re.IGNORECASE)
        if self.emails:
            text = _EMAIL.sub("[email]", text)
        return self._numbers(text)

    def _numbers(self, text: str) -> str:
        if self.ibans:
            text = _replaced(text, _ibans(text), "[iban]")
        if self.cards:
            text = _replaced(text, _cards(text), "[card]")
        return _PHONE.sub(_phone, text) if self.phones else text

    def value(self, value: Any) -> Any:
        """A JSON value with everything private hidden, in texts and numbers however deep; keys stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int | float):
            masked = self.text(str(value))
            return value if masked == str(value) else masked
        return self._inside(value)

    def _inside(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self.value(inner) for key, inner in value.items()}
        if isinstance(value, Sequence):
            return [self.value(inner) for inner in value]
        return value


def _replaced(text: str, places: Iterable[tuple[int, int]], word: str) -> str:
    """The text with these places, in order, taken out; those that overlap are one."""
    parts, done = [], 0
    for start, end in places:
        if start >= done:
            parts += [text[done:start], word]
        done = max(done, end)
    return "".join([*parts, text[done:]])


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """Groups of digits, one or more in a row, that together are a card number."""
    for row in _DIGITS.finditer(text):
        yield from sorted((row.start() + start, row.start() + end) for start, end in _cards_in(row.group()))


def _cards_in(row: str) -> Iterator[tuple[int, int]]:
    groups = [group.span() for group in re.finditer(r"\d+", row)]
    for last in range(len(groups)):
        yield from _cards_up_to(row, groups[max(0, last - _CARD_DIGITS.stop) : last + 1])


def _cards_up_to(row: str, groups: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Those that end with the last of these groups, by the Luhn check from the right."""
    total = count = 0
    for start, end in reversed(groups):
        for digit in reversed(row[start:end][-_CARD_DIGITS.stop :]):
            total += sum(divmod(int(digit) * (1 + count % 2), 10))
            count += 1
        if count >= _CARD_DIGITS.stop:
            return
        if count in _CARD_DIGITS and total % 10 == 0:
            yield start, groups[-1][1]


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    """What begins like an account number, and has the right check digits up to the end of a word."""
    for begin in _IBAN_START.finditer(text):
        end = _iban_end(text, begin.start())
        if end is not None:
            yield begin.start(), end


def _iban_end(text: str, start: int) -> int | None:
    written = _IBAN_WRITTEN.match(text, start, start + _IBAN_LONGEST_WRITTEN)
    longest = written.end() if written else start
    ends = (end for end in range(longest, start, -1) if not text[end : end + 1].isalnum())
    return next((end for end in ends if _is_iban(text[start:end])), None)


def _is_iban(written: str) -> bool:
    """The check of ISO 13616: letters count as 10 to 35, and the whole leaves 1 when divided by 97."""
    plain = re.sub(r"[\W_]", "", written)
    if len(plain) not in _IBAN_LENGTH or not plain.isascii():
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def _phone(found: re.Match[str]) -> str:
    return found["date"] or "[phone]"
