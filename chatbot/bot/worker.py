"""Works off the mailbox of one chat: hooks one at a time, lines in order, parallel to other chats."""

from __future__ import annotations

import logging
from typing import Any

from chatbot.bot.asking import Asking
from chatbot.bot.history import end_of, join_point, present, unanswered_texts
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.hooks.bot import Bot
from chatbot.hooks.manager import CallResult
from chatbot.model.actions import Accept, Action, Complete, Leave, Reject
from chatbot.model.changes import changes
from chatbot.model.errors import ActionError, WireError
from chatbot.model.events import (
    ChatEnded,
    ChatOffered,
    ChatResumed,
    ChatStarted,
    Event,
    OperationFailed,
    ParticipantLeft,
    TextReceived,
    TranscriptEvent,
)
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState, Visibility

__all__ = ["Worker"]

log = logging.getLogger(__name__)


class Worker:
    """What a bot does for each of its chats.

    Args:
        parts: The bot's parts.
        bot: Handed to hooks.
        pipeline: Where the chats are.

    Attributes:
        stopping: No new hook is to begin.
    """

    def __init__(self, parts: Parts, bot: Bot, pipeline: Pipeline) -> None:
        self.stopping = False
        self._parts = parts
        self._bot = bot
        self._pipeline = pipeline
        self._asking = Asking(parts)
        self._taken: set[str] = set()

    async def drain(self, chat: LiveChat) -> None:
        """Do what there is to do in this chat now."""
        while not self.stopping and not chat.stalled and await self._step(chat):
            pass

    async def drain_unattributed(self) -> None:
        """Hand on what belongs to no chat."""
        while not self.stopping and self._pipeline.unattributed:
            event = self._pipeline.unattributed.pop(0)
            if not isinstance(event, OperationFailed) or not await self._pipeline.reattribute(event):
                await self._dispatch(None, event)

    async def _step(self, chat: LiveChat) -> bool:
        """One thing; False if there is nothing to do until something new is heard."""
        if chat.failures:
            await self._dispatch(chat, await chat.next_failure())
            return True
        if chat.started_at is None:
            return await self._begin(chat)
        return await self._go_on(chat)

    # before the bot is in the chat

    async def _begin(self, chat: LiveChat) -> bool:
        state = chat.resource.state
        if chat.is_over:
            return await self._end(chat)
        if state is None:
            return await self._find_out(chat)
        if state.is_live:
            return await self._start(chat)
        if state is ChatState.INVITED:
            return await self._offer(chat)
        if state in {ChatState.JOIN_FAILED, ChatState.LEFT_CHAT}:
            # nobody will do it for us, and the chat would stay for ever (reference 5.3)
            return await self._get_rid(chat, Complete())
        return False

    async def _find_out(self, chat: LiveChat) -> bool:
        """A chat that a line named first: what is it?"""
        try:
            resource = await self._parts.platform.chat(chat.id)
        except WireError as error:
            log.warning("a chat cannot be read: %s", error)
            chat.stalled = True
            return False
        if resource is None or resource.state is None or resource.state.is_final:
            self._pipeline.forget(chat)
            return False
        self._pipeline.update(resource)
        return True

    async def _offer(self, chat: LiveChat) -> bool:
        if chat.offered:
            return await self._offer_again(chat)
        chat.offered = True
        result = await self._dispatch(chat, ChatOffered(**self._about(chat)))
        decided = any(isinstance(action, Accept | Reject) for action in result.performed)
        if result.handled or decided or self.stopping:
            return True
        await self._decide(chat)
        return True

    async def _offer_again(self, chat: LiveChat) -> bool:
        """The chat still rings although it was to be accepted."""
        if not chat.accept_again or self.stopping:
            return False
        chat.accept_again = False
        await self._decide(chat)
        return True

    async def _decide(self, chat: LiveChat) -> None:
        """Accept the offer, or leave it to other agents."""
        settings = self._parts.settings
        if settings.max_chats and len(self._taken) >= settings.max_chats:
            await self._perform(chat, Reject())
        elif settings.auto_accept:
            self._taken.add(chat.id)
            if not await self._perform(chat, Accept(nickname=settings.nickname)):
                self._taken.discard(chat.id)
                chat.accept_failed = True

    async def _start(self, chat: LiveChat) -> bool:
        """The bot is in the chat: find out who else is and what was said, then tell the hooks."""
        lines = await self._asking.for_history(chat)
        if not chat.resource.participants:
            await self._ask_who_is_there(chat, lines)
        if not chat.is_live:
            return True
        if not chat.resource.participants:
            chat.stalled = True
            return False
        chat.history_to = end_of(lines) if chat.adopted else join_point(lines, chat.identity)
        chat.unanswered = unanswered_texts(lines, chat.history_to)
        chat.started_at = self._pipeline.now()
        chat.shown = chat.resource
        self._taken.add(chat.id)
        about = self._about(chat)
        await self._dispatch(chat, ChatResumed(**about) if chat.adopted else ChatStarted(**about))
        return True

    async def _ask_who_is_there(self, chat: LiveChat, lines: list[TranscriptEvent]) -> None:
        """Read the list of participants; if there is none, take it from the transcript."""
        try:
            resource = await self._parts.platform.chat(chat.id)
        except WireError as error:
            log.warning("the participants of a chat cannot be read: %s", error)
            resource = None
        if resource is not None:
            self._pipeline.update(resource)
        if not chat.resource.participants:
            self._pipeline.update(ChatResource(id=chat.id, participants=present(lines)))

    # while the bot is in the chat

    async def _go_on(self, chat: LiveChat) -> bool:
        if not chat.is_over and chat.shown is not chat.resource:
            return await self._tell_changes(chat)
        if not chat.is_over and (chat.must_ask or chat.order.is_missing_lines):
            return await self._asking.for_missing(chat)
        if chat.order.is_missing_lines:
            # the end came before they could be asked for
            chat.order.give_up_asking()
        if chat.unordered:
            await self._dispatch(chat, chat.unordered.popleft())
            return True
        if (line := chat.order.next()) is not None:
            await self._take_line(chat, line)
            return True
        return await (self._end(chat) if chat.is_over else self._look_after(chat))

    async def _tell_changes(self, chat: LiveChat) -> bool:
        before, chat.shown = chat.shown, chat.resource
        now = self._pipeline.now()
        for event in changes(before, chat.resource, bot=self._bot.name, received_at=now):
            await self._dispatch(chat, event)
        return True

    async def _take_line(self, chat: LiveChat, line: TranscriptEvent) -> None:
        if self._is_for_hooks(chat, line):
            await self._dispatch(chat, line)
        chat.order.done(line)
        if line.sender.is_customer and line.position > chat.history_to:
            self._follow_customer(chat, line)

    def _is_for_hooks(self, chat: LiveChat, line: TranscriptEvent) -> bool:
        """Who hears what: design 4.3."""
        if line.position <= chat.history_to and line.index not in chat.unanswered:
            return False
        if chat.identity.is_me(line.sender):
            return False
        if not isinstance(line, TextReceived) or self._parts.settings.listen_to_agents:
            return True
        return line.sender.is_customer and line.visibility is Visibility.ALL

    def _follow_customer(self, chat: LiveChat, line: TranscriptEvent) -> None:
        """Whether anybody is left to talk to, by this line and the list of participants."""
        if isinstance(line, ParticipantLeft):
            others = [person for person in chat.handle.participants if person.is_customer]
            chat.abandoned = all(person.participant_id == line.sender.participant_id for person in others)
        else:
            chat.abandoned = False

    async def _look_after(self, chat: LiveChat) -> bool:
        """A chat without a customer is over: it must not keep the bot's place at the server.

        Other agents keep the chat; alone, the bot completes it.
        """
        if chat.resource.state is ChatState.LEFT_CHAT and not chat.left_by_bot:
            return await self._get_rid(chat, Complete())
        if chat.abandoned and chat.is_live:
            return await self._get_rid(chat, Leave() if chat.handle.agents else Complete())
        return False

    # the end

    async def _get_rid(self, chat: LiveChat, action: Action) -> bool:
        """End what nobody will end for us; tried again when something new is heard."""
        chat.stalled = True
        if not await self._perform(chat, action):
            # a refusal makes the chat be read again, and that is no news
            chat.stalled = not chat.is_over
        chat.left_by_bot = False
        return True

    async def _end(self, chat: LiveChat) -> bool:
        chat.ended = True
        self._taken.discard(chat.id)
        for task in chat.tasks:
            task.cancel()
        if chat.offered or chat.started_at is not None:
            reason = "gone" if chat.gone else str(chat.resource.state)
            await self._dispatch(chat, ChatEnded(reason=reason, **self._about(chat)))
        self._pipeline.forget(chat)
        return False

    async def _dispatch(self, chat: LiveChat | None, event: Event) -> CallResult:
        """Hand one event to the plugins: first to those that watch all, then to its own hook."""
        self._parts.counters.events[type(event).__name__] += 1
        handle = chat.handle if chat is not None else None
        result = CallResult()
        for hook in ("on_event", event.hook):
            if self._parts.plugins.hooks(hook):
                told = await self._call(hook, bot=self._bot, chat=handle, event=event)
                result.handled = told.handled
                result.performed += told.performed
        return result

    async def _call(self, hook: str, **arguments: Any) -> CallResult:
        result = await self._parts.plugins.call(
            hook, timeout_s=self._parts.settings.hook_timeout, **arguments
        )
        self._parts.counters.hook_failures.update(result.failed)
        return result

    async def _perform(self, chat: LiveChat, action: Action) -> bool:
        try:
            await chat.handle.perform(action)
        except ActionError as error:
            log.warning("%s", error)
            return False
        return True

    def _about(self, chat: LiveChat) -> dict[str, Any]:
        return {"bot": self._bot.name, "chat_id": chat.id, "received_at": self._pipeline.now()}
