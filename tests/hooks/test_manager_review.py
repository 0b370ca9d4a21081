"""What plugins make of an action before it is sent: ``on_action``."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chatbot import Bot, Chat
from chatbot.hooks.manager import Occasion, PluginManager, ReviewFailed
from chatbot.hooks.run import current_run
from chatbot.model.actions import Action, AddComment, SendMessage, SendToAgents
from chatbot.model.errors import PluginError
from tests.hooks.stage import Stage, hooks, loaded, manager

NOTE = AddComment(comment="a")


async def review(plugins: PluginManager, action: Action = NOTE, *, timeout_s: float = 5.0) -> Action:
    stage = Stage()
    return await plugins.review(action, Occasion(stage.bot, stage.chat), timeout_s=timeout_s)


def adding(letter: str) -> Callable[[AddComment], Any]:
    async def on_action(action: AddComment) -> Action:
        return AddComment(comment=action.comment + letter)

    return on_action


async def test_each_plugin_gets_what_the_one_before_it_returned() -> None:
    plugins = manager(*(loaded(letter, hooks(on_action=adding(letter))) for letter in "bcd"))
    assert await review(plugins) == AddComment(comment="abcd")


async def test_nothing_leaves_the_action_as_it_is() -> None:
    async def on_action() -> None:
        return None

    plugins = manager(loaded("one", hooks(on_action=on_action)), loaded("two", hooks(on_action=adding("b"))))
    assert await review(plugins) == AddComment(comment="ab")
    assert await review(manager()) is NOTE


async def test_it_gets_bot_chat_and_action_and_is_known_as_a_review() -> None:
    seen: list[Any] = []

    def on_action(bot: Bot, chat: Chat, action: Action) -> None:
        run = current_run.get()
        assert run is not None
        seen.extend((bot.name, chat.id, action, run.plugin, run.is_review, run.branch().is_review))

    await review(manager(loaded("one", hooks(on_action=on_action))))
    assert seen == ["concierge", "A", NOTE, "one", True, True]
    assert current_run.get() is None


async def raises() -> None:
    raise ZeroDivisionError


async def hangs() -> None:
    await asyncio.Event().wait()


def raises_in_a_thread() -> None:
    raise StopIteration


async def returns_another_kind() -> Action:
    return SendToAgents(text="a")


class Louder(AddComment):
    """A kind of note."""


async def returns_a_kind_of_it() -> Action:
    return Louder(comment="a")


@pytest.mark.parametrize(
    "hook",
    [
        raises,
        hangs,
        raises_in_a_thread,
        returns_another_kind,
        returns_a_kind_of_it,
        lambda: "a",
        lambda: True,
        lambda: 5,
    ],
)
async def test_what_could_not_be_looked_at_is_not_sent(
    hook: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    plugins = manager(loaded("one", hooks(on_action=hook)), loaded("two", hooks(on_action=adding("b"))))
    with pytest.raises(ReviewFailed) as failed:
        await review(plugins, timeout_s=0.05)
    assert failed.value.plugin == "one"
    assert caplog.messages == ["plugin one: on_action failed: AddComment is not sent"]


async def test_a_review_that_is_cancelled_from_outside_is_nobodys_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    started = asyncio.Event()

    async def on_action() -> None:
        started.set()
        await hangs()

    reviewing = asyncio.create_task(review(manager(loaded("one", hooks(on_action=on_action)))))
    await started.wait()
    reviewing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reviewing
    assert caplog.messages == []


def test_it_takes_no_event() -> None:
    async def on_action(event: object) -> None:
        """Nothing."""

    with pytest.raises(PluginError, match=r"takes no argument 'event'\n +it may take bot, chat, action"):
        manager(loaded("one", hooks(on_action=on_action)))


async def test_settings_are_those_of_the_plugin() -> None:
    async def on_action(action: SendMessage, settings: Any) -> Action:
        return SendMessage(text=f"{action.text}{settings}")

    plugins = manager(loaded("one", hooks(on_action=on_action), settings="!"))  # type: ignore[arg-type]
    assert await review(plugins, SendMessage(text="hi")) == SendMessage(text="hi!")
