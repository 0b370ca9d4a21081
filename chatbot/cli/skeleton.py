"""Hooks as code to paste: what a plugin has to write to have one, made from its specification."""

from __future__ import annotations

import inspect
import re

import chatbot
from chatbot.hooks import spec

__all__ = ["skeleton"]

_SAME_AS = {"Reply": "bool | str | None"}
_NOT_GIVEN = ("bot", "settings")
_RETURNS = {
    "bool | str | None": "return None  # the next plugin is asked; True: handled; a text is said",
    "bool | None": "return None  # the next plugin is asked; True: handled",
    "Action | None": "return None  # as it is; or another action of its class",
}


def skeleton(hook: str) -> str:
    """The code of a hook that does nothing yet, with its imports.

    Args:
        hook: Its name.
    """
    takes, returns = _signature(hook)
    arguments = ", ".join(f"{name}: {kind}" for name, kind in takes.items())
    lines = [
        *_imports(" ".join((*takes.values(), returns))),
        *("", "", "@hookimpl"),
        f"async def {hook}({arguments}) -> {returns}:",
        f'    """{_summary(hook)}"""',
        *([f"    {_RETURNS[returns]}"] if returns in _RETURNS else []),
    ]
    return "\n".join(lines) + "\n"


def _signature(hook: str) -> tuple[dict[str, str], str]:
    """What it takes, and what it returns."""
    signature = inspect.signature(getattr(spec, hook))
    given = {name: str(one.annotation) for name, one in signature.parameters.items()}
    takes = {name: kind for name, kind in given.items() if name not in _NOT_GIVEN}
    returns = str(signature.return_annotation)
    return takes or {"bot": given["bot"]}, _SAME_AS.get(returns, returns)


def _imports(types: str) -> list[str]:
    names = sorted({*re.findall(r"[A-Z]\w+", types)} - {"None"})
    public = [*(name for name in names if name in chatbot.__all__), "hookimpl"]
    others = [f"from chatbot.model.actions import {name}" for name in names if name not in chatbot.__all__]
    return [f"from chatbot import {', '.join(public)}", *others]


def _summary(hook: str) -> str:
    return (inspect.getdoc(getattr(spec, hook)) or "").partition("\n")[0]
