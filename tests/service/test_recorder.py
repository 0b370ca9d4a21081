"""The recorder: what is kept, in which order, and what goes first."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from chatbot.hooks.trace import Deed, Hearing, HookCall, Outcome
from chatbot.model.actions import Leave
from chatbot.model.errors import Refused
from chatbot.model.events import ChatEnded, Event
from chatbot.service import recorder as module
from chatbot.service.recorder import Entry, Recorder
from tests.bot.stage import VirtualClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def ended(chat_id: str, bot: str = "maid") -> Event:
    return ChatEnded(bot=bot, chat_id=chat_id, received_at=NOW, reason="gone")


def hearing(chat_id: str, bot: str = "maid") -> Hearing:
    return Hearing(bot, ended(chat_id, bot), "ended")


def call(outcome: Outcome, chat_id: str | None = "c1") -> HookCall:
    return HookCall("faq", "on_text", None, outcome, "", bot="maid", chat_id=chat_id)


@pytest.fixture
def recorder() -> Callable[..., Recorder]:
    return lambda most=100: Recorder(VirtualClock(), most)


def test_what_happens_in_a_chat_is_kept_in_order(recorder: Callable[..., Recorder]) -> None:
    kept = recorder()
    records = [hearing("c1"), call("declined"), Deed(Leave(), "c1", "faq", "on_text", bot="maid")]
    for record in records:
        kept.observe(record)
    assert [entry.record for entry in kept.entries("maid", "c1")] == records
    assert kept.entries("maid", "c2") == kept.entries("butler", "c1") == ()


def test_each_record_has_its_time() -> None:
    clock = VirtualClock()
    kept = Recorder(clock)
    first = clock.now()
    kept.observe(hearing("c1"))
    clock.time += 5
    kept.observe(call("declined"))
    assert [entry.at for entry in kept.entries("maid", "c1")] == [first, clock.now()]


def test_chats_with_news_stand_at_the_end(recorder: Callable[..., Recorder]) -> None:
    kept = recorder()
    for chat_id in ("c1", "c2", "c1"):
        kept.observe(hearing(chat_id))
    kept.observe(hearing("c1", "butler"))
    assert kept.chats() == [("maid", "c2"), ("maid", "c1"), ("butler", "c1")]


def test_the_oldest_of_all_chats_goes_first(recorder: Callable[..., Recorder]) -> None:
    kept = recorder(most=3)
    for chat_id in ("c1", "c2", "c2", "c3"):
        kept.observe(hearing(chat_id))
    assert kept.chats() == [("maid", "c2"), ("maid", "c3")]
    assert not kept.is_cut("maid", "c2")
    kept.observe(hearing("c3"))
    assert len(kept.entries("maid", "c2")) == 1
    assert kept.is_cut("maid", "c2")


def test_a_chat_that_has_gone_and_comes_back_is_whole(recorder: Callable[..., Recorder]) -> None:
    kept = recorder(most=1)
    kept.observe(hearing("c1"))
    kept.observe(hearing("c2"))
    kept.observe(hearing("c1"))
    assert (kept.chats(), kept.is_cut("maid", "c1")) == ([("maid", "c1")], False)


def test_one_busy_chat_does_not_drive_the_others_out(
    recorder: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_OF_ONE_CHAT", 2)
    kept = recorder(most=5)
    kept.observe(hearing("quiet"))
    for _ in range(4):
        kept.observe(hearing("busy"))
    assert (len(kept.entries("maid", "quiet")), len(kept.entries("maid", "busy"))) == (1, 2)
    kept.observe(hearing("other"))
    kept.observe(hearing("other"))
    # the two oldest of the busy chat had gone before: what is left of it stays
    assert kept.chats() == [("maid", "busy"), ("maid", "other")]
    assert len(kept.entries("maid", "busy")) == 2


def test_what_went_wrong_is_kept_apart(recorder: Callable[..., Recorder]) -> None:
    kept = recorder()
    failed, overran = call("failed"), call("overran", None)
    refused = Deed(Leave(), "c1", "faq", "on_text", error=Refused("no", action="Leave"), bot="maid")
    for record in (call("declined"), failed, overran, refused, hearing("c1")):
        kept.observe(record)
    assert [entry.record for entry in kept.errors] == [failed, overran, refused]
    assert isinstance(kept.errors[0], Entry)
