"""Looks after customers who wait: for an answer that nobody gives, or for somebody to ask after them."""

from __future__ import annotations

import math
from functools import partial

from chatbot.bot.dispatch import Dispatch
from chatbot.bot.fallback import Fallback
from chatbot.bot.guards import Guards
from chatbot.bot.history import is_public_text, is_said_by_customer
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.timers import Timers
from chatbot.hooks.manager import CallResult
from chatbot.model.actions import SendToAgents
from chatbot.model.events import ChatIdle, TranscriptEvent

__all__ = ["Care"]

_NO_ANSWER = "no answer"
_LEFT_OUT = "breaker"
_STOPPED = "stopped"


class Care:
    """Knows what is due in a chat although nothing was heard.

    Args:
        parts: The bot's parts.
        dispatch: Calls the hooks.
        fallback: Hands customers over.
        guards: Stop a bot that talks too much.
        timers: Wakes chats.
    """

    def __init__(
        self, parts: Parts, dispatch: Dispatch, fallback: Fallback, guards: Guards, timers: Timers
    ) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._dispatch = dispatch
        self._fallback = fallback
        self._guards = guards
        self._timers = timers
        is_of_interest = parts.plugins.hooks("on_idle") or parts.tells_all
        self._idle_after = parts.settings.idle_after if is_of_interest else math.inf

    def is_about_to_hear(self, chat: LiveChat, line: TranscriptEvent) -> None:
        """Hooks are to be called for this line."""
        if is_said_by_customer(line):
            self._guards.heard_customer(chat)
            chat.due.spoken_at, chat.due.spoken_index = self._parts.clock.monotonic(), line.position
            chat.progress.idle(0)
            self._fallback.owe(chat)

    def left(self, chat: LiveChat, line: TranscriptEvent) -> None:
        """A hook has left its turn with a line: it waits for the customer to go on, if it ends at all."""
        is_endless = any(run.is_disowned for run in chat.runs if run.event is line)
        if is_said_by_customer(line) and not is_endless:
            chat.settle_up()

    async def tell_agents(self, chat: LiveChat) -> bool:
        """A note for the agents in the chat, if there is one and they can be told."""
        if not chat.notes:
            return False
        note = SendToAgents(text=chat.notes.popleft())
        if chat.handle.can(SendToAgents):
            await self._dispatch.perform(chat, note)
        return True

    def heard(self, chat: LiveChat, line: TranscriptEvent, result: CallResult) -> None:
        """Take what plugins did about a line."""
        if not is_said_by_customer(line):
            return
        if chat.ownership.is_stopped:
            self._rescue_from_silence(chat)
        elif result.handled or (chat.ownership.muted and not chat.ownership.is_held):
            chat.settle_up()
        elif result.skipped:
            # it was left out, and none of the others knew an answer: there is nothing to wait for
            plugin = result.skipped[0]
            self._fallback.begin(chat, f"{_LEFT_OUT} {plugin}", chat.progress.name(_LEFT_OUT))

    def _rescue_from_silence(self, chat: LiveChat) -> None:
        """The bot is stopped, and its customer waits: for ever, if nobody else comes."""
        self._fallback.begin(chat, chat.ownership.muted, chat.progress.name(_STOPPED))

    @staticmethod
    def passed(chat: LiveChat, line: TranscriptEvent) -> None:
        """A line is done with: the customer has an answer if another agent has given one."""
        if line.sender.is_agent and is_public_text(line) and not chat.identity.is_me(line.sender):
            chat.settle_up()

    def handed_back(self, chat: LiveChat) -> None:
        """Who waited when the human agent came, and still does, waits for the bot from now on."""
        now = self._parts.clock.monotonic()
        chat.due.spoken_at = now
        chat.progress.idle(0)
        if chat.progress.owed_at:
            chat.due.owed_since = now

    def look_out(self, chat: LiveChat) -> None:
        """Have the chat woken when something is due."""
        self._timers.set(chat, self._next_at(chat))

    def is_being_handed(self, chat: LiveChat) -> bool:
        """A human agent who is there may have transferred the chat to the bot, and be on the way out."""
        if chat.resumes or chat.human is None or self._settings.on_agent_joined == "stay":
            return False
        now = self._parts.clock.monotonic()
        chat.due.alone_by = chat.due.alone_by or now + self._settings.settle_time
        self._timers.set(chat, chat.due.alone_by)
        return now < chat.due.alone_by

    def _next_at(self, chat: LiveChat) -> float:
        if chat.started_at is None:
            return math.inf  # before the bot has begun, nobody waits for it
        if chat.due.rescue is not None:
            return chat.due.rescue.next_at
        if not self._is_alone_with_customer(chat):
            return math.inf
        return min(self._owed_until(chat), self._idle_at(chat))

    async def attend(self, chat: LiveChat) -> bool:
        """Do what is due; False if nothing is."""
        if chat.due.rescue is not None:
            return False
        if chat.ownership.is_stopped and chat.progress.owed_at:
            self._rescue_from_silence(chat)  # an earlier run has not come to it
            return chat.due.rescue is not None
        if not self._is_alone_with_customer(chat):
            return False
        now = self._parts.clock.monotonic()
        if now >= self._owed_until(chat):
            self._fallback.begin(chat, _NO_ANSWER, chat.progress.name(_NO_ANSWER))
            return chat.due.rescue is not None
        if now >= self._idle_at(chat):
            await self._tell_idle(chat, now)
            return True
        return False

    async def rescue(self, chat: LiveChat) -> bool:
        """Hand the customer over, if that is due."""
        rescue = chat.due.rescue
        if rescue is None or rescue.next_at > self._parts.clock.monotonic():
            return False
        await self._fallback.go_on(chat, rescue)
        return True

    @staticmethod
    def _is_alone_with_customer(chat: LiveChat) -> bool:
        """Nobody else will do it, and somebody is there to do it for."""
        has_word = chat.ownership.is_held or not chat.ownership.muted
        return chat.is_live and has_word and not chat.ownership.human and not chat.abandoned

    def _owed_until(self, chat: LiveChat) -> float:
        if not chat.progress.owed_at or self._settings.fallback is None:
            return math.inf
        if not chat.due.owed_since:
            # an earlier run has left it so: nobody knows how well the clocks agree
            chat.due.owed_since = self._parts.clock.monotonic()
        return chat.due.owed_since + self._settings.reply_timeout

    def _idle_at(self, chat: LiveChat) -> float:
        if chat.ownership.is_held:
            return math.inf
        return chat.due.spoken_at + self._idle_after * (chat.progress.idles + 1)

    async def _tell_idle(self, chat: LiveChat, now: float) -> None:
        """Once for each time that passes; those that nobody was there for are left out."""
        # it is due, whatever is lost by rounding
        times = max(int((now - chat.due.spoken_at) / self._idle_after), chat.progress.idles + 1)
        event = ChatIdle(seconds=times * self._idle_after, **self._dispatch.about(chat))
        again = f":{times}" if times > 1 else ""
        then = partial(chat.progress.idle, times)
        await self._dispatch.run(chat, event, f"idle:{chat.due.spoken_index}{again}", then)
