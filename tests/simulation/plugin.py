"""The plugin under test: answers every text with what names it, and waits now and then."""

from __future__ import annotations

import asyncio
import random

from chatbot import (
    Bot,
    Chat,
    ChatEnded,
    ChatResumed,
    ChatStarted,
    SessionReport,
    TextReceived,
    TypingStarted,
    hookimpl,
)
from chatbot.hooks.loader import LoadedPlugin
from chatbot.model.clock import Clock
from chatbot.model.errors import ActionError
from tests.simulation.chats import BASE
from tests.simulation.loop import PROCESS, for_ever
from tests.simulation.options import ASKS_FOR_S, HOOK_TIMEOUT_S, SLOW_S
from tests.simulation.truth import HookStart, Truth, replies_to

__all__ = ["Answers", "PlannedError", "loaded"]

_OLD_S = 5.0
_KNOWN_AFTER_S = 3.0
# no run of ours has so many lines
_MOST_HOOKS = 1000


class PlannedError(Exception):
    """What a plugin raises on purpose."""


class Answers:
    """The plugin.

    Args:
        truth: Where it tells that it was called.
        clock: For waits inside hooks.
        rng: What it does beside answering.
        changes_its_mind: Whether it proposes other words when it is asked again, as a language model does.
        dresses: Whether replies hold what servers like to rewrite.
    """

    def __init__(
        self, truth: Truth, clock: Clock, rng: random.Random, *, changes_its_mind: bool, dresses: bool
    ) -> None:
        self._truth = truth
        self._clock = clock
        self._rng = rng
        self._changes_its_mind = changes_its_mind
        self._dresses = dresses

    @hookimpl
    async def on_bot_started(self, bot: Bot) -> None:
        self._truth.note("hook", "on_bot_started")

    @hookimpl
    async def on_chat_started(self, chat: Chat, event: ChatStarted) -> None:
        self._enter("on_chat_started", chat)
        await self._say(chat, "hello", 0)

    @hookimpl
    async def on_chat_resumed(self, chat: Chat, event: ChatResumed) -> None:
        self._enter("on_chat_resumed", chat)

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> bool:
        await self._answer(chat, event)
        try:
            while event.text.startswith("ask"):
                # the reply was a question: the next text is for this hook
                event = await chat.wait_for(TextReceived, where=is_of_customer, timeout=ASKS_FOR_S)
                self._truth.counts["waited for"] += 1
                await self._answer(chat, event)
        except TimeoutError:
            self._truth.note("hook", "on_text %s: nobody answered", chat.id)
        return True

    async def _answer(self, chat: Chat, event: TextReceived) -> None:
        """What is done for one line."""
        process = PROCESS.get()
        assert process is not None
        assert event.index is not None
        ms = milliseconds(event)
        running = (process.number, chat.id)
        truth = self._truth
        if running in truth.running:
            truth.find("I3", f"two hooks of {chat.id} run at once")
        truth.running.add(running)
        self._check_who(chat, event)
        start = HookStart(truth.now(), process.number, chat.id, event.index, ms)
        truth.hooks.append(start)
        truth.note("hook", "on_text %s line %d %r", chat.id, event.index, event.text)
        self._check_memory(chat, start)
        try:
            await self._misbehave(event.text)
            await self._beside(chat, event.text, ms)
            for text in replies_to(event.text, ms):
                await self._say(chat, text, ms)
            chat.memory["ms"] = ms
            start.is_kept = True
        except asyncio.CancelledError:
            start.is_cut = True
            truth.on_cut(chat.id, ms)
            raise
        finally:
            # not reached by a process that is killed
            truth.running.discard(running)
            start.ended_at = truth.now()
        truth.note("hook", "on_text %s line %d is done", chat.id, event.index)

    @hookimpl
    async def on_typing_started(self, chat: Chat, event: TypingStarted) -> None:
        truth = self._truth
        truth.note("hook", "on_typing_started %s line %s", chat.id, event.index)
        truth.counts["typing"] += 1
        # what has been said long enough ago is known to the bot, if nothing is lost on the way
        age_s = (truth.newest_ms(chat.id, truth.now() - _KNOWN_AFTER_S) - milliseconds(event)) / 1000
        if truth.prompt_s and age_s > _OLD_S:
            truth.find("I18", f"typing in {chat.id} is {age_s:g} s older than what was said since")

    @hookimpl
    async def on_chat_ended(self, chat: Chat, event: ChatEnded) -> None:
        self._truth.note("hook", "on_chat_ended %s: %s", chat.id, event.reason)
        self._truth.ended.append(chat.id)

    @hookimpl
    async def on_session_report(self, chat: Chat, event: SessionReport) -> None:
        self._truth.note("hook", "on_session_report %s", chat.id)
        self._truth.reports.append(event)

    def _check_who(self, chat: Chat, event: TextReceived) -> None:
        """Design 4.3: the customer is heard, and nobody else; the bot knows itself."""
        if not event.sender.is_customer or event.visibility != "All":
            self._truth.find("private", f"{chat.id} line {event.index} is not for the bot")
        if chat.me is not None and chat.me.participant_id not in self._truth.own_ids(chat.id):
            self._truth.find("identity", f"{chat.id}: the bot takes {chat.me.participant_id} for itself")

    def _enter(self, hook: str, chat: Chat) -> None:
        self._truth.note("hook", "%s %s", hook, chat.id)
        process = PROCESS.get()
        assert process is not None
        self._truth.entered.add((process.number, chat.id))

    def _check_memory(self, chat: Chat, start: HookStart) -> None:
        """What was kept at the end of the last line that is durably done with is there again."""
        if (start.life, chat.id) not in self._truth.entered and not self._truth.is_over(chat.id):
            self._truth.find("resumed", f"{chat.id}: hooks were not told that life {start.life} is in it")
        if len(self._truth.hooks) == _MOST_HOOKS:
            self._truth.find("spin", f"{chat.id}: hooks are run again and again")
        if chat.id in self._truth.ended or len(self._truth.hooks) > _MOST_HOOKS:
            return  # an old notice of an end made it begin anew, or nothing is as it should be
        kept = [one for one in self._truth.hooks if one.chat == chat.id and one.is_kept]
        durable = [number for number, one in enumerate(kept) if self._truth.is_durable(one)]
        if durable and chat.memory.get("ms") not in {one.ms for one in kept[durable[-1] :]}:
            self._truth.find("memory", f"{chat.id}: {chat.memory.get('ms')} is kept, not {kept[-1].ms}")

    @staticmethod
    async def _misbehave(text: str) -> None:
        if text.startswith("fail"):
            raise PlannedError
        if text.startswith("overrun"):
            await asyncio.sleep(10 * HOOK_TIMEOUT_S)
        if text.startswith("poison"):
            process = PROCESS.get()
            assert process is not None
            process.kill()
            await for_ever()

    async def _beside(self, chat: Chat, text: str, ms: int) -> None:
        # the same when it is asked again: an operation is known by its place among the others of its hook
        chance = ms * 7919 % 100 / 100
        if text.startswith("slow"):
            await self._clock.sleep(SLOW_S)
        elif text.startswith("mm"):
            return
        elif chance < 0.15:
            async with chat.typing():
                await self._clock.sleep(self._rng.random() * 0.3)
        elif chance < 0.3:
            await self._clock.sleep(self._rng.random())
        elif chance < 0.4:
            try:
                await chat.update_user_data({"step": "answered"})
            except ActionError as error:
                self._truth.note("hook", "user data: %s", error)

    async def _say(self, chat: Chat, text: str, ms: int) -> None:
        dressed = f" {text}  <b>&</b> " if self._dresses and text.startswith("re ") else text
        if self._changes_its_mind and text.startswith("re "):
            dressed += f"~{self._rng.randrange(1000)}"
        try:
            await chat.send_text(dressed)
        except ActionError as error:
            self._truth.on_refusal(chat.id, ms, text, error)
            raise


def is_of_customer(event: TextReceived) -> bool:
    """Whether it answers a question."""
    return event.sender.is_customer


def milliseconds(event: TextReceived | TypingStarted) -> int:
    """When the line was said, as the server counts."""
    assert event.timestamp is not None
    return round((event.timestamp - BASE).total_seconds() * 1000)


def loaded(plugin: Answers) -> LoadedPlugin:
    """As the loader would hand it over."""
    return LoadedPlugin("answers", plugin, None, "")
