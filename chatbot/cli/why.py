"""``chatbot why``: what a running service did about one event, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import click

from chatbot.cli.common import printable
from chatbot.cli.options import Where
from chatbot.cli.remote import remote

__all__ = ["Question", "why"]

Told = Mapping[str, Any]
Question = tuple[str, str, str | None]
"""A chat, an event of it, and a bot, if several have the chat."""


def why(where: Where, question: Question, *, form: str) -> None:
    """Show it."""
    chat, event, bot = question
    with remote(where) as service:
        told = service.read("/api/why", chat=chat, event=event, bot=bot)
    click.echo(json.dumps(told, indent=2) if form == "json" else printable("\n".join(_lines(told))))


def _lines(told: Told) -> list[str]:
    who = f" of {told['who']}" if told["who"] else ""
    text = f": {told['text']!r}" if told["text"] else ""
    lines = [f"{told['type']}{who} in chat {told['chat']} of bot {told['bot']}{text}", told["verdict"], ""]
    lines += _steps(told["steps"])
    if told["afterwards"]:
        lines += ["", "afterwards, by the bot itself:", *_steps(told["afterwards"])]
    return lines


def _steps(steps: Iterable[Told]) -> list[str]:
    return [_step(step) for step in steps]


def _step(step: Told) -> str:
    what = f"{step['who']}: {step['what']}" if step["is_action"] else f"{step['who']} {step['what']}"
    mark = "!" if step["is_held_back"] else " "
    place = f" ({step['place']})" if step["place"] else ""
    return f"{mark} {step['at'][11:23]}  {what}  {step['result']}  {step['seconds'] * 1000:.0f} ms{place}"
