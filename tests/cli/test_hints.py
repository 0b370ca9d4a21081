"""Hints: each hook once, and only what people care about."""

from datetime import UTC, datetime

import pytest

from chatbot.cli.hints import _TOLD, Hints
from chatbot.cli.skeleton import skeleton
from chatbot.hooks.checks import HOOKS
from chatbot.hooks.trace import Hearing, no_plugin_has
from chatbot.model import events
from chatbot.model.events import Event
from tests.bot.stage import on_stage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = {
    kind.hook: kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)
}


def an_event(hook: str, bot: str = "concierge") -> Event:
    return KINDS[hook].model_construct(bot=bot, received_at=NOW)


def unhandled(hook: str, bot: str = "concierge") -> Hearing:
    event = an_event(hook, bot)
    return Hearing(bot, event, passed_over=no_plugin_has(event))


def test_a_hook_that_is_missing_is_told_once_with_its_code() -> None:
    said: list[str] = []
    hints = Hints(said.append)
    for bot in ("concierge", "night"):
        hints.observe(unhandled("on_push_url", bot))
    told = "on_push_url was not handled: no plugin of [bots.concierge] has this hook. To handle it:\n\n"
    assert said == [told + skeleton("on_push_url")]


@pytest.mark.parametrize("hook", sorted({*KINDS} - _TOLD - {""}))
def test_what_comes_with_each_chat_is_not_told(hook: str) -> None:
    said: list[str] = []
    Hints(said.append).observe(unhandled(hook))
    assert said == []


def test_all_that_is_told_are_hooks_of_events() -> None:
    assert {*HOOKS} >= _TOLD
    assert {*KINDS} >= _TOLD
    assert not _TOLD & {"on_event", "on_action", "on_bot_started", "on_bot_stopping"}


async def test_a_whole_bot_without_hooks_tells_of_texts_silence_and_what_belongs_to_no_chat() -> None:
    said: list[str] = []
    async with on_stage(watched=False, observer=Hints(said.append), idle_after=10.0) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.quiet()
        await stage.later(11)
        await stage.quiet()
        stage.bot._pipeline.unattributed.append(an_event("on_operation_failed", "robo"))
        stage.bot.wake(None)
        await stage.quiet()
    assert [line.partition(" ")[0] for line in said] == ["on_text", "on_idle", "on_operation_failed"]
    assert "no plugin of [bots.robo] has this hook" in said[0]
