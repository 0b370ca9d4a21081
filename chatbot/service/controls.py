"""What an operator may do to a running service; each wish is logged by whoever passes it on."""

from __future__ import annotations

from collections.abc import Iterable

from chatbot.bot.intervention import Intervention, InterventionRefused
from chatbot.bot.runner import BotRunner
from chatbot.hooks.breaker import Breaker
from chatbot.model.config_care import FallbackSettings
from chatbot.model.nearest import nearest
from chatbot.service.supervisor import Service

__all__ = ["ControlRefused", "Controls"]

ControlRefused = InterventionRefused


class Controls:
    """Finds what a wish is about, and has it met.

    Every method raises ControlRefused, with a reason and perhaps a fix, if it cannot be met.

    Args:
        service: The bots.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def drain(self, bot: str, *, hand_over: bool = False) -> list[str]:
        """Let a bot take no more chats, until ``resume`` or the end of the process.

        Args:
            bot: Its name.
            hand_over: Send its customers where its fallback says; else the bot finishes its chats.

        Returns:
            The chats that are not the bot's to give, if it hands over.
        """
        found = self._bot(bot)
        if found.settings.mode == "shadow":
            raise ControlRefused(f"bot {bot} is in shadow: it takes no chats")
        if hand_over and found.settings.fallback is None:
            fix = f"give it a [bots.{bot}.fallback], or let it finish its chats"
            raise ControlRefused(f"nobody has said where the customers of bot {bot} are to go", fix)
        if not hand_over:
            found.drain(wanted=True)
            return []
        intervention = self._running(bot)
        found.drain(wanted=True)
        return intervention.hand_over_all()

    def resume(self, bot: str) -> None:
        """Let it take chats again."""
        self._bot(bot).drain(wanted=False)

    def pause(self, bot: str, plugin: str) -> None:
        """Let a plugin not be asked, until ``unpause`` or the end of the process."""
        self._breaker(bot, plugin).is_paused = True

    def unpause(self, bot: str, plugin: str) -> None:
        """Let it be asked again, if its breaker does not say otherwise."""
        self._breaker(bot, plugin).is_paused = False

    def mute(self, bot: str, chat: str) -> None:
        """Let the bot say nothing more to the customer of a chat, over restarts, until ``unmute``."""
        self._running(bot).mute(chat)

    def unmute(self, bot: str, chat: str) -> None:
        """Let it talk again."""
        self._running(bot).unmute(chat)

    def hand_over(self, bot: str, chat: str, *, queue: str | None = None, target: str | None = None) -> None:
        """Send a customer elsewhere.

        Args:
            bot: Who has the chat.
            chat: Its id.
            queue: The name of a queue.
            target: The address of an agent. Neither: where the bot's fallback says.
        """
        if queue and target:
            raise ControlRefused("a chat goes to a queue or to a target, not to both", "name one")
        to = FallbackSettings(queue=queue or None, target=target or None) if queue or target else None
        self._running(bot).hand_over(chat, to)

    def _bot(self, name: str) -> BotRunner:
        bots = {bot.name: bot for bot in self._service.bots}
        if name not in bots:
            raise ControlRefused("there is no such bot", _closest(name, bots))
        return bots[name]

    def _running(self, name: str) -> Intervention:
        intervention = self._bot(name).intervention
        if intervention is None:
            raise ControlRefused(f"bot {name} is not running at the moment", "try again in a moment")
        return intervention

    def _breaker(self, bot: str, plugin: str) -> Breaker:
        breakers = self._bot(bot).breakers
        if plugin not in breakers:
            raise ControlRefused(f"bot {bot} has no such plugin", _closest(plugin, breakers))
        return breakers[plugin]


def _closest(name: str, known: Iterable[str]) -> str:
    close = nearest(name, known)
    return f"closest: {close}" if close else f"there are: {', '.join(known)}"
