"""What changes with the world: nothing of it is shared between processes' worlds by mistake."""

import asyncio

from chatbot.bot.world import World
from tests.bot.stage import EvenRng, VirtualClock


def test_two_worlds_have_colleagues_of_their_own() -> None:
    one, other = (World(VirtualClock(), EvenRng(), asyncio.to_thread) for _ in range(2))
    assert one.colleagues is not other.colleagues
    assert (one.observer, one.tells_all) == (None, False)
