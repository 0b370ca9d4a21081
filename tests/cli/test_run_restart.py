"""A new process in the middle of a chat, seen by the customer: what ``on_stop`` changes. Real processes."""

import asyncio
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer, CustomerLine
from chatbot.simulator.faults import Delay, Fault, Match
from chatbot.simulator.server import serve
from tests.cli.programs import ECHO, program, until, write

pytestmark = pytest.mark.long


@dataclass
class Seen:
    """What customers and the server saw of a restart."""

    lines: list[CustomerLine] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    second_operations: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)

    @property
    def comings_and_goings(self) -> list[str]:
        return [str(line) for line in self.lines if line.sender_type == "Agent" and line.type != "Text"]


def bots(server: str, on_stop: str) -> str:
    return f"""
    [service]
    admin = ""
    journal = "bots.sqlite3"
    [bots.maid]
    server = "{server}"
    username = "maid"
    password = "x"
    nickname = "Maid"
    plugins = ["echo"]
    on_stop = "{on_stop}"
    """


async def restarted(folder: Path, on_stop: Literal["keep", "logout"]) -> Seen:
    """SIGTERM while an answer is on its way; lines and a customer while nobody is there; a new process."""
    seen, simulator, gate = Seen(), Simulator(), asyncio.Event()
    simulator.faults.append(Fault(Match(operation="SendMessage", agent="maid"), Delay(gate), skip=1))
    async with serve(simulator.asgi) as server, Customer(server) as ana:
        write(folder, bots(server, on_stop), echo=ECHO)
        async with program("run", cwd=folder) as first:
            await ana.sees_agent()
            await ana.says("one")
            await ana.hears("You said: one")
            await ana.says("two")
            await until(lambda: not simulator.faults)
            first.signal(signal.SIGTERM)
            await first.says("stopping; a second signal stops at once")
            gate.set()
            seen.codes.append(await first.ends())
        seen.operations = operations(simulator)
        await ana.says("three")
        await ana.says("four")
        async with Customer(server, nickname="Bo") as bo:
            await bo.says("hello")
            async with program("run", cwd=folder) as second:
                await ana.hears("You said: four")
                await bo.hears("You said: hello")
                await ana.says("five")
                await ana.hears("You said: five")
                second.signal(signal.SIGTERM)
                seen.codes.append(await second.ends())
        seen.second_operations = operations(simulator)[len(seen.operations) :]
        seen.lines = ana.lines
    return seen


def operations(simulator: Simulator) -> list[str]:
    return [one.operation for one in simulator.requests if one.operation and one.agent == "maid"]


@pytest.fixture(scope="module")
def keeps(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return asyncio.run(restarted(tmp_path_factory.mktemp("keep"), "keep"))


@pytest.fixture(scope="module")
def logs_out(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return asyncio.run(restarted(tmp_path_factory.mktemp("logout"), "logout"))


def test_both_processes_end_well(keeps: Seen, logs_out: Seen) -> None:
    assert keeps.codes == logs_out.codes == [0, 0]


def test_every_line_is_answered_once_and_in_order(keeps: Seen) -> None:
    said = [line.text for line in keeps.lines if line.sender_type == "Agent" and line.type == "Text"]
    assert said == [f"You said: {word}" for word in ("one", "two", "three", "four", "five")]


def test_with_keep_nobody_leaves_and_nobody_joins(keeps: Seen) -> None:
    assert keeps.comings_and_goings == ["(Maid: ParticipantJoined)"]


def test_with_keep_the_session_of_the_agent_stays(keeps: Seen) -> None:
    assert not {"NotReady", "EndContactCenterSession"} & {*keeps.operations, *keeps.second_operations}


def test_with_logout_the_customer_sees_the_bot_leave_and_somebody_join(logs_out: Seen) -> None:
    assert logs_out.comings_and_goings[:3] == [
        "(Maid: ParticipantJoined)",
        "(Maid: ParticipantLeft)",
        "(Maid: ParticipantJoined)",
    ]
    assert logs_out.operations[-1] == "EndContactCenterSession"
