"""What an author writes about waits, hand-offs, memory and bots: the type of each answer is compared."""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, assert_never, assert_type

from chatbot import (
    Accepted,
    Bot,
    Chat,
    ChatGone,
    CustomerLeft,
    Event,
    HandoffRefused,
    Participant,
    ParticipantJoined,
    Queued,
    RateLimited,
    Receipt,
    TextReceived,
    TimedOut,
    hookimpl,
)
from chatbot.model.actions import Action, Complete, SendMessage, Transfer
from chatbot.model.events import TranscriptEvent
from chatbot.model.handoff import Outcome


def is_short(event: TextReceived) -> bool:
    """A typed choice among texts."""
    return len(event.text) < 3


async def waits(chat: Chat) -> None:
    """What is waited for is what comes."""
    assert_type(await chat.wait_for(TextReceived, timeout=60), TextReceived)
    assert_type(await chat.wait_for(TextReceived, where=is_short, timeout=60), TextReceived)
    joined = await chat.wait_for(ParticipantJoined, where=lambda event: event.sender.is_agent, timeout=60)
    assert_type(joined, ParticipantJoined)
    assert_type(await chat.wait_for(Event, timeout=60), Event)
    assert_type(await chat.ask("Which?", timeout=60), str)
    assert_type(await chat.ask("Which?", match=r"\d+", timeout=60, retries=2, retry_text="A number"), str)
    assert_type(await chat.ask("Which?", match=re.compile("yes|no"), timeout=60), str)


async def hands_over(chat: Chat) -> str:
    """No outcome is forgotten."""
    outcome = assert_type(await chat.handoff(queue="Support", data={"Intent": "hours"}, wait=30), Outcome)
    match outcome:
        case Accepted(by=human):
            assert_type(outcome.by, Participant | None)
            return assert_type(human, Participant).nickname if human else "somebody"
        case Queued(queue=queue):
            return assert_type(queue, str)
        case HandoffRefused(reason=reason):
            return assert_type(reason, str)
        case TimedOut(seconds=seconds):
            return f"{assert_type(seconds, float):g}"
        case CustomerLeft():
            return "nobody"
        case _:
            assert_never(outcome)


async def does(chat: Chat, action: Action) -> Receipt | None:
    """Anything may be performed, if the chat allows it now."""
    if not assert_type(chat.can(type(action)), bool) or not chat.can("Transfer"):
        return None
    kinds: Sequence[type[Action]] = (Transfer, Complete)
    assert_type([kind.operation for kind in kinds if chat.can(kind)], list[str])
    try:
        receipt = assert_type(await chat.perform(action), Receipt)
    except ChatGone as error:
        assert_type(error.action, str)
        return None
    except RateLimited as error:
        assert_type(error.retry_after, float)
        return None
    assert_type(receipt.state, Literal["accepted", "confirmed", "failed"])
    assert_type(receipt.failure, str | None)
    assert_type(receipt.reference_id, str | None)
    return assert_type(await receipt.confirmed(timeout=5), Receipt)


def remembers(chat: Chat, bot: Bot) -> int:
    """JSON values: the one who keeps them says what they are."""
    assert_type(chat.memory, MutableMapping[str, Any])
    assert_type(bot.memory, MutableMapping[str, Any])
    seen: int = chat.memory.get("seen", 0)
    chat.memory["seen"] = seen + 1
    assert_type(chat.user_data, Mapping[str, Any])
    return seen


async def reads(chat: Chat) -> list[str]:
    """The transcript, and what else is known."""
    lines = assert_type(await chat.messages(), list[TranscriptEvent])
    assert_type(chat.capabilities, tuple[str, ...])
    assert_type(chat.me, Participant | None)
    assert_type(chat.human, Participant | None)
    assert_type(chat.participants, tuple[Participant, ...])
    return [line.text for line in lines if isinstance(line, TextReceived)]


def made_by_hand() -> tuple[Event, ...]:
    """Events and actions as a test makes them: all fields have the names that they are read by."""
    ana = Participant(nickname="Ana", participant_id="1")
    told = TextReceived(
        chat_id="c1",
        bot="maid",
        received_at=datetime.now(UTC),
        index=1,
        sender=ana,
        text="hi",
        message_type="faq",
    )
    assert_type(Complete(queue_name="Support", save_lar=True).save_lar, bool | None)
    assert_type(SendMessage(text="hi", message_type="faq").text, str)
    return (told,)


@hookimpl(trylast=True)
async def on_bot_started(bot: Bot) -> None:
    """The bot and its chats."""
    assert_type(bot.name, str)
    assert_type(bot.nickname, str | None)
    assert_type([*bot.chats.values()], list[Chat])
    assert_type(await bot.intrude("u", "c", mode="Coach"), Receipt)


@hookimpl
async def on_action(action: Action) -> Action | None:
    """Another action of the same class."""
    match action:
        case SendMessage(text=text):
            return action.model_copy(update={"text": assert_type(text, str).strip()})
        case _:
            return None
