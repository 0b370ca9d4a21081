"""Tables of pydantic models: settings, events and actions."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from chatbot.model import actions, agent_actions, config, config_care, events
from chatbot.model.actions import Action, Effect
from chatbot.model.events import Event, TranscriptEvent
from docs.generator.markdown import code, entries, prose, table

__all__ = [
    "action_sections",
    "default",
    "documented",
    "event_common",
    "event_sections",
    "fields_of",
    "settings",
    "type_words",
]

_WORDS: Mapping[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Path: "path",
    Any: "any value",
    type(None): "none",
}
_FORMS_OF_SECRETS = "text, or a [secret](../how-to/secrets.md)"


def settings(name: str) -> str:
    """The keys of a table of bots.toml."""
    model = getattr(config, name, None) or getattr(config_care, name)
    meanings = documented(model)
    rows = [
        [code(key), type_words(field), default(field), meanings.get(key, "")]
        for key, field in model.model_fields.items()
        if key not in _FORMS
    ]
    return table(["key", "type", "default", "meaning"], rows)


# a password as it is has no key of its own: { env = ... } or { file = ... } or a string
_FORMS = frozenset({"plain"})


def documented(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a model, and of those it is made from, say of its fields."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if issubclass(cls, BaseModel) and cls is not BaseModel:
            found |= entries(cls.__doc__, "Keys", "Attributes", "Args", "Exactly one of")
    return found


def type_words(field: FieldInfo) -> str:
    """The type of a key in the words of TOML, with its bounds."""
    words = _words(field.annotation)
    bounds = dict(_bounds([*field.metadata, *_metadata(field.annotation)]))
    if "ge" in bounds and "le" in bounds:
        return f"{words}, {bounds['ge']} to {bounds['le']}"
    if "gt" in bounds and "le" in bounds:
        return f"{words}, above {bounds['gt']}, to {bounds['le']}"
    said = {"gt": "above", "ge": "from", "lt": "below", "le": "to"}
    return ", ".join([words, *(f"{said[kind]} {value}" for kind, value in bounds.items())])


def _metadata(annotation: Any) -> list[Any]:
    """The constraints inside a type: those of an optional value are its own."""
    if get_origin(annotation) is Annotated:
        return list(getattr(annotation, "__metadata__", ()))
    return []


def _bounds(metadata: list[Any]) -> Iterator[tuple[str, str]]:
    for one in metadata:
        inner = getattr(one, "metadata", None)
        if isinstance(inner, list):
            yield from _bounds(inner)
        for kind in ("gt", "ge", "lt", "le"):
            if (value := getattr(one, kind, None)) is not None:
                yield kind, f"{value:g}" if value < 1e6 else f"{value:.0f}"  # noqa: PLR2004


def _words(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is None:
        return _plain_words(annotation)
    if origin is Annotated:
        return _words(inner[0])
    if origin is Literal:
        return ", ".join(code(json.dumps(value)) for value in inner)
    if origin is tuple:
        return f"list of {_plural(_words(inner[0]))}"
    if origin is dict:
        return "table" if inner[1] is Any else f"tables: {_words(inner[1])}"
    return " or ".join(_words(one) for one in inner if one is not type(None))


def _plain_words(kind: Any) -> str:
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        return _FORMS_OF_SECRETS if kind is config.SecretSource else "table"
    return _WORDS.get(kind, getattr(kind, "__name__", str(kind)))


def _plural(word: str) -> str:
    return f"{word}s" if word.isalpha() and not word.endswith("s") else word


def default(field: FieldInfo) -> str:
    """What a key has if it is not given."""
    if field.is_required():
        return "required"
    value = field.default
    if value is PydanticUndefined:
        value = field.default_factory() if field.default_factory else None  # type: ignore[call-arg]
    if value is None or isinstance(value, BaseModel) or value == {}:
        return ""
    return code(json.dumps(value, default=str))


# events


def event_common() -> str:
    """The fields that all events have, and those of all lines of the transcript."""
    rows = [
        [code(name), code(_annotation(field)), documented(model).get(name, ""), where]
        for model, where in ((Event, "all events"), (TranscriptEvent, "lines of the transcript"))
        for name, field in model.model_fields.items()
        if model is Event or name not in Event.model_fields
    ]
    return table(["field", "type", "meaning", "in"], rows)


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of an event that not all have."""
    common = {**Event.model_fields, **TranscriptEvent.model_fields}
    return {name: field for name, field in model.model_fields.items() if name not in common}


def event_sections() -> str:
    """Each event: what happened, its hook, its fields."""
    kinds = [getattr(events, name) for name in events.__all__]
    return "\n\n".join(_event(kind) for kind in kinds if kind.hook)


def _event(kind: type[Event]) -> str:
    line = "A line of the transcript" if issubclass(kind, TranscriptEvent) else "An event"
    own, meanings = fields_of(kind), documented(kind)
    rows = [[code(name), code(_annotation(field)), meanings.get(name, "")] for name, field in own.items()]
    parts = [
        f"### `{kind.__name__}`",
        prose(kind.__doc__),
        f"{line}, for [`{kind.hook}`](hooks.md#{kind.hook}).",
    ]
    return "\n\n".join([*parts, table(["field", "type", "meaning"], rows)] if rows else parts)


def _annotation(field: FieldInfo) -> str:
    return _type_name(field.annotation)


def _type_name(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is None:
        special = {type(None): "None", Ellipsis: "..."}
        return special[kind] if kind in special else str(getattr(kind, "__name__", kind))
    if origin is Annotated:
        return _type_name(inner[0])
    if origin in (Union, types.UnionType):
        return " | ".join(_type_name(one) for one in inner)
    return f"{getattr(origin, '__name__', origin)}[{', '.join(_type_name(one) for one in inner)}]"


# actions


def action_sections(module: str) -> str:
    """Each action of a module: what it does, its fields, what it needs, and what proves it."""
    source = {"chat": actions, "agent": agent_actions}[module]
    kinds = [getattr(source, name) for name in source.__all__]
    return "\n\n".join(_action(kind) for kind in kinds if issubclass(kind, Action) and kind.operation)


def _action(kind: type[Action]) -> str:
    facts = []
    if kind.model_fields:
        required = {name for name, field in kind.model_fields.items() if field.is_required()}
        fields = ", ".join(f"{code(name)}{'' if name in required else '?'}" for name in kind.model_fields)
        facts.append(f"Fields: {fields}.")
    if kind.needs:
        facts.append(f"Needs {' or '.join(map(code, kind.needs))}.")
    if kind.effect is not None:
        facts.append(f"Proved by {_effect(kind.effect)}.")
    if kind.customer_sees:
        facts.append("The customer sees it.")
    return "\n\n".join(filter(None, [f"### `{kind.__name__}`", prose(kind.__doc__), " ".join(facts)]))


def _effect(effect: Effect) -> str:
    if effect.line is not None:
        return f"a line of type {code(effect.line)}"
    if effect.states:
        return "the state " + " or ".join(code(state) for state in sorted(effect.states))
    return f"the notification {code(effect.notification)}"
