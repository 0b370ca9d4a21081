"""What the tables of a model take: their keys, and what each key holds, in words of TOML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

__all__ = ["keys", "kind_of", "kind_of_value", "table_at"]

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),  # before int, which it is
    ((int, float), "number"),
    ((str, Path, SecretStr), "string"),
    ((dt.date, dt.time), "date"),
    ((Mapping, BaseModel), "table"),
    (Collection, "list"),
)


def keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a table, as they stand in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def kind_of(annotation: Any) -> str:
    """What a key takes, in one word or a few."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f'"{word}"' for word in arguments)
    if origin is Annotated:
        return kind_of(arguments[0])
    if origin in {Union, UnionType}:
        return " or ".join(dict.fromkeys(kind_of(it) for it in arguments if it is not type(None)))
    return _kind_of_type(origin or annotation)


def _kind_of_type(plain: Any) -> str:
    is_known = isinstance(plain, type)
    return next((name for kind, name in _KINDS if is_known and issubclass(plain, kind)), "value")


def kind_of_value(value: object) -> str:
    """What a value is, in one word."""
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "value")


def table_at(kind: Any, place: Sequence[int | str]) -> type[BaseModel] | None:
    """The model of the table at this place, as far as the types tell."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if not place:
            return kind
        field = keys(kind).get(str(place[0]))
        return table_at(field.annotation, place[1:]) if field else None
    origin = get_origin(kind)
    if not (isinstance(origin, type) and issubclass(origin, Collection)):
        return _first_table(kind, place)
    return _first_table(kind, place[1:]) if place else None


def _first_table(kind: Any, place: Sequence[int | str]) -> type[BaseModel] | None:
    inner = (table_at(argument, place) for argument in get_args(kind))
    return next((model for model in inner if model is not None), None)
