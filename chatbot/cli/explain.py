"""``chatbot explain``: what the code of a finding or an error means."""

from __future__ import annotations

from collections.abc import Sequence

import click

from chatbot.model.codes import Code, explanation
from chatbot.model.nearest import nearest

__all__ = ["explain"]

_USAGE = 2


def explain(words: Sequence[str]) -> None:
    """Tell what each of these codes means; of all codes, what they are called."""
    if not words:
        for known in Code:
            click.echo(f"{known}  {explanation(known).title}")
        return
    codes = [_code(word.strip().upper()) for word in words]
    click.echo("\n\n\n".join(f"{code}  {explanation(code)}" for code in codes))


def _code(word: str) -> Code:
    if word in list(Code):
        return Code(word)
    closest = nearest(word, Code)
    hint = f"        closest: {closest}" if closest else ""
    # what a stranger wrote must not steer a terminal
    click.echo(f"there is no code {word!r}{hint}\nchatbot explain lists them all", err=True)
    raise SystemExit(_USAGE)
