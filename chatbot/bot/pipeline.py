"""From notifications to the mailboxes of chats. Never waits: the read loop runs through here.

Chats are created on sight, by whatever notification comes first (reference 7.1), and forgotten
when they end.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import datetime
from typing import Protocol

from chatbot.bot.live import LiveChat
from chatbot.bot.place import inside
from chatbot.hooks.chat import Chat
from chatbot.model.clock import Clock
from chatbot.model.events import ChatUpdated, Event, OperationFailed, TranscriptEvent, UnknownMessage
from chatbot.model.notifications import Notification
from chatbot.model.parse import parse
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState

__all__ = ["Pipeline"]

log = logging.getLogger(__name__)

_MOST_REMEMBERED = 1000
_MOST_UNATTRIBUTED = 100


class Owner(Protocol):
    """What the pipeline needs from the bot."""

    def new_chat(self, resource: ChatResource) -> LiveChat:
        """The state of a chat seen first."""
        ...

    def wake(self, chat: LiveChat | None) -> None:
        """A chat has something to do; None: there is something that belongs to no chat."""
        ...

    def told(self, chat_ids: set[str | None]) -> None:
        """A notification about these chats has come."""
        ...

    def heard(self, chat: LiveChat) -> None:
        """A new line of this chat was told: it need not be asked after for a while."""
        ...

    def resync(self) -> None:
        """Something came whose chat is not known: all have to be read."""
        ...


class Pipeline:
    """All chats of one bot.

    Args:
        bot: The bot's name.
        clock: For the time of receipt.
        owner: The bot.

    Attributes:
        chats: The chats that the bot has now.
        handles: The same, as hooks see them.
        unattributed: Events that belong to no chat, not handed on yet.
    """

    def __init__(self, bot: str, *, clock: Clock, owner: Owner) -> None:
        self.chats: dict[str, LiveChat] = {}
        self.handles: dict[str, Chat] = {}
        self.unattributed: list[Event] = []
        self._bot = bot
        self._clock = clock
        self._owner = owner
        self._ended: OrderedDict[str, None] = OrderedDict()

    def feed(self, notification: Notification) -> None:
        """Take one notification. Never raises for what it holds."""
        events = parse(notification.data, bot=self._bot, received_at=self.now())
        self._owner.told({event.chat_id for event in events})
        for event in events:
            with inside(chat=event.chat_id or ""):
                self._route(event)

    def update(self, resource: ChatResource) -> None:
        """Take a view of a chat that was read by REST."""
        self._updated(self._view(resource))

    def _view(self, resource: ChatResource) -> ChatUpdated:
        return ChatUpdated(bot=self._bot, chat_id=resource.id, received_at=self.now(), chat=resource)

    def take_over(self, chat_id: str) -> None:
        """Go on with a chat that an earlier run has left, whether the server still lists it or not."""
        self._create(ChatResource(id=chat_id))

    def lose(self, chat: LiveChat, again: ChatResource | None = None) -> None:
        """The server does not list the chat any more, or has it as a new offer."""
        chat.gone = True
        chat.waits.look()
        chat.again = self._view(again) if again is not None else chat.again
        chat.stalled = False
        self._owner.wake(chat)

    def miss(self) -> None:
        """The server does not list a chat just now: all are compared, and this one is looked for again."""
        self._owner.resync()

    async def reattribute(self, failure: OperationFailed) -> bool:
        """Look again for the chat of a report: it may have come before the answer that names both."""
        for busy in [chat for chat in self.chats.values() if chat.sending.locked()]:
            async with busy.outbox.asking:
                pass
        chat = self._by_reference(failure.reference_id)
        if chat is not None:
            self._failed(failure)
        return chat is not None

    def forget(self, chat: LiveChat) -> None:
        """The chat has ended: lines that still come for it are dropped, unless it has come back."""
        self.chats.pop(chat.id, None)
        self.handles.pop(chat.id, None)
        self._remember_end(chat.id)
        if chat.again is not None:
            self._updated(chat.again)

    def _remember_end(self, chat_id: str) -> None:
        self._ended[chat_id] = None
        while len(self._ended) > _MOST_REMEMBERED:
            self._ended.popitem(last=False)

    def has_ended(self, chat_id: str) -> bool:
        """Whether it was the bot's once."""
        return chat_id in self._ended

    def now(self) -> datetime:
        """The time of receipt."""
        return self._clock.now()

    def _route(self, event: Event) -> None:
        match event:
            case ChatUpdated():
                self._updated(event)
            case OperationFailed():
                self._failed(event)
            case TranscriptEvent(chat_id=str(chat_id)):
                self._heard(chat_id, event)
            case _:
                self._unattributable(event)

    def _updated(self, update: ChatUpdated) -> None:
        chat = self.chats.get(update.chat.id) or self._begun(update)
        if chat is not None and chat.is_unproven and update.notification:
            chat.views += 1
            self._owner.wake(chat)
        elif chat is not None:
            self._take(chat, update)

    def _take(self, chat: LiveChat, update: ChatUpdated) -> None:
        if chat.is_over and update.notification:
            # hooks are still busy with its end, and it may be offered anew
            chat.again = update if update.chat.state is ChatState.INVITED else None
        is_first = chat.resource.state is None and chat.progress.phase is None
        if is_first and update.notification != "StatusChange":
            # it did not begin under our eyes: an earlier process of this bot was in it
            chat.resumes = _is_live(update)
        chat.update(update)
        chat.waits.backlog.changed(self._clock.monotonic())
        self._owner.wake(chat)

    def _begun(self, update: ChatUpdated) -> LiveChat | None:
        """The chat that this view begins, if it begins one."""
        if update.chat.state is None:
            return None
        if update.chat.state.is_final:
            self._remember_end(update.chat.id)
            return None
        # what is told of a chat that has ended may have been held up on its way: the server is asked
        is_unproven = update.chat.id in self._ended and bool(update.notification)
        chat = self._create(ChatResource(id=update.chat.id))
        chat.is_unproven = is_unproven
        return chat

    def _heard(self, chat_id: str, line: TranscriptEvent) -> None:
        chat = self.chats.get(chat_id)
        if chat is None:
            if chat_id in self._ended:
                log.debug("a line of a chat that has ended was dropped")
                return
            chat = self._create(ChatResource(id=chat_id))
        if line.position > chat.order.highest:
            self._owner.heard(chat)
            chat.waits.backlog.came(line.position, self._clock.monotonic())
        chat.hear(line)
        self._owner.wake(chat)

    def _failed(self, failure: OperationFailed) -> None:
        """The report may name no chat: then only its reference id can tell (reference 1.3)."""
        chat = self.chats.get(failure.chat_id or "") or self._by_reference(failure.reference_id)
        if chat is None:
            self._unattributable(failure)
            return
        chat.fail(failure.model_copy(update={"chat_id": chat.id}))
        chat.waits.backlog.changed(self._clock.monotonic())
        self._owner.wake(chat)

    def _by_reference(self, reference_id: str | None) -> LiveChat | None:
        return next((chat for chat in self.chats.values() if chat.outbox.knows(reference_id)), None)

    def _unattributable(self, event: Event) -> None:
        if isinstance(event, TranscriptEvent) and not isinstance(event, UnknownMessage):
            self._owner.resync()
            return
        if len(self.unattributed) < _MOST_UNATTRIBUTED:
            self.unattributed.append(event)
        self._owner.wake(None)

    def _create(self, resource: ChatResource) -> LiveChat:
        chat = self.chats[resource.id] = self._owner.new_chat(resource)
        self.handles[resource.id] = chat.handle
        self._ended.pop(resource.id, None)
        return chat


def _is_live(update: ChatUpdated) -> bool:
    return update.chat.state is not None and update.chat.state.is_live
