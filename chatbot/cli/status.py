"""``chatbot status``: what a running service does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from chatbot.cli.common import counted, printable
from chatbot.cli.options import Where
from chatbot.cli.remote import FAILED, remote

__all__ = ["status"]

Told = Mapping[str, Any]


def status(where: Where, bot: str | None, *, form: str) -> None:
    """Show all bots, or the chats of one; exit code 1 if a bot that is shown is not ready."""
    with remote(where) as service:
        now = service.read("/api/status")
        chats = service.read("/api/chats", bot=bot) if bot is not None else None
    bots = [one for one in now["bots"] if bot in {None, one["name"]}]
    if form == "json":
        click.echo(json.dumps(now if chats is None else {**bots[0], "chats": chats}, indent=2))
    else:
        click.echo(printable("\n".join([*_bots(bots), *_chats(chats or [])])))
    raise SystemExit(FAILED if any(one["problems"] for one in bots) else 0)


def _bots(bots: list[Told]) -> list[str]:
    width = max((len(bot["name"]) for bot in bots), default=0)
    return [line for bot in bots for line in _bot(bot, width)]


def _bot(bot: Told, width: int) -> list[str]:
    lines = [f"{bot['name']:<{width}}  {bot['state']:<9}  {counted(bot['chats'], 'chat')}"]
    lines += [f"{'':<{width}}  {problem}" for problem in bot["problems"]]
    for plugin in bot["plugins"]:
        if plugin["is_paused"] or plugin["breaker"] != "closed":
            why = "paused by an operator" if plugin["is_paused"] else f"its breaker is {plugin['breaker']}"
            lines.append(f"{'':<{width}}  plugin {plugin['name']} is not asked: {why}")
    return lines


def _chats(chats: list[Told]) -> list[str]:
    return [line for chat in chats for line in ("", *_chat(chat))]


def _chat(chat: Told) -> list[str]:
    people = ", ".join(f"{one['nickname']} ({one['type']})" for one in chat["people"])
    return [
        f"chat {chat['id']}  {chat['state']}  since {chat['started_at'] or 'not begun'}",
        f"  {people}",
        *(line for key, line in _remarks(chat) if chat[key]),
        *(f"  {run['plugin']}.{run['hook']} {_what(run)}" for run in chat["hooks"]),
        *(f"  not settled: {operation}" for operation in chat["open"]),
    ]


def _remarks(chat: Told) -> tuple[tuple[str, str], ...]:
    """What is told of a chat if it is so."""
    return (
        ("muted", f"  the bot says nothing: {chat['muted']}"),
        ("owed_s", f"  the customer has waited {chat['owed_s']:.0f} s for an answer"),
        ("waiting", f"  {counted(chat['waiting'], 'line')} in the mailbox"),
    )


def _what(run: Told) -> str:
    return "waits" if run["is_waiting"] else "runs"
