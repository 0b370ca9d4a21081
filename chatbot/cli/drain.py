"""``chatbot drain``: a running bot takes no more chats."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

from chatbot.cli.common import counted, fail
from chatbot.cli.options import Where
from chatbot.cli.remote import FAILED, Remote, remote

__all__ = ["drain", "resume"]

_LOOK_EVERY_S = 1.0


def drain(where: Where, bot: str, *, hand_over: bool, wait_s: float) -> None:
    """Drain a bot, and wait for its last chat if asked to.

    Args:
        where: The service.
        bot: The bot.
        hand_over: Send its customers where its fallback says.
        wait_s: How long to wait until it has no chat.
    """
    with remote(where) as service:
        click.echo(service.wish({"do": "drain", "bot": bot, "hand_over": hand_over}))
        if wait_s:
            _until_empty(service, bot, wait_s)


def resume(where: Where, bot: str) -> None:
    """Let a bot take chats again."""
    with remote(where) as service:
        click.echo(service.wish({"do": "resume", "bot": bot}))


def _until_empty(
    service: Remote,
    bot: str,
    wait_s: float,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    until = monotonic() + wait_s
    while left := _chats(service, bot):
        if monotonic() >= until:
            fail(f"bot {bot} still has {counted(left, 'chat')} after {wait_s:g} s", FAILED)
        sleep(min(_LOOK_EVERY_S, wait_s))
    click.echo(f"bot {bot} has no chat left")


def _chats(service: Remote, bot: str) -> int:
    bots = service.read("/api/status")["bots"]
    return sum(one["chats"] for one in bots if one["name"] == bot)
