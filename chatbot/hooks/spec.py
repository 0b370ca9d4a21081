"""All hooks a plugin may implement: when each runs, with what, and what its return value means.

A hook takes any of ``bot``, ``chat``, ``event`` (and ``settings``, if its plugin has a ``Settings``
model), by name and in any order. It is ``async def``; a plain ``def`` runs in a worker thread.

Unless its text says otherwise, a hook may return ``None`` (go on to the next plugin), ``True``
(handled: later plugins are not asked) or a ``str`` (send it as the reply; handled). Plugins are
asked in the order in which ``bots.toml`` lists them; ``@hookimpl(tryfirst=True)`` and
``trylast=True`` move one to the front or the end. Hooks of one chat run one at a time, in the order
in which things were said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar, overload

import pluggy

from chatbot.hooks.bot import Bot
from chatbot.hooks.chat import Chat
from chatbot.model.actions import Action
from chatbot.model.events import (
    CapabilitiesChanged,
    ChatEnded,
    ChatHandedBack,
    ChatIdle,
    ChatOffered,
    ChatResumed,
    ChatStarted,
    ChatTakenOver,
    CustomNoticeReceived,
    Event,
    NicknameUpdated,
    NoticeReceived,
    OperationFailed,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantRejoined,
    ParticipantsChanged,
    SessionReport,
    TextReceived,
    TranscriptSaved,
    TypingStarted,
    TypingStopped,
    UnknownMessage,
    UrlPushed,
    UserDataChanged,
)

__all__ = ["PROJECT", "hookimpl", "hookspec"]

PROJECT = "chatbot"
hookspec = pluggy.HookspecMarker(PROJECT)
Reply = bool | str | None
F = TypeVar("F", bound=Callable[..., Reply | Action | Awaitable[Reply | Action]])


class HookMark(Protocol):
    """What ``hookimpl`` is to a type checker, which so refuses what no hook may return.

    A name is nothing to it: whether the event is that of the hook it cannot see.
    """

    @overload
    def __call__(self, function: F, /) -> F: ...
    @overload
    def __call__(
        self, *, tryfirst: bool = False, trylast: bool = False, specname: str | None = None
    ) -> Callable[[F], F]: ...


hookimpl: HookMark = pluggy.HookimplMarker(PROJECT)
"""Marks a function or method of a plugin as a hook."""


@hookspec
def on_text(bot: Bot, chat: Chat, event: TextReceived, settings: Any) -> Reply:
    """The customer said something that all can see.

    With ``listen_to_agents = true`` also texts of agents and texts that only agents see; look at
    ``event.sender`` and ``event.visibility`` then. Never the bot's own texts. On joining a chat,
    texts that no agent has answered yet come first.
    """


@hookspec
def on_typing_started(bot: Bot, chat: Chat, event: TypingStarted, settings: Any) -> Reply:
    """Somebody began to type. ``event.text`` holds what was typed so far, if the server shows it."""


@hookspec
def on_typing_stopped(bot: Bot, chat: Chat, event: TypingStopped, settings: Any) -> Reply:
    """Somebody stopped typing."""


@hookspec
def on_participant_joined(bot: Bot, chat: Chat, event: ParticipantJoined, settings: Any) -> Reply:
    """Somebody else joined the chat; ``event.sender`` says who."""


@hookspec
def on_participant_left(bot: Bot, chat: Chat, event: ParticipantLeft, settings: Any) -> Reply:
    """Somebody else left the chat; ``event.sender`` says who."""


@hookspec
def on_participant_rejoined(bot: Bot, chat: Chat, event: ParticipantRejoined, settings: Any) -> Reply:
    """Somebody else joined the chat again, perhaps under another participant id."""


@hookspec
def on_push_url(bot: Bot, chat: Chat, event: UrlPushed, settings: Any) -> Reply:
    """Somebody pushed an address. It is a stranger's data: do not fetch it unchecked."""


@hookspec
def on_notice(bot: Bot, chat: Chat, event: NoticeReceived, settings: Any) -> Reply:
    """The server put a notice into the transcript; its text may be a control word."""


@hookspec
def on_custom_notice(bot: Bot, chat: Chat, event: CustomNoticeReceived, settings: Any) -> Reply:
    """A customer's widget or an agent's desktop sent a notice of its own."""


@hookspec
def on_nickname_updated(bot: Bot, chat: Chat, event: NicknameUpdated, settings: Any) -> Reply:
    """Somebody else took another nickname; ``event.notice_text`` is the new one."""


@hookspec
def on_transcript_saved(bot: Bot, chat: Chat, event: TranscriptSaved, settings: Any) -> Reply:
    """The server stored the transcript."""


@hookspec
def on_unknown_message(bot: Bot, chat: Chat | None, event: UnknownMessage, settings: Any) -> Reply:
    """Something came that no other hook describes. ``chat`` is None if it names no chat."""


@hookspec
def on_chat_offered(bot: Bot, chat: Chat, event: ChatOffered, settings: Any) -> bool | None:
    """A chat rings. Runs before the automatic Accept, and may replace it.

    If a plugin accepts or rejects the chat itself, or returns ``True``, nothing more is sent. A
    ``str`` means nothing here: there is nobody to talk to yet.
    """


@hookspec
def on_chat_started(bot: Bot, chat: Chat, event: ChatStarted, settings: Any) -> Reply:
    """The bot is in the chat and knows who else is. Runs once for each chat, before its texts."""


@hookspec
def on_chat_resumed(bot: Bot, chat: Chat, event: ChatResumed, settings: Any) -> Reply:
    """The bot found a chat that it was in before this process began. Runs before texts said meanwhile."""


@hookspec
def on_participants_changed(bot: Bot, chat: Chat, event: ParticipantsChanged, settings: Any) -> Reply:
    """``chat.participants`` is another list than before."""


@hookspec
def on_user_data_changed(bot: Bot, chat: Chat, event: UserDataChanged, settings: Any) -> Reply:
    """``chat.user_data`` is not what it was; the event says what changed."""


@hookspec
def on_capabilities_changed(bot: Bot, chat: Chat, event: CapabilitiesChanged, settings: Any) -> Reply:
    """The chat allows other operations than before; the event says which."""


@hookspec
def on_chat_ended(bot: Bot, chat: Chat, event: ChatEnded, settings: Any) -> bool | None:
    """The chat is no longer this bot's: nothing can be said any more. Only the report follows."""


@hookspec
def on_session_report(bot: Bot, chat: Chat, event: SessionReport, settings: Any) -> None:
    """What has become of the chat, in figures: once for each, after ``on_chat_ended``. Returns nothing.

    Also of offers that came to nothing. All plugins are asked, and ``on_event`` does not run for it. Only a
    crash amid it is a reason to run it again: ``event.session_id`` is the same then.
    """


@hookspec
def on_operation_failed(bot: Bot, chat: Chat | None, event: OperationFailed, settings: Any) -> Reply:
    """The server had accepted an operation and now reports that it failed.

    ``chat`` is None if the report names no chat and cannot be tied to a request.
    """


@hookspec
def on_idle(bot: Bot, chat: Chat, event: ChatIdle, settings: Any) -> Reply:
    """The customer has said nothing for ``event.seconds``, a multiple of ``idle_after``.

    Runs again each time that as much has passed. Not while a human agent has the chat, nor when the
    customer has left.
    """


@hookspec
def on_takeover(bot: Bot, chat: Chat, event: ChatTakenOver, settings: Any) -> Reply:
    """A human agent has joined the chat.

    Unless ``on_agent_joined`` is ``"stay"``, nothing can be said to the customer from here on: such actions
    raise ``NotAllowed``. Texts and notices to agents, user data and comments stay allowed, and so do
    ``leave``, ``complete`` and ``transfer``.
    """


@hookspec
def on_handback(bot: Bot, chat: Chat, event: ChatHandedBack, settings: Any) -> Reply:
    """The last human agent has left the chat: the bot may talk to the customer again."""


@hookspec
def on_event(bot: Bot, chat: Chat | None, event: Event, settings: Any) -> None:
    """Every event but the session report, before its own hook.

    For plugins that watch: what it returns is passed over.
    """


@hookspec
def on_action(bot: Bot, chat: Chat, action: Action, settings: Any) -> Action | None:
    """The bot is about to do this in the chat; another action of the same class may be done instead.

    Called before the operation is sent, for every action of a chat that it allows, whoever asked for it: a
    plugin or the bot itself. ``None`` leaves it as it is; the next plugin gets what the one before it
    returned. If a plugin raises, overruns or returns anything else, the action is not sent, and whoever
    asked for it gets ``NotAllowed``: a mask that fails must not leak. To act is not allowed in here. What an
    earlier run has sent is not shown again after a crash.
    """


@hookspec
def on_bot_started(bot: Bot, settings: Any) -> None:
    """The bot is logged in, subscribed and Ready. Runs once, before any chat. Returns nothing."""


@hookspec
def on_bot_stopping(bot: Bot, settings: Any) -> None:
    """The bot takes no more chats and is about to leave those it has. Returns nothing."""
