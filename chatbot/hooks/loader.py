"""Finds a plugin by its name, and builds it with its validated settings.

A name is a module in one of the ``plugin_dirs``, an entry point in group ``chatbot``, or a dotted
path (``package.module``, ``package.module.Class`` or ``package.module:Class``).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import SourceFileLoader
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError

from chatbot.hooks.instances import StandIn
from chatbot.hooks.spec import PROJECT
from chatbot.model.codes import Code
from chatbot.model.config_kinds import keys
from chatbot.model.config_words import explain, mistakes, unknown_key
from chatbot.model.errors import ConfigError, PluginError
from chatbot.model.findings import Finding
from chatbot.model.nearest import nearest
from chatbot.model.section import Section

__all__ = ["LoadedPlugin", "build_plugin", "find_plugin", "is_hook", "load_plugin"]

_ANYWHERE = Section()
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
    name: str, *, folders: Sequence[Path], table: Mapping[str, Any], where: Section = _ANYWHERE
) -> LoadedPlugin:
    """Find and build one plugin.

    Args:
        name: As bots.toml lists it.
        folders: The plugin_dirs.
        table: Its table of settings.
        where: That table, for findings.

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
    name: str, found: object, *, table: Mapping[str, Any], where: Section = _ANYWHERE
) -> LoadedPlugin:
    """Build one plugin from the module, class or object that it is.

    Args:
        name: How it is called.
        found: What it is.
        table: Its table of settings.
        where: That table, for findings.

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
        plugin = _built(name, plugin, settings)
    elif is_per_chat:
        raise PluginError(_not_a_class(name, source))
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


def _not_found(name: str, folders: Sequence[Path], points: Mapping[str, EntryPoint]) -> Finding:
    here = [it.name for folder in folders if folder.is_dir() for it in pkgutil.iter_modules([str(folder)])]
    closest = nearest(name, [*here, *points]) or ""
    looked = ", ".join(str(folder) for folder in folders) or "no plugin_dirs"
    return Finding(
        Code.PLUGIN_NOT_FOUND,
        f"plugin {name!r} was not found in {looked}, nor as an entry point of group {PROJECT!r}",
        expected=f"there are: {', '.join(sorted({*here, *points})) or 'none'}",
        closest=closest,
        fix=f"rename {name} to {closest}" if closest else "name its folder in plugin_dirs, or install it",
    )


class _Source(SourceFileLoader):
    """Compiles a file as it is now.

    Bytecode on disk counts as current while time, in whole seconds, and size of its source are the same: who
    saves twice at once, and alters a letter, would get what was saved first.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _import_file(name: str, path: Path) -> ModuleType:
    """The module in this file, imported once; its own place, so that no plugin hides a package."""
    key = f"{PROJECT}_plugins.{name}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if key in sys.modules:
        return sys.modules[key]
    inner = [str(path.parent)] if path.name == "__init__.py" else None
    source = _Source(key, str(path))
    spec = importlib.util.spec_from_file_location(key, path, loader=source, submodule_search_locations=inner)
    if spec is None or spec.loader is None:
        raise PluginError(Finding(Code.PLUGIN_IMPORT, f"plugin {name!r} is not a Python module", str(path)))
    module, loader = importlib.util.module_from_spec(spec), spec.loader
    sys.modules[key] = module
    try:
        _import(name, lambda: loader.exec_module(module), str(path))
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


def _import(name: str, load: Callable[[], Any], file: str = "") -> Any:
    """Import foreign code: whatever it raises is a fault of the plugin, told with its place."""
    try:
        return load()
    except SyntaxError as exc:
        message = f"plugin {name!r} is not Python: {exc.msg}"
        raise PluginError(Finding(Code.PLUGIN_SYNTAX, message, exc.filename or file, exc.lineno)) from exc
    except (Exception, SystemExit) as exc:
        message = f"plugin {name!r} cannot be imported: {_reason(exc)}"
        place = _scene(exc) or (file, None)
        raise PluginError(
            Finding(Code.PLUGIN_IMPORT, message, *place, closest=_closest_import(exc), fix=_remedy(exc))
        ) from exc


def _built(name: str, plugin: type, settings: BaseModel | None) -> object:
    """The object of a plugin class."""
    try:
        return plugin(*_arguments(plugin, settings))
    except (Exception, SystemExit) as exc:
        message = f"plugin {name!r}: {plugin.__name__} cannot be built: {_reason(exc)}"
        place = _scene(exc) or (_source(plugin), None)
        raise PluginError(Finding(Code.CANNOT_BUILD, message, *place)) from exc


def _reason(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {' '.join(str(exc).split())}"


def _closest_import(exc: BaseException) -> str:
    """The name that was probably meant where a module does not have the one that was asked for."""
    found = re.search(r"cannot import name '(\w+)' from '([\w.]+)'", str(exc))
    module = sys.modules.get(found[2]) if found and isinstance(exc, ImportError) else None
    return (nearest(found[1], dir(module)) or "") if found and module is not None else ""


def _remedy(exc: BaseException) -> str:
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        return f"install what provides {exc.name}, or mend the name"
    return ""


def _scene(exc: BaseException) -> tuple[str, int | None] | None:
    """Where foreign code raised it, or called the library that did; None if only the import did."""
    machinery = {__file__, importlib.__file__, importlib.util.__file__}
    frames = traceback.extract_tb(exc.__traceback__)
    foreign = [x for x in frames if x.filename not in machinery and not x.filename.startswith("<frozen ")]
    own = [frame for frame in foreign if not frame.filename.startswith(_LIBRARIES)]
    return next(((frame.filename, frame.lineno) for frame in (own or foreign)[-1:]), None)


def _chosen(name: str, found: object) -> object:
    """The plugin in a module: the module itself, or its one class with hooks."""
    if not inspect.ismodule(found) or any(is_hook(value) for value in vars(found).values()):
        return found
    classes = [value for value in vars(found).values() if _is_plugin_class(value, found.__name__)]
    if len(classes) > 1:
        names = ", ".join(cls.__name__ for cls in classes)
        message = f"plugin {name!r} has several classes with hooks: {names}"
        fix = "give each a module of its own, or name one by its dotted path, as in package.module:Class"
        raise PluginError(Finding(Code.SEVERAL_CLASSES, message, _source(found), fix=fix))
    return classes[0] if classes else found


def _is_plugin_class(value: object, module: str) -> bool:
    if not inspect.isclass(value) or value.__module__ != module:
        return False
    return any(is_hook(member) for _, member in inspect.getmembers(value))


def _settings(name: str, plugin: object, table: Mapping[str, Any], where: Section) -> BaseModel | None:
    model = getattr(plugin, "Settings", None)
    if inspect.isclass(model) and issubclass(model, BaseModel):
        return _validated(model, table, where)
    if table:
        message = f"plugin {name!r} has no Settings model, so it takes no settings"
        fix = "remove the table, or add a Settings model to the plugin"
        raise ConfigError(where.finding(Code.TAKES_NO_SETTINGS, message, fix=fix))
    return None


def _validated(model: type[BaseModel], table: Mapping[str, Any], where: Section) -> BaseModel:
    known = keys(model)
    unknown = [key for key in table if key not in known]
    findings = [unknown_key(where, key, model) for key in unknown]
    try:
        settings = model.model_validate({key: table[key] for key in table if key not in unknown})
    except ValidationError as exc:
        for error in mistakes(exc):
            findings += explain(error, where, model)
        raise ConfigError(*findings) from None
    except Exception as exc:
        message = f"the Settings model failed: {_reason(exc)}"
        raise PluginError(where.finding(Code.SETTINGS_FAILED, message)) from exc
    if findings:
        raise ConfigError(*findings)
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
        message = f"plugin {name!r}: {plugin.__name__} cannot be built for a chat: {exc}"
        takes = "takes nothing but its settings" if arguments else "takes nothing"
        place = (_source(plugin), _line(plugin))
        fix = f"write an __init__ that {takes}"
        raise PluginError(Finding(Code.CANNOT_BUILD, message, *place, fix=fix)) from exc
    return partial(plugin, *arguments)


def _not_a_class(name: str, source: str) -> Finding:
    return Finding(
        Code.PER_CHAT_WITHOUT_CLASS,
        f"plugin {name!r} has per_chat = True and is no class, so all chats would share it",
        source,
        fix="put the hooks and per_chat into a class, and name that",
    )


def _line(cls: type) -> int | None:
    try:
        return inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return None


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
