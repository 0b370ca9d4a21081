"""A service around bots of the test kit: real bots in virtual time, watched by a recorder."""

from chatbot.bot.runner import World
from chatbot.hooks.trace import Record
from chatbot.service.recorder import Recorder
from chatbot.service.supervisor import Service
from chatbot.testing.staged_bot import StagedBot


def serving(*bots: StagedBot) -> Service:
    """The service of these bots; it knows what happens from now on."""
    world: World = bots[0]._runner._world
    service = Service([bot._runner for bot in bots], world=world, drain_timeout=1.0)
    for bot in bots:
        _watch(bot, service.recorder)
    return service


def _watch(bot: StagedBot, recorder: Recorder) -> None:
    watched = bot.observe

    def observe(record: Record) -> None:
        watched(record)
        recorder.observe(record)

    bot.observe = observe  # type: ignore[method-assign]
