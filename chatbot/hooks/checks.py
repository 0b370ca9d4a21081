"""Checks the hooks of a plugin before any is called: names, arguments, and what belongs to no chat."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from chatbot.hooks import spec
from chatbot.hooks.loader import LoadedPlugin, is_hook
from chatbot.model.codes import Code
from chatbot.model.errors import PluginError
from chatbot.model.findings import Finding
from chatbot.model.nearest import nearest

__all__ = ["HOOKS", "arguments_of", "check", "inspected"]

HOOKS: dict[str, tuple[str, ...]] = {
    name: tuple(inspect.signature(function).parameters)
    for name, function in vars(spec).items()
    if name.startswith("on_")
}
"""All hooks with the arguments they may take."""

# A function of an author's own may well be called on_something: only what differs by a letter or two is told.
_ALIKE = 0.8
_WITHOUT_A_CHAT = frozenset({"on_bot_started", "on_bot_stopping"})


def check(plugin: LoadedPlugin) -> None:
    """Refuse what pluggy would pass over in silence, or explain badly.

    Args:
        plugin: As the loader has found it.

    Raises:
        PluginError: With everything that is wrong with its hooks.
    """
    errors = [finding for finding in inspected(plugin) if finding.is_error]
    if errors:
        raise PluginError(*errors)


def inspected(plugin: LoadedPlugin) -> list[Finding]:
    """What is wrong with the hooks of a plugin, and what is suspicious."""
    findings: list[Finding] = []
    hooks = 0
    for name, function in _functions(plugin.hooks):
        if is_hook(function):
            hooks += 1
            findings += _of_hook(plugin, name, getattr(plugin.hooks, name))
        else:
            findings += _of_unmarked(plugin, name, function)
    if not hooks and not findings:
        message = f"plugin {plugin.name!r} has no hooks, so it is never called"
        fix = "mark its hooks with @hookimpl"
        findings.append(Finding(Code.NO_HOOKS, message, plugin.source, fix=fix, severity="warning"))
    return findings


def _functions(hooks: object) -> Iterator[tuple[str, Any]]:
    for name in dir(hooks):
        member = inspect.getattr_static(hooks, name)
        function = getattr(member, "__func__", member)
        if is_hook(function) or inspect.isfunction(function):
            yield name, function


def _of_unmarked(plugin: LoadedPlugin, name: str, function: Callable[..., Any]) -> Iterator[Finding]:
    place = _place(function)
    if name in HOOKS:
        message = f"plugin {plugin.name!r} defines {name} without @hookimpl, so it would never run"
        yield Finding(Code.UNMARKED_HOOK, message, *place, fix="add @hookimpl")
    elif name.startswith("on_") and (closest := nearest(name, HOOKS, alike=_ALIKE)):
        message = f"plugin {plugin.name!r} defines {name}, which is no hook and nearly called like one"
        fix = f"add @hookimpl and rename it to {closest}, or choose another name"
        yield Finding(
            Code.NEARLY_A_HOOK, message, *place, closest=_signature(closest), fix=fix, severity="warning"
        )


def _of_hook(plugin: LoadedPlugin, name: str, function: Callable[..., Any]) -> Iterator[Finding]:
    options = getattr(function, f"{spec.PROJECT}_impl")
    hook = options.get("specname") or name
    said, place = f"plugin {plugin.name!r} implements {hook}", _place(function)
    if hook not in HOOKS:
        yield _unknown_hook(said, hook, place)
        return
    if options.get("wrapper") or options.get("hookwrapper"):
        message = f"{said} as a wrapper; hooks here are called one by one"
        yield Finding(Code.HOOK_WRAPPER, message, *place, fix="write it as a plain hook")
        return
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        fix = "await chat.send_text(...) for each text, and return instead of yield"
        yield Finding(Code.HOOK_GENERATOR, f"{said} with yield, so it would not run", *place, fix=fix)
    if plugin.build is not None and hook in _WITHOUT_A_CHAT:
        message = f"{said}, which belongs to no chat; its class has per_chat = True"
        fix = "move that hook to a plugin without per_chat"
        yield Finding(Code.HOOK_WITHOUT_CHAT, message, *place, fix=fix)
    yield from _of_arguments(plugin, hook, function)


def _unknown_hook(said: str, hook: str, place: tuple[str, int]) -> Finding:
    closest = nearest(hook, HOOKS)
    return Finding(
        Code.UNKNOWN_HOOK,
        f"{said}, which is not a hook",
        *place,
        closest=_signature(closest) if closest else "",
        fix=f"rename it to {closest}" if closest else "see the list of chatbot hooks",
    )


def _of_arguments(plugin: LoadedPlugin, hook: str, function: Callable[..., Any]) -> Iterator[Finding]:
    allowed = [word for word in HOOKS[hook] if word != "settings" or plugin.settings is not None]
    said, place = f"plugin {plugin.name!r}: {hook}", _place(function)
    for argument in arguments_of(function):
        if argument in allowed:
            continue
        if argument == "settings" and "settings" in HOOKS[hook]:
            message = f"{said} takes settings, but the plugin has no Settings model"
            yield Finding(Code.SETTINGS_WITHOUT_MODEL, message, *place, fix="add one")
            continue
        closest = nearest(argument, allowed) or ""
        yield Finding(
            Code.UNKNOWN_ARGUMENT,
            f"{said} takes no argument {argument!r}",
            *place,
            expected=f"it may take {', '.join(allowed)}",
            closest=closest,
            fix=f"rename {argument} to {closest}" if closest else f"remove {argument}",
        )


def arguments_of(function: Callable[..., Any]) -> list[str]:
    """The arguments without a default: those that a hook is called with."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is p.empty]


def _signature(hook: str) -> str:
    return f"{hook}({', '.join(HOOKS[hook])})"


def _place(function: Callable[..., Any]) -> tuple[str, int]:
    code = inspect.unwrap(function).__code__
    return code.co_filename, code.co_firstlineno
