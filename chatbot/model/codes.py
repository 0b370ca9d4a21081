"""The codes of all findings and errors, and what each means.

The texts stand in ``codes.toml``, one table for each code; ``chatbot explain`` and
``docs/reference/errors.md`` are made of them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

__all__ = ["Code", "Explanation", "explanation"]


class Code(StrEnum):
    """1xx: bots.toml, 2xx: plugins, 3xx: actions, 4xx: server, 5xx: journal. No number is used again."""

    FILE_MISSING = "CB101"
    FILE_UNREADABLE = "CB102"
    NOT_TOML = "CB103"
    UNKNOWN_KEY = "CB104"
    MISSING_KEY = "CB105"
    WRONG_VALUE = "CB106"
    UNLISTED_PLUGIN = "CB107"
    LISTED_TWICE = "CB108"
    NOT_EXACTLY_ONE = "CB109"
    NO_ADDRESS = "CB110"
    PLAIN_HTTP = "CB111"
    UNKNOWN_BOT = "CB112"
    NO_CERTIFICATES = "CB113"
    ADDRESS_UNUSABLE = "CB114"
    EXTRA_MISSING = "CB115"
    NO_CREDENTIALS = "CB116"
    OPEN_ADMIN = "CB117"
    GUESSABLE_ADMIN = "CB118"
    INLINE_CREDENTIALS = "CB121"
    SHARED_LOGIN = "CB122"
    NO_PLUGIN_DIR = "CB123"
    OPEN_CREDENTIALS = "CB124"

    PLUGIN_NOT_FOUND = "CB201"
    PLUGIN_SYNTAX = "CB202"
    UNKNOWN_HOOK = "CB203"
    PLUGIN_IMPORT = "CB204"
    UNKNOWN_ARGUMENT = "CB205"
    UNMARKED_HOOK = "CB206"
    NEARLY_A_HOOK = "CB207"
    HOOK_WRAPPER = "CB208"
    HOOK_GENERATOR = "CB209"
    HOOK_WITHOUT_CHAT = "CB210"
    PER_CHAT_WITHOUT_CLASS = "CB211"
    SEVERAL_CLASSES = "CB212"
    CANNOT_BUILD = "CB213"
    SETTINGS_FAILED = "CB214"
    SETTINGS_WITHOUT_MODEL = "CB215"
    TAKES_NO_SETTINGS = "CB216"
    NO_HOOKS = "CB217"

    CAPABILITY_MISSING = "CB310"
    SILENCED = "CB311"
    INTERRUPTED = "CB312"
    NOT_REVIEWED = "CB313"
    HOOK_OVER = "CB314"
    ACTS_IN_REVIEW = "CB315"
    CHAT_GONE = "CB320"
    REFUSED = "CB330"
    RATE_LIMITED = "CB340"
    UNCONFIRMED = "CB350"

    CANNOT_CONNECT = "CB401"
    NO_ANSWER = "CB402"
    SESSION_LOST = "CB403"
    LOGIN_REFUSED = "CB404"
    CREDENTIALS_EXPIRED = "CB405"
    PROTOCOL_VIOLATION = "CB406"

    JOURNAL_PLACE = "CB501"
    JOURNAL_IN_USE = "CB502"
    FOREIGN_DATABASE = "CB503"
    LATER_JOURNAL = "CB504"
    JOURNAL_READ_ONLY = "CB505"
    REPORTS_PLACE = "CB506"
    JOURNAL_TROUBLE = "CB510"
    JOURNAL_CANNOT_HOLD = "CB511"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means.

    Args:
        title: In a few words.
        means: What is wrong, and what follows from it.
        cause: How it comes about.
        example: What leads to it, or what is then seen.
        fix: What to do.
    """

    title: str
    means: str
    cause: str
    example: str
    fix: str

    def __str__(self) -> str:
        """For a terminal."""
        example = "\n".join(f"    {line}".rstrip() for line in self.example.strip().splitlines())
        cause, fix = f"How it comes about: {self.cause}", f"Fix: {self.fix}"
        return f"{self.title}\n\n{self.means}\n\n{cause}\n\n{example}\n\n{fix}"


@cache
def _explanations() -> dict[str, Explanation]:
    text = resources.files(__package__).joinpath("codes.toml").read_text(encoding="utf-8")
    return {code: Explanation(**fields) for code, fields in tomllib.loads(text).items()}


def explanation(code: Code) -> Explanation:
    """What this code means."""
    return _explanations()[code]
