"""Mistakes that both type checkers find: each ignore is needed, or the check fails."""

from chatbot import Bot, Chat, ChatEnded, Event, TextReceived, hookimpl
from chatbot.model.actions import Action, SendMessage, Transfer
from chatbot.model.handoff import Queued


async def mistakes(chat: Chat, event: TextReceived, bot: Bot) -> None:
    """One mistake a line."""
    await chat.send_text(text=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await chat.send_text("hi", treat_as="Loud")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await chat.transfer(to="Support")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await chat.perform("SendMessage")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await chat.perform(SendMessage)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await bot.perform(event)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await bot.monitor("x", mode="Some")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    chat.id = "B"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    chat.user_data["a"] = "b"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    bot.chats["a"] = chat  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    chat.can(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    chat.can(TextReceived)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    chat.can(Transfer(queue_name="Support"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SendMessage(txt="hi")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    receipt = await chat.send_text("hi")
    await receipt.confirmed()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    receipt.state = "failed"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def of_what_is_frozen(event: TextReceived) -> None:
    """Told by mypy with the plugin of pydantic, and at run time; not by pyright."""
    event.text = "other"  # type: ignore[misc]
    SendMessage(text="hi").text = "ho"  # type: ignore[misc]


def of_what_is_not_there(chat: Chat, event: TextReceived) -> None:
    """What is unknown is two errors to one of the checkers."""
    chat.send_txt  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    event.txt  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018


async def of_waiting(chat: Chat) -> None:
    """Questions, waits and hand-offs."""
    await chat.ask("Which?")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await chat.ask("Which?", match=5, timeout=9)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await chat.wait_for(TextReceived)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await chat.wait_for(Action, timeout=9)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    await chat.wait_for(ChatEnded, where=is_short, timeout=9)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (await chat.wait_for(Event, timeout=9)).text  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    outcome = await chat.handoff(queue="Support")
    outcome.queue  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    if isinstance(outcome, Queued):
        outcome.queue = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def is_short(event: TextReceived) -> bool:
    """Which of the texts."""
    return len(event.text) < 3


class OfHooks:
    """What no hook may return, and how none is marked."""

    @hookimpl  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportUntypedFunctionDecorator]
    async def on_text(self) -> list[str]:
        """No reply."""
        return []

    @hookimpl  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportUntypedFunctionDecorator]
    def on_notice(self, event: Event) -> Event:
        """No reply either."""
        return event

    @hookimpl(tryfrist=True)  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportCallIssue, reportUntypedFunctionDecorator]
    async def on_idle(self) -> None:
        """A slip."""

    @hookimpl(wrapper=True)  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportCallIssue, reportUntypedFunctionDecorator]
    async def on_chat_ended(self) -> None:
        """There are none."""
