"""Works off the mailbox of one chat: hooks one at a time, lines in order, parallel to other chats."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from chatbot.bot.asking import Asking
from chatbot.bot.beginning import Beginning
from chatbot.bot.care import Care
from chatbot.bot.dispatch import Dispatch, Stopped
from chatbot.bot.ending import Ending
from chatbot.bot.history import is_said_by_customer
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.sender import Sender
from chatbot.bot.turn import LeftAside
from chatbot.bot.view import is_not_over, is_told_late, read_view
from chatbot.hooks.manager import CallResult
from chatbot.hooks.trace import BEFORE
from chatbot.model.actions import Action, Complete, Leave
from chatbot.model.changes import changes
from chatbot.model.errors import WireError
from chatbot.model.events import (
    ChatHandedBack,
    ChatTakenOver,
    Event,
    OperationFailed,
    ParticipantLeft,
    TextReceived,
    TranscriptEvent,
    TypingStarted,
    TypingStopped,
)
from chatbot.model.resources import ChatResource, Participant
from chatbot.model.words import ChatState, Visibility

__all__ = ["Worker"]

log = logging.getLogger(__name__)

# How old a typing indicator may be, against the newest line of its chat (reliability 2.3).
_TYPING_LASTS_S = 5.0
# How long an accepted Complete may take to show.
_LEAVING_TAKES_S = 10.0
_NOT_FOR_HOOKS = "not a customer's text that all can see, and listen_to_agents is off"


class Worker:
    """What a bot does for each of its chats.

    Args:
        parts: The bot's parts.
        pipeline: Where the chats are.
        sender: Settles what was sent.
        dispatch: Calls the hooks.
        care: Knows what is due.
    """

    def __init__(
        self, parts: Parts, pipeline: Pipeline, sender: Sender, dispatch: Dispatch, care: Care
    ) -> None:
        self._parts = parts
        self._pipeline = pipeline
        self._sender = sender
        self._dispatch = dispatch
        self._care = care
        self._asking = Asking(parts)
        self._beginning = Beginning(parts, pipeline, sender, dispatch, care)
        self._ending = Ending(parts, pipeline, dispatch)

    async def drain(self, chat: LiveChat) -> None:
        """Do what there is to do in this chat now."""
        worker = chat.worker = object()
        chat.waits.backlog.begins(self._parts.clock.monotonic())
        try:
            while not self._dispatch.stopping and await self._go(chat):
                chat.waits.backlog.begins(self._parts.clock.monotonic())
        except Stopped:
            log.debug("hooks that were to begin are left to the next process")
        except LeftAside:
            log.debug("another worker has gone on with the chat")
        finally:
            if chat.worker is worker:
                self._rest(chat)

    async def _go(self, chat: LiveChat) -> bool:
        """One thing, first for those who wait; False if there is nothing to do."""
        return await chat.waits.lend() or (not chat.stalled and await self._step(chat))

    def _rest(self, chat: LiveChat) -> None:
        chat.worker = None
        chat.waits.backlog.rests(is_waiting=chat.order.is_missing_lines or chat.order.next() is not None)
        self._dispatch.acquit(chat)
        if self._dispatch.stopping:
            # what was not run to its end did not crash
            chat.progress.withdraw()
        if not chat.ended:
            chat.progress.flush()
            self._care.look_out(chat)
        self._dispatch.flush()

    async def drain_unattributed(self) -> None:
        """Hand on what belongs to no chat."""
        while not self._dispatch.stopping and self._pipeline.unattributed:
            event = self._pipeline.unattributed.pop(0)
            if not isinstance(event, OperationFailed) or not await self._pipeline.reattribute(event):
                await self._dispatch.tell_outside(event)

    async def _step(self, chat: LiveChat) -> bool:
        """One thing; False if there is nothing to do until something new is heard."""
        if chat.ended:
            return await self._end(chat)
        if chat.failures:
            await self._tell(chat, await chat.next_failure())
            return True
        if chat.is_in_doubt and not chat.is_over:
            return await self._find_out(chat)
        if chat.started_at is None:
            return await self._begin(chat)
        return await self._go_on(chat)

    async def _find_out(self, chat: LiveChat) -> bool:
        """What the chat is now: a late notice, a line, or an earlier run has named it."""
        try:
            resource = await read_view(self._parts.platform, chat)
        except WireError as error:
            log.warning("a chat cannot be read: %s", error)
            chat.stalled = True
            return False
        return self._settle_doubt(chat, resource) if chat.is_in_doubt else self._take_up(chat, resource)

    def _settle_doubt(self, chat: LiveChat, resource: ChatResource | None) -> bool:
        """It rings, and the bot was in it: an old notice, or its end was missed and it is offered anew."""
        if resource is None:
            chat.stalled = True  # the next comparison tells whether it is gone
            return False
        chat.is_in_doubt = False
        if resource.state is ChatState.INVITED:
            self._pipeline.lose(chat, again=resource)
        else:
            self._pipeline.update(resource)
        return True

    def _take_up(self, chat: LiveChat, resource: ChatResource | None) -> bool:
        """Nothing was known but its id."""
        chat.is_unproven = False
        if resource is not None and resource.state is None and chat.resumes:
            # a list of addresses tells no states; the bot was in it
            resource = resource.model_copy(update={"state": ChatState.CHATTING})
        if resource is not None and resource.state is not None:
            self._pipeline.update(resource)
            return True
        if chat.progress.phase is None:
            self._pipeline.forget(chat)
        chat.stalled = True  # the next comparison tells whether it is gone
        return False

    # before the bot is in the chat

    async def _begin(self, chat: LiveChat) -> bool:
        state = chat.resource.state
        if chat.is_over:
            return await is_not_over(self._parts.platform, chat) or await self._end(chat)
        if state is None:
            return await self._find_out(chat)
        if state.is_live:
            return await self._beginning.start(chat)
        if state is ChatState.INVITED:
            return await self._beginning.offer(chat)
        if state in {ChatState.JOIN_FAILED, ChatState.LEFT_CHAT}:
            # nobody will do it for us, and the chat would stay for ever (reference 5.3)
            return await self._get_rid(chat, Complete())
        return False

    # while the bot is in the chat

    async def _go_on(self, chat: LiveChat) -> bool:
        if await is_told_late(self._parts.platform, chat):
            return True
        if not chat.is_over and await self._tell_news(chat):
            return True
        if self._has_to_ask(chat):
            return await self._ask(chat)
        if chat.unordered:
            await self._tell(chat, chat.unordered.popleft())
            return True
        if (line := chat.order.next()) is not None:
            await self._take_line(chat, line)
            return True
        return await (self._end(chat) if chat.is_over else self._look_after(chat))

    @staticmethod
    def _has_to_ask(chat: LiveChat) -> bool:
        if chat.is_over:
            return not chat.is_read_out
        return chat.must_ask or chat.order.is_missing_lines

    async def _ask(self, chat: LiveChat) -> bool:
        chat.progress.flush()
        if chat.is_over:
            await self._asking.last_look(chat)
            return True
        went_on = await self._asking.for_missing(chat)
        await self._sender.chase(chat, chat.due.read_at)
        return went_on

    async def _tell_news(self, chat: LiveChat) -> bool:
        """What is no line: the chat as a whole has changed, or goes to somebody else."""
        if chat.shown is not chat.resource:
            return await self._tell_changes(chat)
        if chat.ownership.news:
            human = chat.ownership.news.popleft()
            self._parts.counters.takeovers += human is not None
            chat.draft.take_over(human=human is not None)
            if human is None:
                self._care.handed_back(chat)
            await self._tell(chat, self._owner_changed(chat, human))
            return True
        return await self._care.tell_agents(chat) or await self._care.rescue(chat)

    async def _tell_changes(self, chat: LiveChat) -> bool:
        before, chat.shown = chat.shown, chat.resource
        now = self._pipeline.now()
        for event in changes(before, chat.resource, bot=self._parts.name, received_at=now):
            await self._tell(chat, event)
        return True

    def _owner_changed(self, chat: LiveChat, human: Participant | None) -> Event:
        about = self._dispatch.about(chat)
        return ChatTakenOver(agent=human, **about) if human is not None else ChatHandedBack(**about)

    async def _tell(self, chat: LiveChat, event: Event) -> None:
        """What is not repeated after a crash: it has no place in the transcript."""
        chat.progress.flush()
        await self._dispatch.tell(chat, event, chat.progress.name(event.hook))

    async def _take_line(self, chat: LiveChat, line: TranscriptEvent) -> None:
        self._note_gap(chat, line)
        self._count(chat, line)
        then = partial(self._pass, chat, line)
        if reason := self._passed_over(chat, line):
            self._dispatch.hear(line, partial(chat.progress.trigger_of, line), reason)
            then()
            return
        self._care.is_about_to_hear(chat, line)
        if self._dispatch.is_wanted(chat, line):
            trigger, if_left = chat.progress.trigger_of(line), partial(self._care.left, chat, line)
            result = await self._dispatch.run(chat, line, trigger, then, if_left)
            self._care.heard(chat, line, result)
        else:
            self._dispatch.hear(line, partial(chat.progress.trigger_of, line))
            self._care.heard(chat, line, CallResult())
            then()
        if chat.order.next() is None:
            chat.progress.flush()

    @staticmethod
    def _count(chat: LiveChat, line: TranscriptEvent) -> None:
        """For the report, before its hooks begin: with that it is durable, and counted once."""
        progress = chat.progress
        is_of_old = line.position <= progress.history_to and line.index not in progress.unanswered
        if is_said_by_customer(line) and not is_of_old and not progress.is_done(line):
            chat.draft.hear(line.position)

    def _pass(self, chat: LiveChat, line: TranscriptEvent) -> None:
        """The line is done with."""
        chat.progress.passed(line)
        self._care.passed(chat, line)
        chat.must_ask = chat.must_ask or chat.progress.prints.are_overdue
        if line.sender.is_customer and line.position > chat.progress.history_to:
            self._follow_customer(chat, line)
            chat.waits.look()

    def _note_gap(self, chat: LiveChat, line: TranscriptEvent) -> None:
        """The server was asked, and has nothing there."""
        cursor = chat.order.cursor
        if cursor and line.position > cursor + 1:
            self._parts.counters.gaps += 1
            chat.report("gap", f"{cursor + 1} to {line.position - 1}")

    def _passed_over(self, chat: LiveChat, line: TranscriptEvent) -> str:
        """Why no hook hears of the line (design 4.3); empty if plugins are asked."""
        progress = chat.progress
        if line.position <= progress.history_to and line.index not in progress.unanswered:
            return BEFORE
        if chat.identity.is_me(line.sender):
            return "the bot's own"
        if progress.is_done(line):
            return "it was handled before the transcript lost its end"
        if self._is_late_typing(chat, line):
            return "who was typing then is of no interest now"
        return "" if self._is_heard(line) else _NOT_FOR_HOOKS

    def _is_heard(self, line: TranscriptEvent) -> bool:
        if not isinstance(line, TextReceived) or self._parts.settings.listen_to_agents:
            return True
        return line.sender.is_customer and line.visibility is Visibility.ALL

    @staticmethod
    def _is_late_typing(chat: LiveChat, line: TranscriptEvent) -> bool:
        """Who was typing then is of no interest now."""
        if not isinstance(line, TypingStarted | TypingStopped):
            return False
        newest, was_told = chat.order.newest, line.position > chat.told_late_to
        if line.timestamp is None or newest is None:
            return not was_told
        if not was_told and line.position > chat.order.spoken_to:
            return True  # nothing that was said since tells how old it is
        return (newest - line.timestamp).total_seconds() > _TYPING_LASTS_S

    def _follow_customer(self, chat: LiveChat, line: TranscriptEvent) -> None:
        """Whether anybody is left to talk to, by this line and the list of participants."""
        chat.is_looked_over = False
        if isinstance(line, ParticipantLeft):
            others = [person for person in chat.handle.participants if person.is_customer]
            chat.abandoned = all(person.participant_id == line.sender.participant_id for person in others)
            chat.due.customer_left_at = line.timestamp
        elif not _is_before(line.timestamp, chat.due.customer_left_at):
            # what was said before the leaving, and comes later, does not bring the customer back
            chat.abandoned = False
        if chat.is_live or chat.outbox.endings.last is None:
            # else the bot was out of it already
            chat.draft.leave(line.position, abandoned=chat.abandoned)

    async def _look_after(self, chat: LiveChat) -> bool:
        """What is due though nothing was said.

        A chat without a customer is over, unless bots.toml says otherwise: it must not keep the bot's place
        at the server. Other agents keep the chat; alone, the bot completes it.
        """
        if chat.resource.state is ChatState.LEFT_CHAT and not chat.left_by_bot:
            return await self._get_rid(chat, Complete())
        if chat.ownership.is_to_leave and chat.is_live:
            return await self._get_rid(chat, Leave())
        if chat.abandoned and chat.is_live and self._parts.settings.on_customer_left != "stay":
            if not chat.is_looked_over:
                # somebody may be back, and not told of yet
                chat.is_looked_over = True
                return await self._ask(chat)
            return await self._get_rid(chat, self._goodbye(chat))
        return await self._care.attend(chat)

    def _goodbye(self, chat: LiveChat) -> Action:
        is_alone = not chat.handle.agents and chat.human is None
        return Complete() if is_alone and self._parts.settings.on_customer_left == "complete" else Leave()

    # the end

    async def _get_rid(self, chat: LiveChat, action: Action) -> bool:
        """End what nobody will end for us; tried again when something new is heard."""
        chat.stalled = True
        now = self._parts.clock.monotonic()
        if chat.due.leaving_by == action.operation and now < chat.due.leaving_until:
            return False  # accepted already: old views of the chat may still come
        chat.due.leaving_by, chat.due.leaving_until = action.operation, now + _LEAVING_TAKES_S
        if not await self._dispatch.perform(chat, action):
            chat.due.leaving_by = ""
            # a refusal makes the chat be read again, and that is no news
            chat.stalled = not chat.is_over and chat.order.next() is None
        chat.left_by_bot = False
        return True

    async def _end(self, chat: LiveChat) -> bool:
        self._beginning.taken.discard(chat.id)
        await self._ending.end(chat)
        return False


def _is_before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other
