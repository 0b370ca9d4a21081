import asyncio

from chatbot.bot.connection import open_http
from chatbot.bot.world import World
from tests.bot.stage import EvenRng, VirtualClock


def test_what_is_not_said_is_as_in_production_and_each_world_has_its_own() -> None:
    one, other = (World(VirtualClock(), EvenRng(), asyncio.to_thread) for _ in range(2))
    assert one.open_http is open_http
    assert one.observer is None
    assert one.colleagues is not other.colleagues
    assert one.entrance is not other.entrance
