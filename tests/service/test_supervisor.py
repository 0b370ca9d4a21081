"""All bots of one file: what happens to one does not harm the others."""

import asyncio
import logging
import threading
from pathlib import Path

import pytest

from chatbot import Chat, hookimpl
from chatbot.bot.journal_writer import GroupCommit, Store
from chatbot.model.config import SecretSource
from chatbot.model.errors import ConfigError, PluginError
from chatbot.service.supervisor import Service, build, check_secrets, load_plugins
from chatbot.service.system import system_watchdog
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.service.house import (
    BOT,
    BOUND_S,
    FaultyBot,
    HandClock,
    StoppedClock,
    at_work,
    bot_at,
    fails,
    settings,
    until,
    world,
)

NOWHERE = "http://127.0.0.1:1"


async def test_a_bot_that_fails_begins_again_after_growing_waits_beside_others() -> None:
    clock = HandClock()
    faulty, steady = FaultyBot("faulty", *[fails] * 7), FaultyBot("steady")
    async with at_work(Service([faulty, steady], world=world(clock), drain_timeout=1)):
        await until(lambda: faulty.runs == 8)
        assert clock.waits == [2, 4, 8, 16, 32, 60, 60]
        assert steady.runs == 1


async def test_after_five_good_minutes_the_waits_begin_again() -> None:
    clock = HandClock()

    def fails_after_a_while() -> None:
        clock.time += 300
        fails()

    bot = FaultyBot("faulty", fails, fails, fails_after_a_while, fails)
    async with at_work(Service([bot], world=world(clock), drain_timeout=1)):
        await until(lambda: bot.runs == 5)
        assert clock.waits == [2, 4, 2, 4]


class Odd(BaseException):
    """What nobody expects."""


ENDS = [Odd(), KeyboardInterrupt(), SystemExit(3), GeneratorExit(), BaseExceptionGroup("x", [Odd()])]


@pytest.mark.parametrize("end", [*ENDS, asyncio.CancelledError()], ids=lambda end: type(end).__name__)
async def test_a_bot_that_ends_in_whatever_way_ends_no_other(
    end: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def ends() -> None:
        raise end

    faulty, sound = FaultyBot("faulty", ends), FaultyBot("sound")
    async with at_work(Service([faulty, sound], world=world(), drain_timeout=1)):
        await until(lambda: faulty.runs == 2)
        assert sound.runs == 1
    assert "bot faulty failed and begins again" in caplog.messages


async def test_a_bot_that_failed_is_not_ready_while_it_waits(caplog: pytest.LogCaptureFixture) -> None:
    bot = FaultyBot("faulty", fails)
    service = Service([bot], world=world(StoppedClock()), drain_timeout=1)
    async with at_work(service):
        await until(lambda: "bot faulty failed and begins again" in caplog.messages)
        assert service.problems()["faulty"][0] == "not logged in"
        assert service.problems()["faulty"][-1] == (
            "it failed once (RuntimeError) and begins again; next try in 2 s"
        )
    assert "RuntimeError: a fault of ours" in caplog.text


async def test_a_stop_does_not_wait_for_the_next_try() -> None:
    bot = FaultyBot("faulty", fails)
    async with at_work(Service([bot], world=world(StoppedClock()), drain_timeout=1)):
        await until(lambda: bot.health.trouble != "")
    assert bot.runs == 1


async def test_a_bot_without_its_password_stays_down_and_the_others_up(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GONE", raising=False)
    async with serve(Simulator().asgi) as server:
        good, bad = bot_at(server, "good"), bot_at(server, "bad", password=SecretSource(env="GONE"))
        service = Service([good, bad], world=world(), drain_timeout=1)
        async with at_work(service):
            await until(lambda: good.health.problems() == [])
            missing = "CB116 the environment variable GONE is missing or empty"
            assert service.problems()["bad"][-1] == missing
            assert f"bot bad cannot run: {missing}" in caplog.messages
        # a user's mistake has no traceback, and is told once
        [told] = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert told.exc_info is None


async def test_a_service_that_was_stopped_before_does_not_begin() -> None:
    bot = FaultyBot("maid")
    service = Service([bot], world=world(), drain_timeout=1)
    service.stop()
    await asyncio.wait_for(service.run(), BOUND_S)
    assert bot.runs == 0


async def test_a_stop_lets_all_bots_leave_well() -> None:
    simulator = Simulator()
    async with serve(simulator.asgi) as server:
        bots = [bot_at(server, "day"), bot_at(server, "night")]
        async with at_work(Service(bots, world=world(), drain_timeout=1)) as service:
            await until(lambda: not any(service.problems().values()))
        assert service.problems() == {"day": ["stopping"], "night": ["stopping"]}
    ended = [
        request.agent for request in simulator.requests if request.operation == "EndContactCenterSession"
    ]
    assert sorted(ended) == ["day", "night"]


class Stuck:
    @hookimpl
    async def on_chat_started(self, chat: Chat) -> None:
        await chat.send_text("Wait.")
        await asyncio.Event().wait()


async def test_a_hook_that_does_not_end_is_waited_for_no_longer_than_the_drain_timeout(
    caplog: pytest.LogCaptureFixture,
) -> None:
    simulator = Simulator()
    async with serve(simulator.asgi) as server, Customer(server) as customer:
        bot = bot_at(server, "maid", Stuck(), hook_timeout=3600)
        async with at_work(Service([bot], world=world(), drain_timeout=0.05)):
            await customer.hears("Wait")
    assert "1 chats were still busy after 0.05 s" in caplog.messages
    assert simulator.requests[-1].operation == "EndContactCenterSession"


async def test_a_service_that_is_cancelled_leaves_nothing_running() -> None:
    before = asyncio.all_tasks()
    async with serve(Simulator().asgi) as server:
        service = Service([bot_at(server)], world=world(), drain_timeout=1)
        running = asyncio.create_task(service.run())
        await until(lambda: not any(service.problems().values()))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert asyncio.all_tasks() == before


# the watchdog


async def test_the_event_loop_is_watched_while_the_bots_run_and_no_longer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = threading.active_count()
    bot = FaultyBot("maid")
    service = Service([bot], world=world(), drain_timeout=1)
    service.watchdog = system_watchdog()
    async with at_work(service):
        await until(lambda: bot.runs == 1)
        assert threading.active_count() == before + 1
        assert service.watchdog._bots == (bot,)
    assert threading.active_count() == before


async def test_a_service_that_cannot_begin_leaves_no_watchdog() -> None:
    def broken() -> Store:
        raise ConfigError("another process uses it")

    journal = GroupCommit(broken, asyncio.to_thread, HandClock())
    service = Service([FaultyBot("maid")], world=world(), drain_timeout=1, journal=journal)
    service.watchdog = system_watchdog()
    with pytest.raises(ConfigError, match="another process uses it"):
        await service.run()
    assert [one.name for one in threading.enumerate() if one.name == "watchdog"] == []


def test_a_service_is_watched_if_it_is_asked_for(tmp_path: Path) -> None:
    found, dog = settings(tmp_path, BOT.format(name="maid", plugins="")), system_watchdog()
    assert build(found, world()).watchdog is None
    assert build(found, world(), watchdog=dog).watchdog is dog


# building


def test_the_plugins_of_a_bot_come_in_call_order_with_their_settings(tmp_path: Path) -> None:
    bots = BOT.format(name="maid", plugins='"two", "one"') + '    plugin.one.text = "Hi"\n'
    found = settings(tmp_path, bots)
    two, one = load_plugins("maid", found.bots["maid"], found, "bots.toml")
    assert (two.name, two.settings) == ("two", None)
    assert one.name == "one"
    assert one.settings is not None
    assert one.settings.model_dump() == {"text": "Hi"}


def test_wrong_settings_name_the_table(tmp_path: Path) -> None:
    bots = BOT.format(name="maid", plugins='"one"') + '    plugin.one.txt = "Hi"\n'
    found = settings(tmp_path, bots)
    with pytest.raises(
        ConfigError, match=r"^CB104  bots\.toml:\d+  \[bots\.maid\.plugin\.one\] has no key 'txt'"
    ):
        load_plugins("maid", found.bots["maid"], found, "bots.toml")


def test_a_plugin_that_is_not_there_is_a_plugin_error(tmp_path: Path) -> None:
    found = settings(tmp_path, BOT.format(name="maid", plugins='"gone"'))
    with pytest.raises(PluginError, match="plugin 'gone' was not found"):
        load_plugins("maid", found.bots["maid"], found, "bots.toml")


def test_a_service_has_all_bots_of_the_file_and_no_secret_is_read_for_it(tmp_path: Path) -> None:
    bots = BOT.format(name="day", plugins='"two"') + BOT.format(name="night", plugins="")
    service = build(settings(tmp_path, bots), world())
    assert [bot.name for bot in service.bots] == ["day", "night"]
    nothing_yet = ["not logged in", "not subscribed", "no contact-centre session", "not polling"]
    assert service.problems() == {"day": nothing_yet, "night": nothing_yet}


def test_what_is_wrong_with_each_bot_is_told_at_once(tmp_path: Path) -> None:
    plugin_of = {"day": "gone", "dusk": "bad", "dawn": "two", "night": "one"}
    bots = "".join(BOT.format(name=name, plugins=f'"{plugin}"') for name, plugin in plugin_of.items())
    with pytest.raises(ConfigError) as refused:
        build(settings(tmp_path, bots), world())
    assert [finding.code for finding in refused.value.findings] == ["CB201", "CB203", "CB105"]


def test_all_secrets_that_are_not_there_are_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("day", "night")
    found = settings(tmp_path, "".join(BOT.format(name=name, plugins="") for name in names))
    monkeypatch.delenv("GONE", raising=False)
    with pytest.raises(ConfigError) as refused:
        check_secrets(found, "bots.toml")
    assert [(finding.code, finding.message) for finding in refused.value.findings] == [
        ("CB116", f"[bots.{name}] password: the environment variable GONE is missing or empty")
        for name in names
    ]
    monkeypatch.setenv("GONE", "x")
    check_secrets(found, "bots.toml")
