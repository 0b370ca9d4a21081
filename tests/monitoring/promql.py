"""What a PromQL expression asks for: the names of metrics, and of their labels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Asked", "asked_for", "pattern_of"]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<range>\[[^\]]*\])|(?P<number>\d+(?:\.\d+)?(?:[smhdwy]|ms)?\b)"""
    r"""|(?P<name>[a-zA-Z_:][\w:]*)|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^=<>(){},]))"""
)
_JOINS = {"and", "or", "unless", "bool", "offset"}
_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One metric, or the labels by which a result is grouped.

    Args:
        metric: Its name; empty: of all metrics of the expression.
        labels: Of these, in the order of the expression.
        values: What labels are compared with, by label and operator.
    """

    metric: str
    labels: tuple[str, ...]
    values: tuple[tuple[str, str, str], ...] = ()


def asked_for(expression: str) -> list[Asked]:
    """All that an expression names; an error if it holds what is no PromQL."""
    tokens = [*_tokens(expression)]
    found, at = [], 0
    while at < len(tokens):
        kind, word = tokens[at]
        after = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        if kind == "name" and word in _LISTS:
            labels, at = _inside(tokens, at + 1, ")")
            found.append(Asked("", tuple(word for kind, word in labels if kind == "name")))
            continue
        if kind == "name" and word not in _JOINS and after != "(" and not _is_function(tokens, at):
            matchers, at = _inside(tokens, at + 1, "}") if after == "{" else ([], at + 1)
            found.append(_selector(word, matchers))
            continue
        at += 1
    return found


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    at = 0
    while expression[at:].strip():
        token = _TOKEN.match(expression, at)
        assert token is not None, f"no PromQL: {expression[at:]!r}"
        kind = token.lastgroup or ""
        yield kind, token[kind]
        at = token.end()


def _is_function(tokens: list[tuple[str, str]], at: int) -> bool:
    """An aggregation may have its labels before the bracket."""
    return at + 1 < len(tokens) and tokens[at + 1][1] in _LISTS


def _inside(tokens: list[tuple[str, str]], at: int, end: str) -> tuple[list[tuple[str, str]], int]:
    close = next(place for place in range(at, len(tokens)) if tokens[place][1] == end)
    return tokens[at + 1 : close], close + 1


def _selector(metric: str, matchers: list[tuple[str, str]]) -> Asked:
    words = [word for _, word in matchers if word != ","]
    assert len(words) % 3 == 0, f"no matchers: {words}"
    triples = tuple((words[n], words[n + 1], words[n + 2][1:-1]) for n in range(0, len(words), 3))
    return Asked(metric, tuple(label for label, _, _ in triples), triples)


def pattern_of(operator: str, value: str) -> re.Pattern[str] | None:
    """What a label must look like; None if anything but something will do, or what a reader has chosen."""
    if operator not in {"=", "=~"} or "$" in value:
        return None
    return re.compile(re.escape(value) if operator == "=" else value)
