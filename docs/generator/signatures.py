"""Classes and functions as their source shows them: the same on every version of Python."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from docs.generator.markdown import code, entries, prose, returned, table

_WIDTH = 88

__all__ = ["Member", "described", "members"]


@dataclass(frozen=True)
class Member:
    """A method or a property of a class.

    Args:
        name: Its name.
        signature: Its arguments and what it returns, as written.
        docstring: Its text.
        is_property: Whether it is read and not called.
        is_async: Whether it is awaited.
        group: The comment above it that begins a group.
    """

    name: str
    signature: str
    docstring: str | None
    is_property: bool
    is_async: bool
    group: str


def members(cls: type) -> list[Member]:
    """All that is public, in the order of the source."""
    source = textwrap.dedent(inspect.getsource(cls))
    groups = {
        at: line.strip(" #") for at, line in enumerate(source.splitlines(), 1) if line.startswith("    # ")
    }
    tree = _Constants(vars(sys.modules[cls.__module__])).visit(ast.parse(source))
    return list(_members(tree.body[0], groups))


class _Constants(ast.NodeTransformer):
    """Puts the value of a constant in the place of its private name: a reader has no use for the name."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The value, if this is the private name of one."""
        value = self._names.get(node.id)
        if node.id.startswith("_") and isinstance(value, str | int | float):
            return ast.copy_location(ast.Constant(value), node)
        return node


def _members(tree: ast.stmt, groups: dict[int, str]) -> Iterator[Member]:
    if not isinstance(tree, ast.ClassDef):
        raise TypeError(f"expected a class, not {tree}")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            marks = {ast.unparse(mark) for mark in node.decorator_list}
            group = next((groups[at] for at in sorted(groups, reverse=True) if at < node.lineno), "")
            is_async = isinstance(node, ast.AsyncFunctionDef) and "asynccontextmanager" not in marks
            yield Member(
                node.name, _signature(node), ast.get_docstring(node), "property" in marks, is_async, group
            )


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
    parts = [_argument(one, default) for one, default in zip(positional, defaults, strict=True)]
    if given.vararg:
        parts.append("*" + _argument(given.vararg, None))
    elif given.kwonlyargs:
        parts.append("*")
    parts += [
        _argument(one, default) for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    parts += ["**" + _argument(given.kwarg, None)] if given.kwarg else []
    result = f" -> {_type(node.returns)}" if node.returns else ""
    return f"{node.name}({', '.join(part for part in parts if part not in {'self', 'cls'})}){result}"


def _type(node: ast.expr) -> str:
    """A type as written, without the name of the module that it is from."""
    return re.sub(r"\b[a-z_]+\.(?=[A-Z])", "", ast.unparse(node))


def _argument(node: ast.arg, default: ast.expr | None) -> str:
    kind = f": {_type(node.annotation)}" if node.annotation else ""
    value = f"{' = ' if kind else '='}{ast.unparse(default)}" if default is not None else ""
    return f"{node.arg}{kind}{value}"


def _call(member: Member, owner: str) -> str:
    """How it is called, on one line or one line for each argument."""
    call = f"{'await ' if member.is_async else ''}{owner}.{member.signature}"
    if len(call) <= _WIDTH:
        return call
    start, rest = call.split("(", 1)
    inner, end = rest.rsplit(")", 1)
    arguments = re.split(r", (?![^\[]*\])", inner)
    return "\n".join([f"{start}(", *(f"    {one}," for one in arguments), f"){end}"])


def described(member: Member, *, owner: str, level: int = 3) -> str:
    """One method: its signature, what it does, its arguments, what it returns and raises."""
    call = f"<!-- test: signature -->\n```python\n{_call(member, owner)}\n```"
    parts = [f"{'#' * level} `{member.name}`", call, prose(member.docstring)]
    if arguments := entries(member.docstring, "Args"):
        parts.append(table(["argument", "meaning"], [[code(name), text] for name, text in arguments.items()]))
    if result := returned(member.docstring):
        parts.append(f"Returns: {result[0].lower()}{result[1:]}")
    if errors := entries(member.docstring, "Raises"):
        parts.append(table(["raises", "when"], [[code(name), text] for name, text in errors.items()]))
    return "\n\n".join(part for part in parts if part)
