"""How a chat ends: what still runs in it is ended, hooks are told, and the report of it is made."""

from __future__ import annotations

from functools import partial

from chatbot.bot.asking import Asking
from chatbot.bot.causes import GONE, Cause, Facts, cause_of
from chatbot.bot.dispatch import Dispatch
from chatbot.bot.intervention import BY_OPERATOR
from chatbot.bot.live import LiveChat
from chatbot.bot.ownership import HUMAN
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.model.events import ChatEnded, SessionReport

__all__ = ["Ending"]


class Ending:
    """Ends chats.

    Args:
        parts: The bot's parts.
        pipeline: Where the chats are.
        dispatch: Calls the hooks.
    """

    def __init__(self, parts: Parts, pipeline: Pipeline, dispatch: Dispatch) -> None:
        self._parts = parts
        self._pipeline = pipeline
        self._dispatch = dispatch
        self._asking = Asking(parts)

    async def end(self, chat: LiveChat) -> None:
        """The chat is over, and all that was said in it is done with."""
        if not chat.ended:  # else a hook that does not end was left alone with it
            await self._close(chat)
        if chat.progress.phase is None:
            self._pipeline.forget(chat)
            return
        self._find_cause(chat)
        if not chat.draft.is_told:
            event = ChatEnded(reason=_state_of(chat), **self._dispatch.about(chat))
            await self._dispatch.run(chat, event, "ended", partial(self._told, chat))
        await self._report(chat)

    async def _close(self, chat: LiveChat) -> None:
        chat.ended = True
        for task in chat.tasks:
            task.cancel()
        chat.waits.close()
        await self._dismiss(chat)
        await self._settle(chat)

    @staticmethod
    async def _dismiss(chat: LiveChat) -> None:
        """Hooks that wait have nothing to wait for: they tidy up, one by one."""
        for run in chat.stop_waiting("the chat has ended"):
            if run.is_aside:
                await run.lend()

    async def _settle(self, chat: LiveChat) -> None:
        """Nothing more will be seen: every operation gets its end."""
        if chat.outbox.has_unseen_lines and not chat.is_read_out:
            await self._asking.last_look(chat)
        chat.outbox.close(chat.resource)

    def _find_cause(self, chat: LiveChat) -> None:
        """Written down with the start of ``on_chat_ended``: after a crash there may be less to see."""
        now = self._pipeline.now()
        for human in chat.ownership.news:  # hooks will not hear of it any more
            chat.draft.take_over(human=human is not None)
        chat.ownership.news.clear()
        chat.draft.begin(self._parts.name, chat.id, now)
        chat.draft.end(now, cause_of(_facts(chat)))

    @staticmethod
    def _told(chat: LiveChat) -> None:
        """Hooks were told of the end, and are not told again if the report is interrupted."""
        chat.draft.is_told = True
        chat.progress.flush()

    async def _report(self, chat: LiveChat) -> None:
        report = self._made(chat)
        keep = self._parts.reports
        if keep is not None and not chat.draft.is_filed:
            self._parts.counters.session_reports["written" if await keep(report) else "lost"] += 1
            chat.draft.is_filed = True
        await self._dispatch.report(chat, report, partial(self._forget, chat))

    def _made(self, chat: LiveChat) -> SessionReport:
        settings, draft = self._parts.settings, chat.draft
        cause = Cause(**draft.cause)
        started_at = draft.entered_at or draft.began_at
        # the system's clock may have been set back
        ended_at = max(draft.ended_at, started_at)
        return SessionReport(
            session_id=draft.session,
            mode="live" if self._parts.shadow is None else "shadow",
            category=settings.category,
            function=settings.function,
            started_at=draft.time(started_at),
            ended_at=draft.time(ended_at),
            duration=round(ended_at - started_at, 3),
            messages_sent=chat.outbox.endings.texts,
            messages_received=draft.heard,
            ended_by=cause.by,
            end_reason=cause.reason,
            end_detail=cause.detail,
            result=draft.result or None,
            ended_abnormally=cause.is_abnormal,
            refused_to_start=cause.was_refused,
            takeovers=draft.takeovers,
            attributes=draft.attributes,
            **self._dispatch.about(chat),
        )

    def _forget(self, chat: LiveChat) -> None:
        chat.progress.end("ended")
        chat.progress.flush()
        chat.instances.clear()  # a plugin may hold the chat's handle for long
        self._pipeline.forget(chat)


def _state_of(chat: LiveChat) -> str:
    return GONE if chat.gone else str(chat.resource.state)


def _facts(chat: LiveChat) -> Facts:
    draft, endings = chat.draft, chat.outbox.endings
    was_in = bool(draft.entered_at)
    is_unseen = was_in and chat.started_at is None
    return Facts(
        state=_state_of(chat),
        was_in=was_in,
        last=endings.last,
        accept_failed=endings.accept_failed or chat.accept_failed,
        left_at=draft.left_at,
        has_human=draft.has_human or chat.ownership.muted == HUMAN,
        is_muted=chat.ownership.muted == HUMAN,
        fallback=draft.fallback,
        was_wished=draft.fallback == BY_OPERATOR,
        is_dead=draft.is_dead,
        was_stopped=draft.stopped == "logout",
        has_crashed=is_unseen and not draft.stopped,
    )
