"""JSON values that nobody can change: what one plugin is handed, the bot and other plugins have too."""

from __future__ import annotations

from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator

__all__ = ["FrozenDict", "FrozenList", "Json", "JsonObject", "frozen"]

# What is nested deeper stays as it is: the wire may hold anything.
_DEEPEST = 64


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError(
        "what a hook is handed cannot be changed\n"
        "  fix: change a copy (copy.deepcopy); for the user data of a chat use chat.update_user_data"
    )


class FrozenDict(dict[str, Any]):
    """A JSON object. Equal to a ``dict``, and written as one; a copy of it is one, and can be changed."""

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


class FrozenList(list[Any]):
    """A JSON array, in the same way."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __reduce__(self) -> tuple[type[list[Any]], tuple[list[Any]]]:
        return list, (list(self),)


def frozen(value: Any, depth: int = _DEEPEST) -> Any:
    """A copy of a JSON value that cannot be changed.

    Args:
        value: The value; what is no object and no array cannot be changed as it is.
        depth: How many levels.
    """
    if depth == 0:
        return value
    if isinstance(value, dict):
        return FrozenDict({key: frozen(item, depth - 1) for key, item in value.items()})
    if isinstance(value, list):
        return FrozenList([frozen(item, depth - 1) for item in value])
    return value


Json = Annotated[Any, AfterValidator(frozen)]
JsonObject = Annotated[dict[str, Any], AfterValidator(frozen)]
