"""A day in the life of a bot: everything that can happen in a chat happens once, in a fixed order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import zip_longest

from chatbot.testing.kit import Kit
from chatbot.testing.staged_bot import StagedBot
from chatbot.testing.staged_customer import StagedCustomer

__all__ = ["CANARY", "TEXTS", "live_a_day", "take_over"]

CANARY = "canary-51f0c2"
"""Stands in everything that customers say, and in nothing else."""

TEXTS = (
    f"Hello {CANARY}",
    f"When are you open? {CANARY}",
    f"I want to talk to a human agent, please. {CANARY}",
    f"yes {CANARY}",
    f"no {CANARY}",
    f"12345 {CANARY}",
    f"my card is 4111 1111 1111 1111, mail ana@example.com {CANARY}",
    f"{{0.__class__}} %s %(x)s <b>{CANARY}</b> \\1",
    f"\U0001f600 \u202e {CANARY}",
    f"{CANARY} " + "long " * 400,
    " ",
)
"""What customers say: greetings, questions, answers, odd things."""

_ODD: tuple[dict[str, object], ...] = (
    {},
    {"notificationType": 7},
    {"notificationType": "Unheard"},
    {"notificationType": "Error", "errorMessage": "Request failed"},
    {"notificationType": "NewMessages", "messages": [{"type": "Text"}]},
    {"notificationType": "StatusChange", "chat": {"id": "elsewhere", "state": "Dreaming"}},
)


async def live_a_day(kit: Kit, bot: StagedBot) -> None:
    """Talk, write, push, rename, idle, fail, restart, take over, hand back, leave.

    Args:
        kit: Where.
        bot: Who lives it.
    """
    for first, second in zip_longest(TEXTS[::2], TEXTS[1::2], fillvalue=TEXTS[0]):
        ana = await _customer(kit, f"Ana {CANARY}")
        for text in (first, second, f"and {first}"):
            await _say(kit, ana, text)
        await _leave(ana)
    await _everything_else(kit, bot)
    async for _ in take_over(kit, bot):
        pass


async def _everything_else(kit: Kit, bot: StagedBot) -> None:
    ana = await _customer(kit, "Ana")
    world, chat = kit.simulator.world, ana.chat.id
    for kind in ("Notice", "CustomNotice", "TranscriptSaveDone", "HologramShown", ""):
        world.customer_writes(chat, kind, text=CANARY, notice_text=CANARY)
        await kit.sleep(1)
    world.customer_pushes_url(chat, f"https://example.com/{CANARY}")
    world.customer_renames(chat, f"Anna {CANARY}")
    world.customer_tells_data(chat, {"level": "gold", "deep": {"list": [1, None, CANARY]}})
    for odd in _ODD:
        kit.simulator.notify(bot.username, odd)
        await kit.sleep(1)
    await kit.fault("fail-operation", on="SendMessage")
    await _say(kit, ana, TEXTS[0])
    await kit.sleep(130)
    await bot.restart()
    await _say(kit, ana, TEXTS[1])
    await _leave(ana)
    await kit.sleep(60)


async def take_over(kit: Kit, bot: StagedBot) -> AsyncIterator[tuple[StagedCustomer, list[str]]]:
    """Let a human come in while the bot is at work; each time yield the customer, and what the bot had said.

    Args:
        kit: Where.
        bot: Who is taken over.
    """
    for text in TEXTS[:3]:
        ana = await _customer(kit, "Ana")
        if ana.chat.is_over:
            continue
        world = kit.simulator.world
        world.customer_says(ana.chat.id, text)
        await kit.sleep(0.5)
        await ana.chat.agent_joins()
        said = bot.said_in(ana.chat.id)
        await kit.sleep(10)
        yield ana, said
        await ana.chat.agent_says("Hello, this is Helena.")
        await _say(kit, ana, f"And on Sunday? {CANARY}")
        await ana.types("Sun")
        await kit.sleep(130)
        yield ana, said
        if not ana.chat.is_over:
            await ana.chat.agent_leaves()
        await _leave(ana)
        await kit.sleep(60)


async def _customer(kit: Kit, nickname: str) -> StagedCustomer:
    ana = await kit.customer(nickname, subject="Question", user_data={"level": f"gold {CANARY}"})
    await kit.sleep(1)
    return ana


async def _say(kit: Kit, ana: StagedCustomer, text: str) -> None:
    """Type it and say it, if the bot has not ended the chat."""
    if not ana.chat.is_over:
        await ana.types(text[:3])
        await ana.stops_typing()
        await ana.says(text)
        await kit.sleep(5)


async def _leave(ana: StagedCustomer) -> None:
    if not ana.chat.is_over:
        await ana.leaves()
