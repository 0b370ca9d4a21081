"""Finds a plugin by its name, and builds it with its validated settings.

A name is a module in one of the ``plugin_dirs``, an entry point in group ``chatbot``, or a dotted
path (``package.module``, ``package.module.Class`` or ``package.module:Class``).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError

from chatbot.hooks.instances import StandIn
from chatbot.hooks.spec import PROJECT
from chatbot.model.config_file import explain, keys, nearest, unknown_key
from chatbot.model.errors import ConfigError, PluginError

__all__ = ["LoadedPlugin", "build_plugin", "find_plugin", "is_hook", "load_plugin"]

_LIBRARIES = tuple(sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib"))


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin that is ready to be registered.

    Args:
        name: As bots.toml lists it.
        hooks: The module or object whose functions are its hooks.
        settings: Its validated settings, if it has a model for them.
        source: Where it was found, for people.
        build: Makes the object of one chat, if each chat has its own; ``hooks`` then stands for them.
    """

    name: str
    hooks: object
    settings: BaseModel | None
    source: str
    build: Callable[[], object] | None = None


def load_plugin(
    name: str, *, folders: Sequence[Path], table: Mapping[str, Any], where: str = "bots.toml"
) -> LoadedPlugin:
    """Find and build one plugin.

    Args:
        name: As bots.toml lists it.
        folders: The plugin_dirs.
        table: Its table of settings.
        where: The place of that table, for errors.

    Raises:
        PluginError: It is not there, does not import, or cannot be built.
        ConfigError: Its settings are wrong.
    """
    return build_plugin(name, find_plugin(name, folders), table=table, where=where)


def find_plugin(name: str, folders: Sequence[Path]) -> object:
    """The module, class or object that a plugin is.

    Raises:
        PluginError: It is not there, or does not import.
    """
    return _chosen(name, _find(name, folders))


def build_plugin(
    name: str, found: object, *, table: Mapping[str, Any], where: str = "bots.toml"
) -> LoadedPlugin:
    """Build one plugin from the module, class or object that it is.

    Args:
        name: How it is called.
        found: What it is.
        table: Its table of settings.
        where: The place of that table, for errors.

    Raises:
        PluginError: It cannot be built.
        ConfigError: Its settings are wrong.
    """
    plugin = _chosen(name, found)
    settings = _settings(name, plugin, table, where)
    source = _source(plugin)
    is_per_chat = getattr(plugin, "per_chat", False) is True
    if inspect.isclass(plugin):
        if is_per_chat:
            return LoadedPlugin(name, StandIn(plugin), settings, source, _builder(name, plugin, settings))
        plugin = _import(name, partial(plugin, *_arguments(plugin, settings)))
    elif is_per_chat:
        raise PluginError(_not_a_class(name))
    return LoadedPlugin(name, plugin, settings, source)


def is_hook(function: object) -> bool:
    """Whether this was marked with ``@hookimpl``."""
    return isinstance(getattr(function, f"{PROJECT}_impl", None), dict)


def _find(name: str, folders: Sequence[Path]) -> object:
    path = _module_file(name, folders)
    if path is not None:
        return _import_file(name, path)
    points = {point.name: point for point in entry_points(group=PROJECT)}
    if name in points:
        return _import(name, points[name].load)
    if "." in name or ":" in name:
        return _import(name, lambda: _dotted(name))
    raise PluginError(_not_found(name, folders, points))


def _module_file(name: str, folders: Sequence[Path]) -> Path | None:
    if not name.isidentifier():
        return None
    candidates = (
        place for folder in folders for place in (folder / f"{name}.py", folder / name / "__init__.py")
    )
    return next((place for place in candidates if place.is_file()), None)


def _not_found(name: str, folders: Sequence[Path], points: Mapping[str, EntryPoint]) -> str:
    here = [path.stem for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.py"))]
    closest = nearest(name, [*here, *points])
    looked = ", ".join(str(folder) for folder in folders) or "no plugin_dirs"
    text = f"plugin {name!r} was not found in {looked}, nor as an entry point of group {PROJECT!r}"
    return f"{text}\n  closest: {closest}" if closest else text


def _import_file(name: str, path: Path) -> ModuleType:
    """The module in this file, imported once; its own place, so that no plugin hides a package."""
    key = f"{PROJECT}_plugins.{name}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if key in sys.modules:
        return sys.modules[key]
    inner = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(key, path, submodule_search_locations=inner)
    if spec is None or spec.loader is None:
        raise PluginError(f"plugin {name!r} ({path}) is not a Python module")
    module, loader = importlib.util.module_from_spec(spec), spec.loader
    sys.modules[key] = module
    try:
        _import(name, lambda: loader.exec_module(module))
    except PluginError:
        sys.modules.pop(key, None)
        raise
    return module


def _dotted(name: str) -> object:
    module, _, attribute = name.partition(":")
    if attribute:
        return getattr(importlib.import_module(module), attribute)
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    if found is not None:
        return importlib.import_module(name)
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def _import(name: str, load: Any) -> Any:
    """Import foreign code: whatever it raises is a fault of the plugin, told in one line."""
    try:
        return load()
    except SyntaxError as exc:
        raise PluginError(f"plugin {name!r} ({exc.filename}:{exc.lineno}) is not Python: {exc.msg}") from exc
    except (Exception, SystemExit) as exc:
        reason = f"{type(exc).__name__}: {' '.join(str(exc).split())}"
        raise PluginError(f"plugin {name!r} cannot be imported: {reason}{_scene(exc)}") from exc


def _scene(exc: BaseException) -> str:
    """Where foreign code raised it, or called the library that did; nothing if only the import did."""
    machinery = {__file__, importlib.__file__, importlib.util.__file__}
    frames = traceback.extract_tb(exc.__traceback__)
    foreign = [x for x in frames if x.filename not in machinery and not x.filename.startswith("<frozen ")]
    own = [frame for frame in foreign if not frame.filename.startswith(_LIBRARIES)]
    return "".join(f"\n  at {frame.filename}:{frame.lineno}" for frame in (own or foreign)[-1:])


def _chosen(name: str, found: object) -> object:
    """The plugin in a module: the module itself, or its one class with hooks."""
    if not inspect.ismodule(found) or any(is_hook(value) for value in vars(found).values()):
        return found
    classes = [value for value in vars(found).values() if _is_plugin_class(value, found.__name__)]
    if len(classes) > 1:
        names = ", ".join(cls.__name__ for cls in classes)
        raise PluginError(
            f"plugin {name!r} has several classes with hooks: {names}\n  fix: name one, as in {name}:Class"
        )
    return classes[0] if classes else found


def _is_plugin_class(value: object, module: str) -> bool:
    if not inspect.isclass(value) or value.__module__ != module:
        return False
    return any(is_hook(member) for _, member in inspect.getmembers(value))


def _settings(name: str, plugin: object, table: Mapping[str, Any], where: str) -> BaseModel | None:
    model = getattr(plugin, "Settings", None)
    if inspect.isclass(model) and issubclass(model, BaseModel):
        return _validated(model, table, where)
    if table:
        raise ConfigError(f"{where}  plugin {name!r} has no Settings model, so it takes no settings")
    return None


def _validated(model: type[BaseModel], table: Mapping[str, Any], where: str) -> BaseModel:
    known = keys(model)
    unknown = [key for key in table if key not in known]
    findings = [unknown_key(where, "", key, known) for key in unknown]
    try:
        settings = model.model_validate({key: table[key] for key in table if key not in unknown})
    except ValidationError as exc:
        findings += [explain(error, where, model) for error in exc.errors(include_url=False)]
        raise ConfigError("\n".join(findings)) from None
    except Exception as exc:
        raise PluginError(f"{where}  the Settings model failed: {type(exc).__name__}: {exc}") from exc
    if findings:
        raise ConfigError("\n".join(findings))
    return settings


def _arguments(plugin: type, settings: BaseModel | None) -> tuple[BaseModel, ...]:
    """A plugin class is built with its settings, if it takes any argument."""
    return (settings,) if settings is not None and inspect.signature(plugin).parameters else ()


def _builder(name: str, plugin: type, settings: BaseModel | None) -> Callable[[], object]:
    """Builds the object of one chat. What can be told of that before is told now, not to a customer."""
    arguments = _arguments(plugin, settings)
    try:
        inspect.signature(plugin).bind(*arguments)
    except TypeError as exc:
        takes = "takes nothing but its settings" if arguments else "takes nothing"
        raise PluginError(
            f"plugin {name!r}: {plugin.__name__} cannot be built for a chat: {exc}\n"
            f"  fix: write an __init__ that {takes}"
        ) from exc
    return partial(plugin, *arguments)


def _not_a_class(name: str) -> str:
    return (
        f"plugin {name!r} has per_chat = True and is no class, so all chats would share it\n"
        "  fix: put the hooks and per_chat into a class, and name that"
    )


def _source(plugin: object) -> str:
    try:
        return (
            inspect.getsourcefile(
                plugin if inspect.ismodule(plugin) or inspect.isclass(plugin) else type(plugin)
            )
            or ""
        )
    except TypeError:
        return ""
