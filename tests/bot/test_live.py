from collections.abc import Callable, Coroutine
from typing import Any

from chatbot.bot.identity import Identity
from chatbot.bot.live import LiveChat
from chatbot.hooks.receipt import Receipt
from chatbot.model.actions import Action, SendMessage
from chatbot.model.events import OperationFailed, TextReceived, TranscriptEvent, TranscriptSaved
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState
from tests.bot.make import CUSTOMER, NOW, ROBO, text, view


class Ports:
    """What a chat needs from its bot."""

    def __init__(self) -> None:
        self.spawned: list[Coroutine[Any, Any, object]] = []

    async def perform(self, action: Action, chat_id: str | None) -> Receipt:
        return Receipt(action)

    async def read(self, chat_id: str, start: int, count: int | None) -> list[TranscriptEvent]:
        return [text(start)]

    def spawn(self, chat: LiveChat, coroutine: Coroutine[Any, Any, object]) -> None:
        self.spawned.append(coroutine)


def a_chat(**fields: Any) -> LiveChat:
    ports = Ports()
    return LiveChat(
        ChatResource(id="c1", **fields),
        identity=Identity("U-me", "Robo"),
        sender=ports,
        read=ports.read,
        spawn=ports.spawn,
    )


def test_an_empty_list_of_participants_in_a_running_chat_is_no_news() -> None:
    chat = a_chat()
    chat.update(view(state=ChatState.CHATTING, participants=(CUSTOMER, ROBO)))
    chat.update(view("StatusChange", state=ChatState.CHATTING, participants=()))
    assert chat.handle.participants == (CUSTOMER, ROBO)
    assert chat.me == ROBO
    chat.update(view(state=ChatState.COMPLETED, participants=()))
    assert list(chat.handle.participants) == []


def test_a_view_that_is_older_than_the_end_does_not_undo_it() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    chat.update(view(state=ChatState.COMPLETED))
    chat.update(view(state=ChatState.CHATTING))
    assert chat.is_over
    chat.update(view(state=ChatState.REVOKED))
    chat.update(view(comment="late"))
    assert (chat.resource.state, chat.resource.comment) == (ChatState.REVOKED, "late")


def test_a_chat_that_is_gone_is_over_whatever_its_state() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    assert (chat.is_over, chat.is_live) == (False, True)
    chat.gone = True
    assert chat.is_over


def test_whatever_is_heard_wakes_a_chat_that_is_stalled() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    failure = OperationFailed(received_at=NOW)
    hearings: list[Callable[[], None]] = [
        lambda: chat.hear(text(1)),
        lambda: chat.update(view()),
        lambda: chat.fail(failure),
    ]
    for hear in hearings:
        chat.stalled = True
        hear()
        assert not chat.stalled


def test_a_line_without_a_place_is_asked_for_and_never_dispatched_from_a_notification() -> None:
    chat = a_chat()
    chat.hear(text(None))
    assert chat.must_ask
    assert not chat.unordered
    saved = TranscriptSaved(received_at=NOW)
    chat.hear(saved)
    assert list(chat.unordered) == [saved]


def test_an_own_line_confirms_once_however_often_it_is_heard() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    receipts = [chat.receipts.open(SendMessage(text="ok")) for _ in "12"]
    chat.hear(text(1, "ok", ROBO))
    chat.hear(text(1, "ok", ROBO))
    chat.read_back([text(1, "ok", ROBO)])
    assert [receipt.state for receipt in receipts] == ["confirmed", "accepted"]
    chat.order.done(text(2, "ok", ROBO))
    chat.hear(text(2, "ok", ROBO))
    assert receipts[1].state == "accepted"


def test_the_lines_of_others_confirm_nothing() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    receipt = chat.receipts.open(SendMessage(text="ok"))
    chat.hear(text(1, "ok", CUSTOMER))
    assert receipt.state == "accepted"


async def test_a_report_that_comes_before_the_answer_finds_its_operation_after_it() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    receipt = chat.receipts.open(SendMessage(text="a"))
    async with chat.sending:
        chat.fail(OperationFailed(received_at=NOW, reference_id="5", message="no"))
        assert chat.failures[0].action is None
        chat.receipts.accepted(receipt, "5")
    failure = await chat.next_failure()
    assert failure.action == SendMessage(text="a")
    chat.fail(OperationFailed(received_at=NOW, reference_id="5"))
    assert (await chat.next_failure()).action == SendMessage(text="a")


async def test_what_it_keeps_is_bounded() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    for number in range(1, 3000):
        chat.hear(TranscriptSaved(received_at=NOW))
        chat.hear(text(number, who=ROBO))
        chat.fail(OperationFailed(received_at=NOW))
    sizes = [len(chat.unordered), len(chat.failures), len(chat._echoes), len(chat.order.waiting())]
    assert sizes == [64, 64, 1000, 256]


async def test_the_handle_reads_and_spawns_through_the_chat() -> None:
    chat = a_chat()
    assert await chat.handle.messages(3) == [text(3)]
    assert isinstance((await chat.lines(1, None))[0], TextReceived)

    async def nothing() -> None: ...

    coroutine = nothing()
    chat.handle.spawn(coroutine)
    coroutine.close()
