"""Checks the hooks of a plugin before any is called: names, arguments, and what belongs to no chat."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from chatbot.hooks import spec
from chatbot.hooks.loader import LoadedPlugin, is_hook
from chatbot.model.config_file import nearest
from chatbot.model.errors import PluginError

__all__ = ["HOOKS", "arguments_of", "check"]

HOOKS: dict[str, tuple[str, ...]] = {
    name: tuple(inspect.signature(function).parameters)
    for name, function in vars(spec).items()
    if name.startswith("on_")
}
"""All hooks with the arguments they may take."""

_WITHOUT_A_CHAT = frozenset({"on_bot_started", "on_bot_stopping"})


def check(plugin: LoadedPlugin) -> None:
    """Refuse what pluggy would pass over in silence, or explain badly.

    Args:
        plugin: As the loader has found it.

    Raises:
        PluginError: A hook or an argument has a name that does not exist.
    """
    for name in dir(plugin.hooks):
        function = inspect.getattr_static(plugin.hooks, name)
        function = getattr(function, "__func__", function)
        if is_hook(function):
            _check_hook(plugin, name, getattr(plugin.hooks, name))
        elif name in HOOKS and inspect.isfunction(function):
            place = _place(plugin, function)
            raise PluginError(
                f"{place} defines {name} without @hookimpl, so it would never run\n  fix: add @hookimpl"
            )


def _check_hook(plugin: LoadedPlugin, name: str, function: Callable[..., Any]) -> None:
    options = getattr(function, f"{spec.PROJECT}_impl")
    hook = options.get("specname") or name
    place = _place(plugin, function)
    if hook not in HOOKS:
        raise PluginError(f"{place} implements {hook}, which is not a hook{_closest(hook)}")
    if options.get("wrapper") or options.get("hookwrapper"):
        raise PluginError(f"{place} makes {hook} a wrapper; hooks here are called one by one")
    _check_scope(plugin, hook, place)
    allowed = [word for word in HOOKS[hook] if word != "settings" or plugin.settings is not None]
    for argument in arguments_of(function):
        if argument not in allowed:
            raise PluginError(_bad_argument(place, hook, argument, allowed))


def _check_scope(plugin: LoadedPlugin, hook: str, place: str) -> None:
    if plugin.build is not None and hook in _WITHOUT_A_CHAT:
        raise PluginError(
            f"{place} implements {hook}, which belongs to no chat; its class has per_chat = True\n"
            "  fix: move that hook to a plugin without per_chat"
        )


def _bad_argument(place: str, hook: str, argument: str, allowed: list[str]) -> str:
    if argument == "settings":
        return f"{place}: {hook} takes settings, but the plugin has no Settings model\n  fix: add one"
    closest = nearest(argument, allowed)
    fix = f"\n  closest: {closest}" if closest else ""
    return f"{place}: {hook} takes no argument {argument!r}; it may take {', '.join(allowed)}{fix}"


def arguments_of(function: Callable[..., Any]) -> list[str]:
    """The arguments without a default: those that a hook is called with."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is p.empty]


def _closest(hook: str) -> str:
    closest = nearest(hook, HOOKS)
    return f"\n  closest: {closest}({', '.join(HOOKS[closest])})" if closest else ""


def _place(plugin: LoadedPlugin, function: Callable[..., Any]) -> str:
    code = inspect.unwrap(function).__code__
    return f"plugin {plugin.name!r} ({code.co_filename}:{code.co_firstlineno})"
