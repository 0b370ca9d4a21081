"""``chatbot drain``: a running bot takes no more chats."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import click

from chatbot.cli.common import counted, fail
from chatbot.cli.remote import FAILED, Remote, remote

__all__ = ["drain"]

_LOOK_EVERY_S = 1.0


def drain(config: Path, admin: str | None, bot: str, *, wish: str, hand_over: bool, wait_s: float) -> None:
    """Drain a bot, or let it take chats again; wait for its last chat if asked to.

    Args:
        config: The bots.toml of the service.
        admin: Where its admin pages are, if not where the file says.
        bot: The bot.
        wish: ``drain`` or ``resume``.
        hand_over: Send its customers where its fallback says.
        wait_s: How long to wait until it has no chat.
    """
    with remote(config, admin) as service:
        wanted = {"do": wish, "bot": bot, **({"hand_over": True} if hand_over else {})}
        click.echo(service.wish(wanted))
        if wish == "drain" and wait_s:
            _until_empty(service, bot, wait_s)


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
