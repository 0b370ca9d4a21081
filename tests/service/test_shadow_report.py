"""The report on bots in shadow: who is watched, what is kept, what is written."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from chatbot.hooks.trace import BEFORE, Deed, Hearing
from chatbot.model.actions import SendMessage
from chatbot.model.config import Settings
from chatbot.model.events import ChatEnded, ChatResumed, ChatStarted, Event, TextReceived
from chatbot.model.policy import FALLBACK
from chatbot.model.resources import Participant
from chatbot.model.words import ParticipantType
from chatbot.service import shadow_report as module
from chatbot.service.shadow_report import ShadowReport, report_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANA = Participant(nickname="Ana", type=ParticipantType.CUSTOMER, participant_id="1")
Result = TypeVar("Result")


def report(**about: Any) -> ShadowReport:
    return ShadowReport(["maid"], lambda: NOW, **about)


def heard(event: type[Event], chat: str = "c1", bot: str = "maid", why: str = "", **about: object) -> Hearing:
    made = event.model_validate({"bot": bot, "chat_id": chat, "received_at": NOW} | about)
    return Hearing(bot, made, "t1", why)


def says(text: str, why: str = "") -> Hearing:
    return heard(TextReceived, why=why, text=text, sender=ANA, index=3)


def planned(plugin: str = "faq", text: str = "hi") -> Deed:
    return Deed(SendMessage(text=text), "c1", plugin, "on_text", bot="maid", trigger="t1")


async def at_once(function: Callable[[], Result], /) -> Result:
    return function()


def test_other_bots_and_what_a_bot_does_by_itself_are_passed_over() -> None:
    it = report()
    for record in (
        heard(ChatStarted, bot="live"),
        heard(ChatStarted),
        says("x"),
        planned(""),
        planned(FALLBACK),
    ):
        it.observe(record)
    (chat,) = it.chats()
    assert (chat.bot, chat.turns[-1].planned) == ("maid", ())


def test_a_bot_that_begins_again_begins_a_new_comparison() -> None:
    it = report()
    for record in (heard(ChatStarted), says("x"), heard(ChatResumed), says("x", BEFORE)):
        it.observe(record)
    (chat,) = it.chats()
    assert (chat.partial, len(chat.turns)) == (True, 1)


def test_an_end_that_no_line_explains_is_unclear() -> None:
    it = report()
    for record in (heard(ChatStarted), says("x"), heard(ChatEnded, reason="gone")):
        it.observe(record)
    (chat,) = it.chats()
    assert (chat.unclear, chat.ended, chat.reason) == (True, NOW, "gone")


def test_what_goes_on_for_ever_is_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_MOST_OPEN", 2)
    it = report()
    for number in range(4):
        it.observe(heard(ChatStarted, f"c{number}"))
    assert ([chat.chat for chat in it.chats()], it.lost) == (["c2", "c3"], 2)
    assert caplog.messages == ["comparisons of bots in shadow are lost: too many chats go on at once"]


async def test_each_end_is_written_even_what_no_file_can_hold(tmp_path: Path) -> None:
    lines: list[bytes] = []

    async def write(line: bytes) -> bool:
        lines.append(line)
        return True

    it = report(write=write, with_texts=True)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(it.run(at_once))
        await asyncio.sleep(0)
        for record in (
            heard(ChatStarted),
            says("\ud800"),
            planned(text="good \N{WAVING HAND SIGN}"),
            heard(ChatEnded),
        ):
            it.observe(record)
        it.close()
    (line,) = lines
    (_, turn) = json.loads(line)["turns"]
    assert (turn["said"], turn["planned"][0]["text"]) == (["?"], "good \N{WAVING HAND SIGN}")


def test_without_a_bot_in_shadow_there_is_none() -> None:
    bot = {"server": "https://gws.invalid", "username": "m", "password": "x"}
    live = Settings.model_validate({"bots": {"maid": bot}})
    mixed = Settings.model_validate({"bots": {"maid": bot, "ghost": bot | {"mode": "shadow"}}})
    assert report_of(live, lambda: NOW) is None
    assert report_of(mixed, lambda: NOW) is not None
