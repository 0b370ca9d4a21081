"""What a service manager hears, at a real socket, from a service whose bots need no server."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot.bot.journal_writer import GroupCommit
from chatbot.service.notify import ServiceManager, status, telling
from chatbot.service.supervisor import Service
from chatbot.service.system import WriterThread
from tests.service.ear import Ear, ear
from tests.service.house import NO_ROOM, FaultyBot, StoppedClock, at_work, no_room, world

PID = 4711
STOP_S = 55.0


@pytest.fixture(params=["path", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ear]:
    with ear(None if request.param == "abstract" else tmp_path) as listening:
        yield listening


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Ear]:
    with ear(tmp_path) as listening:
        yield listening


def service(*names: str) -> Service:
    return Service([FaultyBot(name) for name in names], world=world(), drain_timeout=0.1)


def environment(address: str, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": address, "PATH": "/bin", **more}


# the life of a service


async def test_a_service_is_up_when_its_bots_have_begun(heard: Ear) -> None:
    own = service("maid")
    with telling(ServiceManager(heard.address), own, STOP_S):
        assert heard.listen() == [{"STATUS": "0 of 1 bots ready: maid: not logged in, not polling"}]
        async with at_work(own):
            up = await heard.hears(lambda said: "READY" in said)
            assert up == {"READY": "1", "STATUS": "1 of 1 bots ready"}
    assert heard.count("READY") == 1
    assert heard.count("WATCHDOG") == 0


async def test_a_service_whose_journal_is_damaged_is_up_too_and_says_why(at: Ear) -> None:
    journal = GroupCommit(no_room, WriterThread("journal"), StoppedClock())
    own = Service([FaultyBot("maid")], world=world(), drain_timeout=0.1, journal=journal)
    with telling(ServiceManager(at.address), own, STOP_S):
        async with at_work(own):
            up = await at.hears(lambda said: "READY" in said)
    assert up["STATUS"].startswith("0 of 1 bots ready: maid: ")
    assert NO_ROOM in up["STATUS"]


async def test_a_service_that_stops_says_once_how_long_that_may_take(at: Ear) -> None:
    own = service("maid")
    with telling(ServiceManager(at.address, watchdog_s=0.02), own, STOP_S):
        async with at_work(own):
            await at.hears(lambda said: "READY" in said)
            own.stop()
            stopping = await at.hears(lambda said: "STOPPING" in said)
            assert stopping == {"STOPPING": "1", "EXTEND_TIMEOUT_USEC": "55000000"}
            before = at.count("WATCHDOG")
            await at.hears(lambda _: at.count("WATCHDOG") > before)  # it lives while it drains
    assert at.count("STOPPING") == 1


async def test_the_end_of_the_block_is_a_stop_even_if_nobody_asked_for_it(at: Ear) -> None:
    with pytest.raises(RuntimeError), telling(ServiceManager(at.address), service(), STOP_S):
        raise RuntimeError
    assert at.listen()[-1]["STOPPING"] == "1"


async def test_what_was_not_taken_is_told_again(tmp_path: Path) -> None:
    own = service("maid")
    with telling(ServiceManager(str(tmp_path / "notify"), watchdog_s=0.02), own, STOP_S):
        async with at_work(own):
            with ear(tmp_path) as late:
                assert "READY" in await late.hears(lambda said: "READY" in said)


async def test_nobody_to_tell_is_told_nothing() -> None:
    manager = ServiceManager()
    assert not manager.tell(READY=1)
    with telling(manager, service("maid"), STOP_S):
        pass


# the watchdog


async def test_a_loop_that_turns_is_told_twice_in_the_time_of_the_watchdog(at: Ear) -> None:
    manager = ServiceManager(at.address, watchdog_s=0.1)
    assert manager.every_s == 0.05
    own = service()
    with telling(manager, own, STOP_S):
        async with at_work(own):
            await at.hears(lambda _: at.count("WATCHDOG") > 3)


async def test_a_loop_that_stands_still_says_nothing(at: Ear) -> None:
    own = service()
    with telling(ServiceManager(at.address, watchdog_s=0.04), own, STOP_S):
        async with at_work(own):
            await at.hears(lambda said: "WATCHDOG" in said)
            before = len(at.listen())
            time.sleep(0.2)  # noqa: ASYNC251 (the fault itself)
            assert len(at.listen()) == before
            await at.hears(lambda _: len(at.listen()) > before)


@pytest.mark.parametrize(("watchdog_s", "every_s"), [(0, 1), (60, 1), (1.5, 0.75)])
def test_a_block_may_last_nearly_as_long_as_the_watchdog_allows(watchdog_s: float, every_s: float) -> None:
    assert ServiceManager("@x", watchdog_s).every_s == every_s


# the environment


def test_the_environment_tells_whom_and_how_often_and_other_programs_do_not_inherit_it() -> None:
    given = environment("/run/notify", WATCHDOG_USEC="60000000", WATCHDOG_PID=str(PID))
    manager = ServiceManager.of(given, PID)
    assert (bool(manager), manager.watchdog_s) == (True, 60)
    assert given == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("given", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "500000"}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, 0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": ""}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
        ({"WATCHDOG_USEC": "-1"}, 0),
        ({"WATCHDOG_USEC": "²"}, 0),
        ({"WATCHDOG_USEC": "0"}, 0),
        ({"WATCHDOG_PID": str(PID)}, 0),
    ],
)
def test_the_watchdog_counts_only_if_it_is_meant_for_this_process(
    given: dict[str, str], watchdog_s: float
) -> None:
    assert ServiceManager.of(environment("@x", **given), PID).watchdog_s == watchdog_s


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1", "@", "/"])
def test_an_address_that_is_none_harms_nobody(address: str) -> None:
    assert not ServiceManager.of({"NOTIFY_SOCKET": address}, PID).tell(READY=1)
    assert not ServiceManager.of({}, PID)


def test_a_manager_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "notify"))
        manager = ServiceManager(str(tmp_path / "notify"))
        told = [manager.tell(STATUS="x" * 1000) for _ in range(2000)]
    assert told[0]
    assert not told[-1]


# the status


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "0 of 0 bots ready"),
        (("a", "b"), "0 of 2 bots ready: a: not logged in, broken; b: not logged in, broken"),
        (("a", "b", "c", "d", "e"), "; c: not logged in, broken; 2 more"),
    ],
)
def test_the_status_names_the_first_bots_that_are_not_ready(names: tuple[str, ...], said: str) -> None:
    own = service(*names)
    for bot in own.bots:
        bot.health.trouble = "broken"
    assert status(own).endswith(said)


def test_what_a_server_said_is_no_fact_of_its_own() -> None:
    own = service("maid")
    own.bots[0].health.trouble = "bad\nMAINPID=1\r\x1b[31m" + "x" * 1000
    assert len(status(own)) == 400
    assert status(own).startswith("0 of 1 bots ready: maid: not logged in, bad MAINPID=1  [31mxxx")


def test_a_bot_that_works_is_not_named() -> None:
    own = service("good", "bad")
    good = own.bots[0].health
    good.logged_in = good.subscribed = good.entered = good.polling = True
    assert status(own) == "1 of 2 bots ready: bad: not logged in, not polling"
