"""Plugin classes of which each chat has an object of its own: ``per_chat = True``.

The objects are kept with their chat, so that they vanish with it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any

__all__ = ["StandIn", "of_instance"]


class StandIn:
    """Stands for the objects of a plugin class while none is built: has their methods, and nothing else.

    Args:
        cls: The plugin class.
    """

    def __init__(self, cls: type) -> None:
        self.cls = cls
        for name in dir(cls):
            member = inspect.getattr_static(cls, name)
            if not name.startswith("__") and inspect.isfunction(getattr(member, "__func__", member)):
                setattr(self, name, member.__get__(self, cls))


def of_instance(function: Callable[..., Any], instance: object) -> Callable[..., Any]:
    """The same method of a real object; what belongs to the class itself stays as it is."""
    if isinstance(function, MethodType) and isinstance(function.__self__, StandIn):
        return MethodType(function.__func__, instance)
    return function
