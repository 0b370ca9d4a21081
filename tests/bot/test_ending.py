"""Reports of chats whose end comes in a strange way, at a scripted server."""

import asyncio
from typing import Any

import pytest

from chatbot import Chat, SessionReport, hookimpl
from tests.bot.desk import ANA, HELENA, ME, Desk, code
from tests.bot.drawer import Drawer
from tests.bot.mortal import Answers, Hangs, killed, nobody_listening
from tests.bot.stage import Stage, on_stage


class Cabinet:
    """Where reports are kept."""

    def __init__(self) -> None:
        self.reports: list[SessionReport] = []
        self.is_full = False

    async def keep(self, report: SessionReport) -> bool:
        self.reports.append(report)
        return not self.is_full

    @property
    def ends(self) -> list[tuple[str, str, str]]:
        return [(one.ended_by, one.end_reason, one.end_detail) for one in self.reports]

    @property
    def only(self) -> SessionReport:
        [report] = self.reports
        return report


class Ships:
    """Ships the report, and may hang over that."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.log: list[str] = []
        self.hangs = asyncio.Event()
        self._is_to_hang = hangs

    @hookimpl
    async def on_chat_ended(self) -> None:
        self.log.append("ended")

    @hookimpl
    async def on_session_report(self, event: SessionReport) -> None:
        self.log.append(event.session_id)
        if self._is_to_hang:
            self.hangs.set()
            await asyncio.Event().wait()


async def talked(stage: Stage) -> None:
    await stage.chatting()
    stage.desk.says("one")
    await stage.quiet()


@pytest.mark.parametrize(
    ("state", "end"),
    [("Completed", ("system", "completed", "Completed")), ("Revoked", ("system", "revoked", "Revoked"))],
)
async def test_the_server_ends_it_and_nobody_was_seen_to(state: str, end: tuple[str, str, str]) -> None:
    cabinet = Cabinet()
    async with on_stage(Answers(), reports=cabinet.keep) as stage:
        await talked(stage)
        stage.desk.end(state=state)
        await stage.quiet()
        assert stage.bot.counters.session_reports == {"written": 1}
    report = cabinet.only
    assert cabinet.ends == [end]
    assert (report.messages_sent, report.messages_received, report.ended_abnormally) == (1, 1, False)


async def test_a_chat_that_is_gone_ended_abnormally() -> None:
    cabinet = Cabinet()
    async with on_stage(Answers(), reports=cabinet.keep) as stage:
        await talked(stage)
        del stage.desk.chats["c1"]
        for _ in range(4):
            await stage.reconciled()
            await stage.later(5)
    assert cabinet.ends == [("unknown", "gone", "gone")]
    assert cabinet.only.ended_abnormally


async def test_an_offer_that_is_withdrawn_is_no_refusal() -> None:
    cabinet = Cabinet()
    async with on_stage(Answers(), reports=cabinet.keep, auto_accept=False) as stage:
        stage.desk.offer()
        await stage.quiet()
        stage.desk.end(state="Revoked")
        await stage.quiet()
    assert cabinet.ends == [("system", "revoked", "Revoked")]
    assert not cabinet.only.refused_to_start


async def test_an_offer_that_cannot_be_accepted_is() -> None:
    cabinet, desk = Cabinet(), Desk()
    desk.answer("Accept", code(8))
    async with on_stage(Answers(), desk=desk, reports=cabinet.keep) as stage:
        stage.desk.offer()
        await stage.quiet()
        stage.desk.end(state="Revoked")
        await stage.quiet()
    assert cabinet.ends == [("system", "accept_failed", "Revoked")]
    assert cabinet.only.refused_to_start


async def test_an_agent_ends_the_chat_while_the_bot_is_muted() -> None:
    cabinet = Cabinet()
    async with on_stage(Answers(), reports=cabinet.keep) as stage:
        await talked(stage)
        stage.desk.change(participants=[ME, ANA, HELENA], kind="ParticipantsUpdated")
        await stage.quiet()
        stage.desk.end()
        await stage.quiet()
    assert cabinet.ends == [("agent", "taken_over", "Completed")]
    assert cabinet.only.takeovers == 1


async def test_an_agent_ends_the_chat_in_which_the_bot_still_talks() -> None:
    cabinet = Cabinet()
    async with on_stage(Answers(), reports=cabinet.keep, on_agent_joined="stay") as stage:
        await talked(stage)
        stage.desk.change(participants=[ME, ANA, HELENA], kind="ParticipantsUpdated")
        await stage.quiet()
        stage.desk.end()
        await stage.quiet()
    assert cabinet.ends == [("agent", "completed", "Completed")]


@pytest.mark.parametrize("on_stop", ["logout", "keep"])
async def test_a_chat_that_was_left_at_a_stop_ended_then_or_nobody_knows(on_stop: str) -> None:
    desk, drawer, cabinet = Desk(), Drawer(), Cabinet()
    async with on_stage(Answers(), desk=desk, journal=drawer, reports=cabinet.keep, on_stop=on_stop) as stage:
        await talked(stage)
        await stage.stop()
    stopped_at = drawer.checkpoint().report
    desk.chats.clear()
    async with on_stage(Answers(), desk=desk, journal=drawer, reports=cabinet.keep) as stage:
        for _ in range(4):
            await stage.reconciled()
            await stage.later(5)
    report = cabinet.only
    end = {"logout": ("system", "stopped", "gone"), "keep": ("unknown", "gone", "gone")}
    assert cabinet.ends == [end[on_stop]]
    assert f'"stopped_at":{report.ended_at.timestamp()}' in stopped_at
    assert (report.messages_sent, report.messages_received) == (1, 1)


async def test_a_crash_is_told_from_a_stop() -> None:
    desk, drawer, cabinet = Desk(), Drawer(), Cabinet()
    async with on_stage(Answers(), desk=desk, journal=drawer, reports=cabinet.keep) as stage:
        await talked(stage)
        await stage.crash(drawer)
    with nobody_listening(desk):
        desk.end()
    async with on_stage(Answers(), desk=desk, journal=drawer, reports=cabinet.keep) as stage:
        for _ in range(4):
            await stage.reconciled()
            await stage.later(5)
    assert cabinet.only.ended_abnormally
    assert (cabinet.only.messages_sent, cabinet.only.messages_received) == (1, 1)


async def test_a_crash_amid_the_report_repeats_it_and_not_the_end() -> None:
    desk, drawer, cabinet = Desk(), Drawer(), Cabinet()
    dies, ships = Ships(hangs=True), Ships()
    async with on_stage(dies, Answers(), desk=desk, journal=drawer, reports=cabinet.keep) as stage:
        await talked(stage)
        desk.end()
        await stage.until(dies.hangs.is_set)
        await stage.crash(drawer)
    async with on_stage(ships, Answers(), desk=desk, journal=drawer, reports=cabinet.keep) as stage:
        for _ in range(4):
            await stage.reconciled()
            await stage.later(5)
        assert stage.bot.chats == 0
    assert dies.log == ["ended", cabinet.only.session_id]
    assert ships.log == [cabinet.only.session_id]


async def test_a_crash_amid_the_end_leaves_one_report_of_what_was_seen() -> None:
    desk, drawer, cabinet = Desk(), Drawer(), Cabinet()
    dies = Hangs("ended: Completed")
    async with on_stage(dies, desk=desk, journal=drawer, reports=cabinet.keep) as stage:
        await talked(stage)
        desk.end()
        await killed(stage, drawer, dies)
    desk.chats.clear()
    async with on_stage(Ships(), desk=desk, journal=drawer, reports=cabinet.keep) as stage:
        for _ in range(4):
            await stage.reconciled()
            await stage.later(5)
    assert cabinet.ends == [("system", "completed", "Completed")]
    assert not cabinet.only.ended_abnormally


async def test_hooks_that_always_crash_make_a_dead_letter() -> None:
    desk, drawer, cabinet = Desk(), Drawer(), Cabinet()
    for number in range(3):
        dies = Answers(hangs_before="one")
        about = {"desk": desk, "journal": drawer, "reports": cabinet.keep, "ready": not number}
        async with on_stage(dies, **about) as stage:
            if not number:
                await stage.chatting()
                desk.says("one")
            await killed(stage, drawer, dies)
    async with on_stage(Answers(), desk=desk, journal=drawer, reports=cabinet.keep) as stage:
        await stage.quiet()
        desk.end()
        await stage.quiet()
    assert (cabinet.only.ended_abnormally, cabinet.only.messages_received) == (True, 1)


async def test_what_cannot_be_kept_is_counted() -> None:
    cabinet, ships = Cabinet(), Ships()
    cabinet.is_full = True
    async with on_stage(ships, reports=cabinet.keep) as stage:
        await stage.chatting()
        stage.desk.end()
        await stage.quiet()
        assert (stage.bot.counters.session_reports, stage.bot.chats) == ({"lost": 1}, 0)
    assert ships.log == ["ended", cabinet.only.session_id]


async def test_in_shadow_the_report_says_so() -> None:
    cabinet, desk = Cabinet(), Desk()
    async with on_stage(Answers(), desk=desk, reports=cabinet.keep, mode="shadow") as stage:
        desk.running("c1")
        desk.change()
        await stage.quiet()
        desk.says("one")
        await stage.quiet()
        desk.end()
        await stage.quiet()
    report = cabinet.only
    assert (report.mode, report.messages_sent, report.messages_received) == ("shadow", 0, 1)


async def test_a_chat_that_comes_again_is_another_session() -> None:
    cabinet, desk = Cabinet(), Desk()
    async with on_stage(Answers(), desk=desk, reports=cabinet.keep) as stage:
        for _ in range(2):
            await talked(stage)
            desk.end()
            await stage.quiet()
            await stage.later(5)
    assert [report.messages_received for report in cabinet.reports] == [1, 1]
    assert len({report.session_id for report in cabinet.reports}) == 2


async def test_what_plugins_say_is_kept_over_a_crash() -> None:
    class Says:
        @hookimpl
        async def on_chat_started(self, chat: Chat) -> None:
            chat.report("begun", step=1)

    desk, drawer, cabinet = Desk(), Drawer(), Cabinet()
    async with on_stage(Says(), desk=desk, journal=drawer, reports=cabinet.keep) as stage:
        await stage.chatting()
        await stage.crash(drawer)
    async with on_stage(desk=desk, journal=drawer, reports=cabinet.keep) as stage:
        await stage.quiet()
        desk.end()
        await stage.quiet()
    said: tuple[str | None, dict[str, Any]] = (cabinet.only.result, cabinet.only.attributes)
    assert said == ("begun", {"step": 1})
