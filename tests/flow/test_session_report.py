"""Each way in which a chat can end, and the whole record that it leaves."""

from typing import Any

import pytest

from chatbot import Chat, ChatOffered, SessionReport, TextReceived, hookimpl
from chatbot.testing import Kit
from chatbot.testing.staged_bot import StagedBot

QUIET = {
    "version": 1,
    "bot": "bot",
    "mode": "live",
    "category": None,
    "function": None,
    "messages_sent": 0,
    "messages_received": 0,
    "result": None,
    "ended_abnormally": False,
    "refused_to_start": False,
    "takeovers": 0,
    "attributes": {},
}


class Obeys:
    """Does what the customer says."""

    @hookimpl
    async def on_chat_started(self) -> str:
        return "Hello."

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str | None:
        match event.text:
            case "complete":
                chat.report("solved", topic="invoice", steps=[1, 2])
                await chat.complete(text="Good bye.")
            case "leave":
                await chat.leave("Good bye.")
            case "transfer":
                await chat.transfer(queue="Sales", text="A colleague takes over.")
            case "queue":
                await chat.complete(queue="Sales")
            case "say nothing":
                return None
            case _:
                return f"you said {event.text}"
        return None


class Rejects:
    @hookimpl
    async def on_chat_offered(self, chat: Chat, event: ChatOffered) -> None:
        await chat.reject()


def only(bot: StagedBot) -> dict[str, Any]:
    """The one record, without what is different each time."""
    [report] = bot.reports
    record = report.model_dump(mode="json")
    assert len(record.pop("session_id")) == 32
    assert record.pop("chat_id")
    return record


def times(start: str, end: str, duration: float) -> dict[str, Any]:
    return {
        "started_at": f"2026-01-05T09:{start}Z",
        "ended_at": f"2026-01-05T09:{end}Z",
        "duration": duration,
    }


async def test_the_bot_completes_the_chat(chatbot: Kit) -> None:
    bot = await chatbot.start(Obeys, options={"category": "Dialog", "function": "Advisor"})
    ana = await chatbot.customer()
    await ana.says("one")
    await chatbot.sleep(30)
    await ana.says("complete")
    await ana.sees_end()
    assert only(bot) == QUIET | times("00:00", "00:30", 30.0) | {
        "category": "Dialog",
        "function": "Advisor",
        "messages_sent": 3,
        "messages_received": 2,
        "ended_by": "bot",
        "end_reason": "completed",
        "end_detail": "Completed",
        "result": "solved",
        "attributes": {"topic": "invoice", "steps": [1, 2]},
    }


@pytest.mark.parametrize(
    ("word", "reason", "sent"),
    [("leave", "left", 2), ("transfer", "transferred", 2), ("queue", "transferred", 1)],
)
async def test_the_bot_leaves_or_hands_the_chat_on(chatbot: Kit, word: str, reason: str, sent: int) -> None:
    bot = await chatbot.start(Obeys)
    await chatbot.human("Helena", queues=("Sales",), says="Hi, I am Helena.")
    ana = await chatbot.customer()
    await ana.says(word)
    if word == "leave":
        await bot.restart()  # a plugin that has left may still complete the chat; the next process does
    await chatbot.sleep(5)
    record = only(bot)
    assert record.pop("end_detail") in {"Completed", "Revoked", "gone"}
    assert record == QUIET | times("00:00", record["ended_at"][-6:-1], record["duration"]) | {
        "messages_sent": sent,
        "messages_received": 1,
        "ended_by": "bot",
        "end_reason": reason,
    }


async def test_the_customer_leaves(chatbot: Kit) -> None:
    bot = await chatbot.start(Obeys)
    ana = await chatbot.customer()
    await ana.says("one", "two")
    await chatbot.sleep(60)
    await ana.leaves()
    assert only(bot) == QUIET | times("00:00", "01:00", 60.0) | {
        "messages_sent": 3,
        "messages_received": 2,
        "ended_by": "customer",
        "end_reason": "customer_left",
        "end_detail": "Completed",
    }


async def test_a_human_agent_takes_over_and_the_bot_makes_room(chatbot: Kit) -> None:
    bot = await chatbot.start(Obeys, options={"on_agent_joined": "leave"})
    ana = await chatbot.customer()
    await ana.chat.agent_joins()
    await chatbot.sleep(5)
    record = only(bot)
    assert (record["ended_by"], record["end_reason"], record["takeovers"]) == ("agent", "taken_over", 1)
    assert (record["messages_sent"], record["ended_abnormally"]) == (1, False)


async def test_a_customer_who_leaves_while_a_human_has_the_chat(chatbot: Kit) -> None:
    bot = await chatbot.start(Obeys)
    ana = await chatbot.customer()
    await ana.chat.agent_joins()
    await ana.says("unanswered by the bot")
    await ana.leaves()
    await chatbot.sleep(60)
    record = only(bot)
    assert (record["ended_by"], record["end_reason"], record["takeovers"]) == ("customer", "customer_left", 1)
    assert (record["messages_sent"], record["messages_received"]) == (1, 1)


async def test_nobody_answers_and_the_fallback_hands_over(chatbot: Kit) -> None:
    bot = await chatbot.start(Obeys, options={"fallback": {"queue": "Sales", "say": "One moment."}})
    await chatbot.human("Helena", queues=("Sales",), says="Hi, I am Helena.")
    ana = await chatbot.customer()
    await ana.says("say nothing")
    await chatbot.sleep(60)
    assert only(bot) == QUIET | times("00:00", "00:30", 30.0) | {
        "messages_sent": 2,
        "messages_received": 1,
        "ended_by": "bot",
        "end_reason": "handed_over",
        "end_detail": "no answer",
        "ended_abnormally": True,
    }


async def test_a_stop_hands_over_and_the_next_process_tells_of_it(chatbot: Kit) -> None:
    fallback = {"queue": "Sales", "say": "One moment."}
    bot = await chatbot.start(Obeys, options={"fallback": fallback, "on_stop": "logout"})
    await chatbot.human("Helena", queues=("Sales",), says="Hi, I am Helena.")
    ana = await chatbot.customer()
    await ana.says("one")
    await chatbot.sleep(20)
    await bot.stop()
    await chatbot.sleep(600)
    await bot.start()
    await chatbot.sleep(60)
    assert only(bot) == QUIET | times("00:00", "00:20", 20.0) | {
        "messages_sent": 3,
        "messages_received": 1,
        "ended_by": "bot",
        "end_reason": "handed_over",
        "end_detail": "stopping",
        "ended_abnormally": True,
    }


async def test_an_offer_is_rejected(chatbot: Kit) -> None:
    bot = await chatbot.start(Rejects)
    await chatbot.customer()
    await chatbot.sleep(5)
    record = only(bot)
    assert record.pop("end_detail") in {"Completed", "Revoked", "gone"}
    assert record == QUIET | times("00:00", record["ended_at"][-6:-1], record["duration"]) | {
        "ended_by": "bot",
        "end_reason": "rejected",
        "refused_to_start": True,
    }


@pytest.mark.parametrize("crash", [False, True])
async def test_counts_survive_the_process_and_the_record_is_one(chatbot: Kit, *, crash: bool) -> None:
    bot = await chatbot.start(Obeys)
    ana = await chatbot.customer()
    await ana.says("one", "two")
    await chatbot.sleep(10)
    await bot.restart(crash=crash)
    await ana.says("three")
    await ana.says("complete")
    await ana.sees_end()
    record = only(bot)
    assert record == QUIET | times("00:00", record["ended_at"][-6:-1], record["duration"]) | {
        "messages_sent": 5,
        "messages_received": 4,
        "ended_by": "bot",
        "end_reason": "completed",
        "end_detail": "Completed",
        "result": "solved",
        "attributes": {"topic": "invoice", "steps": [1, 2]},
    }
    assert record["duration"] >= 10


@pytest.mark.parametrize("crash", [False, True])
async def test_a_chat_that_is_over_when_the_bot_comes_back(chatbot: Kit, *, crash: bool) -> None:
    bot = await chatbot.start(Obeys)
    ana = await chatbot.customer()
    await ana.says("one")
    await (bot.crash() if crash else bot.stop())
    await ana.leaves()
    await chatbot.sleep(60)
    await bot.start()
    await chatbot.sleep(60)
    record = only(bot)
    assert (record["messages_sent"], record["messages_received"]) == (2, 1)
    assert (record["ended_by"], record["end_reason"]) == ("customer", "customer_left")


class Ships:
    def __init__(self) -> None:
        self.shipped: list[SessionReport] = []
        self.log: list[str] = []

    @hookimpl
    async def on_chat_ended(self, chat: Chat) -> None:
        self.log.append("ended")
        chat.report("in the end", last=True)

    @hookimpl
    async def on_session_report(self, chat: Chat, event: SessionReport) -> bool:
        self.log.append("report")
        self.shipped.append(event)
        with pytest.raises(RuntimeError, match="is made"):
            chat.report("too late")
        return True


class ShipsToo(Ships):
    """Asked as well, whatever the one before returns."""


async def test_plugins_get_the_report_once_after_the_end(chatbot: Kit) -> None:
    one, two = Ships(), ShipsToo()
    bot = await chatbot.start(one, two)
    ana = await chatbot.customer()
    await ana.leaves()
    await chatbot.sleep(60)
    assert (one.log, two.log) == (["ended", "report"], ["ended", "report"])
    assert [one.shipped, two.shipped] == [bot.reports, bot.reports]
    assert (bot.reports[0].result, bot.reports[0].attributes) == ("in the end", {"last": True})
