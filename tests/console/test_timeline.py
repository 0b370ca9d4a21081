"""A transcript with hooks and actions beside each line."""

from datetime import UTC, datetime, timedelta

from chatbot.console.timeline import Moment, first_index, result_of, timeline
from chatbot.hooks.receipt import Receipt
from chatbot.hooks.trace import Deed, Hearing, HookCall, Record
from chatbot.model.actions import Accept, SendMessage
from chatbot.model.errors import NotAllowed
from chatbot.model.events import ChatStarted, TextReceived, UserDataChanged
from chatbot.model.resources import Participant
from chatbot.model.words import ParticipantType
from chatbot.service.recorder import Entry

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANA = Participant(nickname="Ana", type=ParticipantType.CUSTOMER)


def text(index: int, words: str = "hi") -> TextReceived:
    return TextReceived(
        bot="b", chat_id="c", received_at=NOW, index=index, sender=ANA, timestamp=NOW, text=words
    )


def entries(*records: Record) -> list[Entry]:
    return [Entry(NOW + timedelta(seconds=number), record) for number, record in enumerate(records)]


def deed(**more: object) -> Deed:
    said = SendMessage(text="Hello")
    return Deed(said, "c", "p", "on_text", bot="b", trigger="3", **{"receipt": Receipt(said), **more})  # type: ignore[arg-type]


def test_hooks_and_actions_stand_beside_their_line() -> None:
    call = HookCall("p", "on_text", text(3), "said", "returned 'Hello'", bot="b", chat_id="c", trigger="3")
    other = HookCall("q", "on_text", text(3), "skipped", "p came first", bot="b", chat_id="c", trigger="3")
    one, two = timeline(entries(Hearing("b", text(3), "3"), Hearing("b", text(4), "4"), call, deed(), other))
    assert (one.index, one.who, one.role, one.text, one.is_text) == (3, "Ana", "Customer", "hi", True)
    assert [call.outcome for call in one.calls] == ["said", "skipped"]
    assert [(done.operation, done.text, done.result) for done in one.done] == [
        ("SendMessage", "Hello", "accepted")
    ]
    assert (two.index, two.calls, two.done) == (4, [], [])


def test_what_belongs_to_no_recorded_event_has_a_place_of_its_own() -> None:
    accept = Deed(Accept(), "c", "", "", receipt=Receipt(Accept()), bot="b", trigger="offered")
    (moment,) = timeline(entries(accept))
    assert (moment.name, moment.trigger, moment.done[0].by) == ("", "offered", "the bot itself")


def test_lines_that_were_not_recorded_are_read_and_stand_there_once() -> None:
    moments = timeline(
        entries(Hearing("b", text(3), "3")), [text(1, "one"), text(2, "two"), text(3), text(9)]
    )
    assert [(moment.index, moment.is_read) for moment in moments] == [(1, True), (2, True), (3, False)]


def test_of_a_chat_without_records_the_transcript_is_shown() -> None:
    assert [moment.text for moment in timeline([], [text(1, "one")])] == ["one"]


def test_where_the_records_begin() -> None:
    assert first_index(entries(Hearing("b", text(4), "4"), Hearing("b", text(3), "3"))) == 3
    assert first_index(entries(Hearing("b", ChatStarted(received_at=NOW)))) is None


def test_data_is_told_beside_the_words() -> None:
    changed = UserDataChanged(received_at=NOW, added={"k": "v"}, removed=("old",))
    (moment,) = timeline(entries(Hearing("b", changed, "x", passed_over="nobody has it")))
    assert (moment.more, moment.passed_over, moment.is_quiet) == (
        "added: {'k': 'v'}, removed: ('old',)",
        "nobody has it",
        True,
    )


def test_what_becomes_of_an_action() -> None:
    shadow, seen, failed = (Receipt(SendMessage(text="x")) for _ in range(3))
    shadow.is_shadow = True
    seen.confirm()
    failed.fail("no")
    error = NotAllowed("SendMessage", needed=(), have=(), reason="muted")
    assert [
        result_of(one)
        for one in (
            deed(),
            deed(receipt=shadow),
            deed(receipt=seen),
            deed(receipt=failed),
            deed(receipt=None, error=error),
        )
    ] == ["accepted", "planned only", "confirmed", "failed", "refused"]


def test_a_text_without_end_is_cut() -> None:
    (moment,) = timeline(entries(Hearing("b", text(1, "x" * 100_000), "1")))
    assert len(moment.text) == 4_001


def test_a_quiet_moment_is_one_without_words_and_work() -> None:
    assert Moment(NOW, "TypingStarted").is_quiet
    assert not Moment(NOW, "TextReceived").is_quiet
