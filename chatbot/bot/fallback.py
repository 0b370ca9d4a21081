"""Hands a customer to somebody else when the bot cannot go on. Where to: ``[bots.NAME.fallback]``."""

from __future__ import annotations

import logging
from collections.abc import Callable

from chatbot.bot.due import Rescue
from chatbot.bot.health import count
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.view import read_view
from chatbot.hooks.run import HookRun, current_run
from chatbot.model.actions import SendMessage, Transfer, UpdateUserData
from chatbot.model.config_care import FallbackSettings
from chatbot.model.errors import ActionError, WireError
from chatbot.model.events import ChatUpdated
from chatbot.model.policy import FALLBACK

__all__ = ["NO_CONNECTION", "Fallback", "fall_back"]

log = logging.getLogger(__name__)

NO_CONNECTION = "no connection"

_REASON = "chatbot_fallback"
_FIRST_WAIT_S = 5.0
_LONGEST_WAIT_S = 30.0
# How long an accepted transfer may take to show.
_TAKES_S = 15.0


class Fallback:
    """Hands customers over, and tries again for a while if that is refused.

    Args:
        parts: The bot's parts.
        wake: Called with a chat that has something to do.
    """

    def __init__(self, parts: Parts, wake: Callable[[LiveChat], None]) -> None:
        self._parts = parts
        self._wake = wake
        self._settings = parts.settings.fallback

    def begin(self, chat: LiveChat, reason: str, trigger: str, to: FallbackSettings | None = None) -> None:
        """This customer needs somebody else. Done by ``go_on``, when the turn comes to it.

        Args:
            chat: The chat.
            reason: Why, in a few words; it goes into the user data.
            trigger: Names the occasion in the journal.
            to: Where to, other than bots.toml says: this counts more than what is under way.
        """
        settings = to or self._settings
        if settings is None or not chat.is_live or not (to or _gives_way(chat.due.rescue, reason)):
            return
        if _has_human(chat):
            return  # somebody is there
        log.warning("the customer is handed over: %s", reason)
        until = self._parts.clock.monotonic() + settings.give_up_after
        chat.due.rescue = Rescue(reason, trigger, until, was_owed=bool(chat.progress.owed_at), to=to)
        self.owe(chat)  # should the bot crash before it is done, the customer waits still
        chat.stalled = False
        self._wake(chat)

    def owe(self, chat: LiveChat) -> None:
        """The customer waits for somebody from now on."""
        if not chat.progress.owed_at:
            chat.progress.owe(self._parts.clock.now().timestamp())
            chat.due.owed_since = self._parts.clock.monotonic()

    def call_off(self, chat: LiveChat, reason: str) -> None:
        """The reason is no more."""
        rescue = chat.due.rescue
        if rescue is not None and rescue.reason == reason and not rescue.tries:
            chat.due.rescue = None
            if not rescue.was_owed:
                chat.settle_up()

    async def go_on(self, chat: LiveChat, rescue: Rescue) -> None:
        """Try it once."""
        if rescue.reason == NO_CONNECTION and not await self._is_reachable(chat):
            self._put_off(rescue)
            return
        if not chat.is_live or _has_human(chat):
            chat.due.rescue = None
            return
        if rescue.tries and self._parts.clock.monotonic() > rescue.until:
            self._give_up(chat, rescue)
            return
        rescue.tries += 1
        settings = rescue.to or self._settings
        if await fall_back(chat, settings, rescue.reason, rescue.trigger, attempt=rescue.tries):
            count(self._parts.counters.handed_over, rescue.reason)
            # accepted is not done, and why not is told later, if at all (reference 1.2): then once more
            rescue.next_at = self._parts.clock.monotonic() + _TAKES_S
            return
        self._put_off(rescue)
        if rescue.next_at > rescue.until:
            self._give_up(chat, rescue)

    @staticmethod
    def _give_up(chat: LiveChat, rescue: Rescue) -> None:
        log.error("nobody takes the customer: given up after %d tries", rescue.tries)
        chat.report("given up", rescue.reason)
        chat.due.rescue = None
        chat.settle_up()

    async def _is_reachable(self, chat: LiveChat) -> bool:
        """An operation that cannot be sent would wait, and hand the chat over when all is well again.

        Nor is it known who has come, while nothing is heard: the server is asked.
        """
        try:
            resource = await read_view(self._parts.platform, chat)
        except WireError as error:
            log.debug("the server cannot be reached: %s", error)
            return False
        if resource is not None:
            now = self._parts.clock.now()
            chat.update(ChatUpdated(bot=self._parts.name, chat_id=chat.id, received_at=now, chat=resource))
        return True

    def _put_off(self, rescue: Rescue) -> None:
        wait = min(_FIRST_WAIT_S * 2.0 ** max(0, rescue.tries - 1), _LONGEST_WAIT_S)
        rescue.next_at = self._parts.clock.monotonic() + wait


async def fall_back(
    chat: LiveChat, settings: FallbackSettings | None, reason: str, trigger: str, *, attempt: int = 1
) -> bool:
    """Transfer the chat, once for each trigger; if that fails, at least say what was to be said.

    The reason goes into the user data, for whoever takes the chat. True if the server has taken the
    transfer.

    Args:
        chat: The chat.
        settings: Where to; None if nobody has said.
        reason: Why, in a few words.
        trigger: Names the occasion in the journal.
        attempt: The how manieth try this is; the text is said at the first.
    """
    if settings is None or not chat.is_live or _has_human(chat):
        return False
    if attempt > 1:
        trigger, settings = f"{trigger}:{attempt}", settings.model_copy(update={"say": None})
    chat.draft.fallback = reason
    chat.progress.flush()
    # like the hook of a plugin: what it does is done once, also over a crash
    token = current_run.set(HookRun(FALLBACK, FALLBACK, None, trigger))
    try:
        await _hand_over(chat, settings, reason)
    except ActionError as error:
        if _has_human(chat):
            log.info("a human agent has come, the customer is not handed over")
            return False
        log.error("the fallback came to nothing: %s", error)  # noqa: TRY400 (a server's refusal: no traceback)
        return False
    finally:
        current_run.reset(token)
    return True


def _gives_way(rescue: Rescue | None, reason: str) -> bool:
    """Whether another reason counts: one that may be called off is not to take its place."""
    return rescue is None or (rescue.reason == NO_CONNECTION != reason and not rescue.tries)


def _has_human(chat: LiveChat) -> bool:
    return chat.human is not None


async def _hand_over(chat: LiveChat, settings: FallbackSettings, reason: str) -> None:
    try:
        await chat.handle.perform(UpdateUserData(user_data={_REASON: reason}))
    except ActionError as error:
        log.warning("the reason of the fallback cannot be told: %s", error)
    try:
        await chat.handle.perform(
            Transfer(target_uri=settings.target, queue_name=settings.queue, text=settings.say)
        )
    except ActionError:
        if settings.say:
            with chat.ownership.last_word():
                await chat.handle.perform(SendMessage(text=settings.say))
        raise
