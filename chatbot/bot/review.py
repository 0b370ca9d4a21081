"""Shows plugins an action before it is sent, without waiting for a plugin that comes to no end."""

from __future__ import annotations

import asyncio
import logging

from chatbot.bot.aside import Aside
from chatbot.bot.dispatch import Dispatch
from chatbot.bot.live import LiveChat
from chatbot.hooks.run import HookRun
from chatbot.model.actions import Action
from chatbot.model.errors import NotAllowed

__all__ = ["review"]

log = logging.getLogger(__name__)

# How long a hook may tidy up after the end of its time.
_TIDIES_UP_S = 5.0


async def review(dispatch: Dispatch, aside: Aside, chat: LiveChat, action: Action) -> Action:
    """What plugins make of an action. In a task of its own: one that heeds no cancellation is left alone.

    Args:
        dispatch: Asks the plugins.
        aside: Where it runs.
        chat: The chat.
        action: What is to be sent.

    Raises:
        NotAllowed: A plugin could not look at it, or does not end: it must not be sent.
    """
    runs = set[HookRun]()
    answer: asyncio.Future[Action] = asyncio.get_running_loop().create_future()
    task = aside.start(_look(dispatch, chat, action, runs, answer), f"review in {chat.id}")
    task.add_done_callback(lambda _: answer.cancel())  # no answer will come, if there is none
    try:
        late = await _until_late(task, runs)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if late is None:
        return await answer
    late.disown()
    who = (late.plugin, late.hook, action.operation)
    log.error("plugin %s: %s does not end although its time is over: %s is not sent", *who)
    raise dispatch.unseen(chat, action, late.plugin)


async def _look(
    dispatch: Dispatch, chat: LiveChat, action: Action, runs: set[HookRun], answer: asyncio.Future[Action]
) -> None:
    try:
        answer.set_result(await dispatch.review(chat, action, runs))
    except NotAllowed as error:
        answer.set_exception(error)
        answer.exception()  # whoever asked may be gone


async def _until_late(task: asyncio.Task[None], runs: set[HookRun]) -> HookRun | None:
    """Wait for it; who is still over time then, as before: it will not end."""
    late = set[HookRun]()
    while not task.done():
        await asyncio.wait([task], timeout=_TIDIES_UP_S)
        over = {run for run in runs if run.is_over_time}
        if stuck := late & over:
            return stuck.pop()
        late = over
    return None
