"""What a plugin author sees: hooks, the chat, the bot, receipts, errors, and the public names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import groupby
from types import ModuleType
from typing import get_type_hints

from pydantic import BaseModel

import chatbot
from chatbot import Bot, Chat, Event, Participant, Receipt
from chatbot.hooks import spec
from chatbot.hooks.checks import HOOKS
from chatbot.model import errors, handoff, words
from chatbot.testing import Kit, StagedBot, StagedChat, StagedCustomer
from docs.generator.markdown import code, entries, first_sentence, prose, table
from docs.generator.models import documented
from docs.generator.signatures import Member, described, members

__all__ = [
    "classes",
    "error_sections",
    "grouped_method_sections",
    "hook_sections",
    "hook_table",
    "member_table",
    "method_sections",
    "name_table",
    "outcome_table",
    "word_table",
]

_RETURNS = {
    "Reply": "`None`, `True` or a text",
    "bool | None": "`None` or `True`",
    "None": "nothing",
    "Action | None": "`None` or an action",
}
# methods that only the bot, or pytest, calls
_NOT_FOR_AUTHORS = re.compile(r"Only the bot calls this|^See Observer|^The test has not come so far")


def classes() -> dict[str, tuple[type, str]]:
    """The classes whose members are described, and what an object is called in examples."""
    return {
        "Chat": (Chat, "chat"),
        "Bot": (Bot, "bot"),
        "Receipt": (Receipt, "receipt"),
        "Participant": (Participant, "participant"),
        "Kit": (Kit, "chatbot"),
        "StagedBot": (StagedBot, "bot"),
        "StagedCustomer": (StagedCustomer, "customer"),
        "StagedChat": (StagedChat, "customer.chat"),
    }


def hook_table() -> str:
    """All hooks in one table."""
    rows = [
        [
            f"[{code(name)}](#{name})",
            first_sentence(_spec(name).__doc__),
            _event_link(name),
            _RETURNS[_result(name)],
        ]
        for name in HOOKS
    ]
    return table(["hook", "when", "event", "may return"], rows)


def hook_sections() -> str:
    """Each hook with its arguments, its event, and all that its specification says."""
    return "\n\n".join(_hook(name) for name in HOOKS)


def _hook(name: str) -> str:
    event = _event_link(name)
    about = [f"Event: {event}."] if event else []
    about.append(f"May return {_RETURNS[_result(name)]}.")
    signature = f"`{name}({', '.join(HOOKS[name])})`"
    return "\n\n".join([f"### `{name}`", f"{signature}. {' '.join(about)}", prose(_spec(name).__doc__)])


def _spec(name: str) -> object:
    return getattr(spec, name)


def _result(name: str) -> str:
    return str(inspect.signature(getattr(spec, name)).return_annotation)


def _event_link(name: str) -> str:
    kind = get_type_hints(getattr(spec, name)).get("event")
    if kind is None:
        return ""
    return code("Event") if kind is Event else f"[{code(kind.__name__)}](events.md#{kind.__name__.lower()})"


def member_table(name: str) -> str:
    """What a handle knows."""
    cls, _ = classes()[name]
    known = [(code(one.name), first_sentence(one.docstring)) for one in _public(cls) if one.is_property]
    return table(["member", "what it is"], [*_attributes(cls), *known])


def method_sections(name: str) -> str:
    """What a handle does, one method after the other."""
    cls, owner = classes()[name]
    return "\n\n".join(_methods([one for one in _public(cls) if not one.is_property], owner))


def grouped_method_sections(name: str) -> str:
    """The same, below the headings that the source has as comments."""
    cls, owner = classes()[name]
    parts = []
    for group, methods in groupby(
        (one for one in _public(cls) if not one.is_property), key=lambda one: one.group
    ):
        parts += [f"## {group[0].upper()}{group[1:]}", *_methods(methods, owner)]
    return "\n\n".join(parts)


def _public(cls: type) -> list[Member]:
    return [one for one in members(cls) if not _NOT_FOR_AUTHORS.search(one.docstring or "")]


def _attributes(cls: type) -> Iterator[tuple[str, str]]:
    said = documented(cls) if issubclass(cls, BaseModel) else entries(cls.__doc__, "Attributes")
    return ((code(name), text) for name, text in said.items())


def _methods(methods: Iterable[Member], owner: str) -> Iterator[str]:
    return (described(member, owner=owner) for member in methods)


def outcome_table() -> str:
    """What `chat.handoff` may return."""
    rows = []
    for kind in handoff.Outcome.__args__:
        arguments = ", ".join(one.name for one in fields(kind))
        name = f"Handoff{kind.__name__}" if kind is handoff.Refused else kind.__name__
        rows.append([code(f"{name}({arguments})"), first_sentence(kind.__doc__)])
    return table(["outcome", "means"], rows)


def error_sections() -> str:
    """The errors as a tree, then each with its fields."""
    parts = [prose(errors.__doc__, picture="names chatbot.model.errors"), "## Each of them"]
    for name in sorted(errors.__all__):
        kind = getattr(errors, name)
        bases = [base.__name__ for base in kind.__mro__[1:] if issubclass(base, errors.ChatbotError)]
        said = entries(kind.__doc__, "Args")
        rows = [[code(field), text] for field, text in said.items()]
        above = f"{'An' if bases[0][0] in 'AEIOU' else 'A'} {code(bases[0])}." if bases else ""
        one = [f"### `{name}`", f"{prose(kind.__doc__)} {above}".strip()]
        parts.append("\n\n".join([*one, table(["field", "meaning"], rows)] if rows else one))
    return "\n\n".join(parts)


def name_table() -> str:
    """All names of the package, where they are described, and in one line what they are."""
    rows = []
    for name in sorted(chatbot.__all__, key=str.lower):
        thing = getattr(chatbot, name)
        page = _page(name, thing)
        rows.append([f"[{code(name)}]({page})", _kind(thing), first_sentence(_docstring(name, thing))])
    return table(["name", "is", "in one line"], rows)


def _docstring(name: str, thing: object) -> str:
    if name == "hookimpl":
        return "Marks a function or method of a plugin as a hook."
    return thing.__doc__ or ""


def _kind(thing: object) -> str:
    if isinstance(thing, ModuleType) or not inspect.isclass(thing):
        return "decorator"
    if issubclass(thing, Event):
        return "event"
    if issubclass(thing, Exception):
        return "error"
    if issubclass(thing, Enum):
        return "words"
    return "outcome" if is_dataclass(thing) else "class"


def _page(name: str, thing: object) -> str:
    pages = {
        "event": f"events.md#{name.lower()}",
        "error": f"exceptions.md#{name.lower()}",
        "outcome": "chat.md#what-a-hand-off-may-come-to",
        "words": "api.md#the-words-of-the-platform",
        "decorator": "hooks.md",
    }
    homes = {
        "Chat": "chat.md",
        "Bot": "bot.md",
        "Receipt": "receipts.md",
        "Participant": "events.md#participant",
    }
    homes["Event"] = "events.md"
    return homes.get(name) or pages[_kind(thing)]


def word_table() -> str:
    """The open enums with the words they know."""
    rows = [
        [
            code(name),
            ", ".join(code(one.value) for one in getattr(words, name) if one.value),
            first_sentence(doc),
        ]
        for name in words.__all__
        if (doc := getattr(words, name).__doc__) is not None
    ]
    return table(["name", "words", "meaning"], rows)
