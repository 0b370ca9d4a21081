"""What a report tells of a chat's operations."""

from dataclasses import replace

from chatbot.bot.endings import Endings
from chatbot.bot.journal import Key, OperationRecord, OperationState
from chatbot.model.actions import Complete


def record(operation: str, state: OperationState = "confirmed", plugin: str = "faq") -> OperationRecord:
    return OperationRecord(Key("c1", "7:print", plugin, f"on_text:{operation}", 0), operation, "", "", state)


def last(*records: OperationRecord) -> str | None:
    endings = Endings()
    for one in records:
        endings.note(one)
    return endings.last.operation if endings.last is not None else None


def test_nothing_was_done() -> None:
    assert last() is None
    assert last(record("SendMessage"), record("Accept")) is None
    assert last(record("Transfer", "intent"), record("Leave", "unknown")) is None


def test_the_last_that_was_taken_counts() -> None:
    assert last(record("Transfer", "accepted"), record("Complete", "accepted")) == "Complete"
    assert last(record("Transfer"), replace(record("Transfer"), state="failed")) is None


def test_what_the_bot_does_by_itself_is_tidying_up() -> None:
    assert last(record("Transfer"), record("Complete", plugin="")) == "Transfer"
    assert last(record("Complete", plugin="")) == "Complete"


def test_to_complete_a_chat_into_a_queue_is_to_transfer_it() -> None:
    endings = Endings()
    endings.note(record("Complete"), Complete(queue_name="Sales"))
    assert endings.last == replace(record("Complete"), operation="Transfer")
    endings.note(record("Complete"), Complete())
    assert endings.last == record("Complete")


def test_an_accept_may_come_to_nothing_and_be_tried_again() -> None:
    endings = Endings()
    endings.note(record("Accept", "failed"))
    assert endings.accept_failed
    endings.note(record("Accept"))
    assert not endings.accept_failed
