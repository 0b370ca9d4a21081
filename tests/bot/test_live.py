import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from chatbot.bot.aside import Aside
from chatbot.bot.health import Counters
from chatbot.bot.identity import Identity
from chatbot.bot.journal import Checkpoint, Key, OperationRecord, SavedChat
from chatbot.bot.live import LiveChat
from chatbot.bot.operation import Operation
from chatbot.bot.presence import Colleagues
from chatbot.bot.prints import Print, Times
from chatbot.hooks.ports import ActionSender
from chatbot.hooks.receipt import Receipt
from chatbot.model.actions import Action, SendMessage
from chatbot.model.events import OperationFailed, TextReceived, TranscriptEvent, TranscriptSaved
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState
from tests.bot.drawer import Drawer
from tests.bot.make import CUSTOMER, NOW, ROBO, agent, text, view
from tests.bot.stage import VirtualClock, settings


class Around:
    """What a chat needs from its bot."""

    def __init__(self) -> None:
        self.spawned: list[Coroutine[Any, Any, object]] = []
        self.journal = Drawer()
        self.counters = Counters()
        self.times = Times()
        self.policy = settings()
        self.colleagues = Colleagues()
        self.aside = Aside(VirtualClock(), self)
        self.is_stopping = False
        self.woken: list[LiveChat | None] = []

    def start(self, coroutine: Coroutine[Any, Any, None], purpose: str) -> asyncio.Task[None]:
        return asyncio.create_task(coroutine, name=purpose)

    def release(self, chat_id: str) -> asyncio.Task[Any]:
        raise AssertionError(chat_id)

    def wake(self, chat: LiveChat | None) -> None:
        self.woken.append(chat)

    @property
    def sender(self) -> ActionSender:
        return self

    async def perform(self, action: Action, chat_id: str | None) -> Receipt:
        return Receipt(action)

    async def read(self, chat_id: str, start: int, count: int | None) -> list[TranscriptEvent]:
        return [text(start)]

    def spawn(self, chat: LiveChat, coroutine: Coroutine[Any, Any, object]) -> None:
        self.spawned.append(coroutine)


def a_chat(around: Around | None = None, saved: SavedChat | None = None, **fields: Any) -> LiveChat:
    resource = ChatResource(id="c1", **fields)
    return LiveChat(
        resource, identity=Identity("U-me", "Robo"), around=around or Around(), run=1, saved=saved
    )


def sent(chat: LiveChat, words: str, ordinal: int = 0) -> Operation:
    key = Key("c1", "7:print", "faq", "on_text", ordinal)
    operation = chat.outbox.begin(key, SendMessage(text=words), chat.order.highest)
    operation.sent = True
    return operation


def test_an_empty_list_of_participants_in_a_running_chat_is_no_news() -> None:
    chat = a_chat()
    chat.update(view(state=ChatState.CHATTING, participants=(CUSTOMER, ROBO)))
    chat.update(view("StatusChange", state=ChatState.CHATTING, participants=()))
    assert chat.handle.participants == (CUSTOMER, ROBO)
    assert chat.me == ROBO
    chat.update(view(state=ChatState.COMPLETED, participants=()))
    assert list(chat.handle.participants) == []


def test_who_was_there_when_the_chat_rang_is_not_taken_for_the_bot() -> None:
    around = Around()
    chat = LiveChat(ChatResource(id="c1"), identity=Identity(None, "Robo"), around=around)
    helena, robo = agent("P-h", "Helena"), agent("P-me", "Robo")
    chat.update(view(state=ChatState.INVITED, participants=(CUSTOMER, helena)))
    chat.update(view("StatusChange", state=ChatState.CHATTING, participants=()))
    assert chat.me is None
    chat.update(view(state=ChatState.CHATTING, participants=(CUSTOMER, helena, robo)))
    assert chat.me == robo


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


async def test_an_own_line_confirms_once_however_often_it_is_heard() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    first, second = sent(chat, "ok", 0), sent(chat, "ok", 1)
    chat.hear(text(1, "ok", ROBO))
    chat.hear(text(1, "ok", ROBO))
    chat.read_back([text(1, "ok", ROBO)])
    assert (first.state, second.state) == ("confirmed", "intent")
    chat.hear(text(2, "ok", ROBO))
    assert second.state == "confirmed"


def test_the_lines_of_others_confirm_nothing() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    operation = sent(chat, "ok")
    chat.hear(text(1, "ok", CUSTOMER))
    assert operation.is_open


async def test_a_report_that_comes_before_the_answer_finds_its_operation_after_it() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    operation = sent(chat, "a")
    async with chat.sending:
        chat.fail(OperationFailed(received_at=NOW, reference_id="5", message="no"))
        assert chat.failures[0].action is None
        chat.outbox.accepted(operation, "5", 1.0)
    failure = await chat.next_failure()
    assert failure.action == SendMessage(text="a")
    chat.fail(OperationFailed(received_at=NOW, reference_id="5"))
    assert (await chat.next_failure()).action == SendMessage(text="a")


async def test_what_it_keeps_is_bounded() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    for number in range(1, 1500):
        sent(chat, "hi", number).base = 0
        chat.hear(TranscriptSaved(received_at=NOW))
        chat.hear(text(number, who=ROBO))
        chat.fail(OperationFailed(received_at=NOW))
    sizes = [len(chat.unordered), len(chat.failures), len(chat.outbox._decided), len(chat.order.waiting())]
    assert (sizes, chat.outbox.open) == ([64, 64, 1000, 256], [])


async def test_a_chat_goes_on_where_an_earlier_run_has_stopped() -> None:
    record = OperationRecord(
        Key("c1", "7:print", "faq", "on_text", 0), "SendMessage", '{"text":"hi"}', "d", "unknown", base=4
    )
    checkpoint = Checkpoint("c1", "started", cursor=7, own_ids=("P-old",))
    chat = a_chat(saved=SavedChat(checkpoint, [record], {"step": 2}))
    assert (chat.order.cursor, chat.order.highest, chat.resumes) == (7, 7, True)
    assert chat.identity.is_me(ROBO.model_copy(update={"path": "", "participant_id": "P-old"}))
    assert [one.record().state for one in chat.outbox.open] == ["unknown"]
    assert dict(chat.handle.memory) == {"step": 2}
    assert not a_chat(saved=SavedChat(Checkpoint("c1", "offered"))).resumes
    assert not a_chat().resumes


def said(index: int, words: str, *, second: int = 0) -> TextReceived:
    return text(index, words, timestamp=NOW + timedelta(seconds=second))


async def test_a_transcript_that_lost_its_end_makes_the_chat_go_back() -> None:
    around = Around()
    chat = a_chat(around, state=ChatState.CHATTING)
    chat.progress.phase = "started"
    lines = [said(index, f"w{index}") for index in (1, 2, 3)]
    chat.read_back(lines)
    while (line := chat.order.next()) is not None:
        chat.progress.passed(line)
    others = [lines[0], said(2, "new", second=9)]
    chat.read_back(others)
    assert (chat.order.cursor, chat.must_ask, around.counters.rewinds) == (1, True, 1)
    assert around.journal.incidents() == [("rewind", "from line 3 to 1")]
    assert around.journal.checkpoint().cursor == 1
    assert chat.order.next() == others[1]
    chat.read_back(others)
    assert (chat.must_ask, around.counters.rewinds) == (False, 1)


async def test_a_transcript_that_is_only_short_for_a_moment_makes_nothing_new() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    lines = [said(index, f"w{index}") for index in (1, 2, 3)]
    chat.read_back(lines)
    for line in lines:
        chat.progress.passed(line)
    chat.read_back(lines[:2])
    assert (chat.order.cursor, chat.must_ask) == (2, True)
    chat.read_back(lines)
    assert chat.order.next() == lines[2]
    assert chat.progress.is_done(lines[2])


async def test_a_lasting_mark_of_what_was_seen_is_a_fingerprint() -> None:
    chat = a_chat(state=ChatState.CHATTING)
    chat.progress.passed(said(1, "a"))
    assert chat.progress.prints.codes() == (Print.of(said(1, "a")).code,)


async def test_the_handle_reads_and_spawns_through_the_chat() -> None:
    chat = a_chat()
    assert await chat.handle.messages(3) == [text(3)]
    assert isinstance((await chat.lines(1, None))[0], TextReceived)

    async def nothing() -> None: ...

    coroutine = nothing()
    chat.handle.spawn(coroutine)
    coroutine.close()
