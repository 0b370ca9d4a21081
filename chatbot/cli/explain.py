"""``chatbot explain``: what the code of a finding or an error means."""

from __future__ import annotations

import click

from chatbot.model.codes import Code, explanation
from chatbot.model.nearest import nearest

__all__ = ["command"]

_USAGE = 2


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain a code such as CB104: what it means, how it comes about, the fix. Without one, list all."""
    if code is None:
        for known in Code:
            click.echo(f"{known}  {explanation(known).title}")
        return
    word = code.strip().upper()
    if word not in list(Code):
        closest = nearest(word, Code)
        hint = f"        closest: {closest}" if closest else ""
        # what a stranger wrote must not steer a terminal
        click.echo(f"there is no code {word!r}{hint}\nchatbot explain lists them all", err=True)
        raise SystemExit(_USAGE)
    click.echo(f"{word}  {explanation(Code(word))}")
