"""The plugin that a contract is checked for: its file, and settings to run it with."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from chatbot.hooks.checks import check
from chatbot.hooks.loader import find_plugin, load_plugin
from chatbot.model.config_file import load
from chatbot.model.errors import ConfigError
from chatbot.model.section import Section
from chatbot.testing.project import Project

__all__ = ["Subject", "models_in"]

_TABLE = Section("the settings of the contract")


@dataclass(frozen=True, slots=True)
class Subject:
    """One plugin.

    Args:
        path: Its file.
        project: Where it belongs.
    """

    path: Path
    project: Project

    @property
    def name(self) -> str:
        """Its name in bots.toml."""
        return self.path.parent.name if self.path.name == "__init__.py" else self.path.stem

    @property
    def folder(self) -> Path:
        """Where it is looked for."""
        return self.path.parents[1] if self.path.name == "__init__.py" else self.path.parent

    @property
    def place(self) -> Path:
        """Where its code is."""
        return self.path.parent if self.path.name == "__init__.py" else self.path

    def load(self, table: Mapping[str, Any]) -> None:
        """Load it with these settings.

        Raises:
            PluginError: It cannot be loaded, or one of its hooks is none.
            ConfigError: The settings are wrong.
        """
        where = Section("the settings of a contract test")
        check(load_plugin(self.name, folders=(self.folder,), table=table, where=where))

    def model(self) -> type[BaseModel] | None:
        """The model of its settings, if it has one.

        Raises:
            PluginError: It cannot be loaded.
        """
        model = getattr(find_plugin(self.name, (self.folder,)), "Settings", None)
        return model if inspect.isclass(model) and issubclass(model, BaseModel) else None

    def module(self) -> ModuleType:
        """The module that it is, or that its class is in.

        Raises:
            PluginError: It cannot be loaded.
        """
        found = find_plugin(self.name, (self.folder,))
        if isinstance(found, ModuleType):
            return found
        owner = found if inspect.isclass(found) else type(found)
        return sys.modules[owner.__module__]

    def table(self) -> dict[str, Any]:
        """Settings to run it with: its defaults; where some are missing, those of bots.toml or its examples.

        Raises:
            PluginError: It cannot be loaded.
        """
        model = self.model()
        if model is None or _has_all_defaults(model):
            return {}
        return self._of_file() or _example(model)

    def _of_file(self) -> dict[str, Any]:
        try:
            bots = load(self.project.file).bots.values() if self.project.file.is_file() else ()
        except ConfigError:
            return {}  # it is no fault of this plugin
        return next((bot.plugin[self.name] for bot in bots if self.name in bot.plugin), {})


def _has_all_defaults(model: type[BaseModel]) -> bool:
    try:
        model.model_validate({})
    except ValidationError:
        return False
    return True


def _example(model: type[BaseModel]) -> dict[str, Any]:
    """That of the whole model, or else those of its fields (JSON Schema, 9.5)."""
    schema = model.model_config.get("json_schema_extra")
    of_all = schema.get("examples") if isinstance(schema, dict) else None
    if isinstance(of_all, list) and of_all and isinstance(of_all[0], dict):
        return dict(of_all[0])
    fields = model.model_fields.items()
    return {field.alias or name: field.examples[0] for name, field in fields if field.examples}


def models_in(model: type[BaseModel]) -> dict[type[BaseModel], str]:
    """The models inside of a model, however deep, and where each stands."""
    found: dict[type[BaseModel], str] = {}
    waiting = [(model, "")]
    while waiting:
        outer, place = waiting.pop()
        for name, field in outer.model_fields.items():
            for inner in _models_of(field):
                if inner not in found:
                    found[inner] = f"{place}{name}"
                    waiting.append((inner, f"{place}{name}."))
    return found


def _models_of(field: FieldInfo) -> list[type[BaseModel]]:
    kinds, waiting = [], [field.annotation]
    while waiting:
        kind = waiting.pop()
        arguments = get_args(kind)
        waiting += arguments
        if not arguments and inspect.isclass(kind) and issubclass(kind, BaseModel):
            kinds.append(kind)
    return kinds
