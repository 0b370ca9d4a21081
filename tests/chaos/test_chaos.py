"""The instruments of the chaos runs are themselves tested: what they let through would count as proof."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.chaos import __main__ as command
from tests.chaos.checker import (
    GREETING,
    NOTES,
    PLUGIN,
    History,
    Line,
    check,
    may_mend,
    replies_to,
    totals,
    waits,
)
from tests.chaos.dice import Dice
from tests.chaos.plan import Plan, mishaps, platform, script
from tests.chaos.proxy import LATEST_S, RATES, FaultProxy, read_message
from tests.chaos.report import Outcome, Recovery, recoveries
from tests.chaos.server import Platform
from tests.chaos.traces import notes

BOUND_S = 5.0
CALM = Plan(bots=1, faults=0.0)


def chat(*said: str, **known: Any) -> History:
    """A chat: `C hi` is a customer's line, `A hi` an agent's, others are lines of that type."""
    kinds = {"C": "Customer", "A": "Agent"}
    lines = [
        Line(index, "Text" if word in kinds else word, kinds.get(word, "Customer"), text, float(index))
        for index, (word, _, text) in enumerate((line.partition(" ") for line in said), 1)
    ]
    return History("c1", tuple(lines), **({"manner": "patient"} | known))


WELL = ("A Welcome.", "C hi", "A Heard: hi", "C so?", "A Heard: so?", "A More on: so?")


@pytest.mark.parametrize(
    "history",
    [
        chat(*WELL),
        chat(*WELL, "ParticipantLeft", has_left=True, is_over=True, agents={"bot": "Completed"}),
        chat("C hi", "C hi", "A Welcome.", "A Heard: hi", "A Heard: hi"),
        chat("A Welcome.", "C ok!", "A Heard: ok!", "A Heard: ok!"),
        chat(*WELL, "C more", manner="hasty", has_left=True),
        chat(*WELL[:5], manner="hasty", has_left=True),
        chat("C hi", manner="hasty", has_left=True),
        chat("A Welcome.", manner=None),
    ],
)
def test_nothing_is_wrong_with_what_was_said_well(history: History) -> None:
    assert check(history) == []


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (chat(*WELL[:5]), ["lost: chat c1, line 4: expected 'More on: so?', seen nothing"]),
        (
            chat(*WELL[:5], has_left=True),
            ["lost: chat c1, line 4: expected 'More on: so?', seen nothing"],
        ),
        (chat(*WELL[1:]), ["lost: chat c1, line 0: expected 'Welcome.', seen nothing"]),
        (
            chat("A Welcome.", "C a", "C b", "A Heard: b", manner="hasty", has_left=True),
            ["lost: chat c1, line 2: expected 'Heard: a', seen nothing"],
        ),
        (
            chat("A Welcome.", "C ok!", "A Heard: ok!"),
            ["lost: chat c1, line 2: expected 'Heard: ok!', seen nothing"],
        ),
        (
            chat(*WELL, "A Heard: hi"),
            ["doubled: chat c1, line 7: expected nothing (more), seen 'Heard: hi'"],
        ),
        (
            chat(*WELL, "A Welcome."),
            ["doubled: chat c1, line 7: expected nothing (more), seen 'Welcome.'"],
        ),
        (
            chat("A Welcome.", "C hi", "A Heard: hi", "A Heard: hi", "C hi", "A Heard: hi"),
            ["doubled: chat c1, line 4: expected nothing (more), seen 'Heard: hi'"],
        ),
        (
            chat("A Welcome.", "C a", "C b", "A Heard: b", "A Heard: a"),
            ["misordered: chat c1, line 5: expected 'Heard: a', seen 'Heard: b' before it"],
        ),
        (
            chat("C a", "A Heard: a", "A Welcome."),
            ["misordered: chat c1, line 3: expected 'Welcome.', seen 'Heard: a' before it"],
        ),
        (
            chat(*WELL, gave_up=True),
            ["stuck: chat c1, line 6: expected an answer in time, seen a customer who gave up waiting"],
        ),
        (
            chat(*WELL, is_over=True),
            ["stuck: chat c1, line 6: expected a chat that goes on, seen an end that nobody wanted"],
        ),
        (
            chat(*WELL, has_left=True, is_over=True, agents={"bot": "Chatting"}),
            ["stuck: chat c1, line 6: expected a completed chat, seen {'bot': 'Chatting'}"],
        ),
    ],
)
def test_a_doctored_history_is_found_out(history: History, expected: list[str]) -> None:
    assert [str(violation) for violation in check(history)] == expected


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (chat(*WELL), False),
        (chat(*WELL[:5]), True),
        (chat(*WELL, has_left=True, is_over=True, agents={"bot": "Chatting"}), True),
        (chat(*WELL, "A Welcome.", gave_up=True), False),
    ],
)
def test_a_run_waits_only_for_what_may_still_come(history: History, expected: object) -> None:
    assert may_mend(history) is expected


def test_wrongs_are_counted_by_kind() -> None:
    wrong = chat("A Welcome.", "A Welcome.", "C a", "C b", "A Heard: b", gave_up=True)
    assert totals(check(wrong)) == {"lost": 1, "doubled": 1, "misordered": 0, "stuck": 1}


def test_the_wait_for_each_reply_is_measured_from_its_line() -> None:
    assert waits(chat("A Welcome.", "C a", "C b", "A Heard: a", "A Heard: b").lines) == [2.0, 2.0]


class Talk:
    """A chat and an event in one, as the plugin of the runs uses them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.id, self.index = "c1", 2
        self.said: list[str] = []

    async def send_text(self, text: str) -> None:
        self.said.append(text)


@pytest.mark.parametrize("text", ["a", "a?", "a!"])
async def test_the_plugin_says_what_the_checker_expects(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plugin: dict[str, Any] = {}
    exec(PLUGIN, plugin)
    talk = Talk(text)
    await plugin["on_chat_started"](talk)
    answer = await plugin["on_text"](talk, talk)
    assert [*talk.said, *([answer] if isinstance(answer, str) else [])] == [GREETING, *replies_to(text)]
    assert [(note.what, note.index) for note in notes(tmp_path / NOTES)] == [("begins", 2), ("ends", 2)]


class Loaded(Dice):
    """Dice that fall as they are told."""

    def __init__(self, *faults: str | None) -> None:
        super().__init__("loaded", dict.fromkeys(RATES, 0.0))
        self._faults = list(faults)

    def pick(self, names: list[str]) -> str | None:
        return self._faults.pop(0) if self._faults else None


class Behind:
    """A server behind the proxy, which answers every request, and notes it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.connections: list[asyncio.StreamWriter] = []
        self.news = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        while request := await read_message(reader):
            async with self.news:
                self.bodies.append(request.partition(b"\r\n\r\n")[2])
                self.news.notify_all()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async def heard(self, *bodies: bytes) -> None:
        async with asyncio.timeout(BOUND_S), self.news:
            await self.news.wait_for(lambda: self.bodies == list(bodies))


class Waits:
    """Sleep that lasts until it is let go."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= LATEST_S
        self.asked.set()
        await self.over.wait()


@dataclass
class Way:
    """Client, proxy and server."""

    behind: Behind
    proxy: FaultProxy
    http: httpx.AsyncClient
    waits: Waits

    async def ask(self, body: str, path: str = "/api/v2/me") -> str:
        """Return what the client got: the answer's words, or the name of an error."""
        try:
            answer = await self.http.post(path, content=body)
        except httpx.TransportError as error:
            return type(error).__name__
        return answer.text


@asynccontextmanager
async def a_way(*faults: str | None) -> AsyncIterator[Way]:
    behind, waits = Behind(), Waits()
    server = await asyncio.start_server(behind.serve, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    async with server, FaultProxy(address, Loaded(*faults), Loaded(), waits.sleep) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        async with httpx.AsyncClient(base_url=url, timeout=BOUND_S, trust_env=False) as http:
            yield Way(behind, proxy, http, waits)


CUT = ("ReadError", "RemoteProtocolError")


async def test_requests_and_answers_pass_unharmed() -> None:
    async with a_way() as way:
        assert [await way.ask("a"), await way.ask("b")] == ["ok", "ok"]
        assert (way.behind.bodies, len(way.behind.connections)) == ([b"a", b"b"], 1)


@pytest.mark.parametrize(
    ("fault", "arrived"), [("cut before", []), ("cut after", [b"a"]), ("cut within", [b"a"])]
)
async def test_a_connection_is_cut_before_or_after_the_request_arrived(
    fault: str, arrived: list[bytes]
) -> None:
    async with a_way(fault) as way:
        assert await way.ask("a") in CUT
        assert way.behind.bodies == arrived
        assert await way.ask("b") == "ok"


async def test_a_delayed_request_arrives_later_and_is_answered() -> None:
    async with a_way("delay") as way, asyncio.TaskGroup() as group:
        asking = group.create_task(way.ask("a"))
        await asyncio.wait_for(way.waits.asked.wait(), BOUND_S)
        assert way.behind.bodies == []
        way.waits.over.set()
        assert (await asking, way.behind.bodies) == ("ok", [b"a"])


async def test_a_late_request_arrives_after_its_client_was_cut_off() -> None:
    async with a_way("late") as way:
        assert await way.ask("a") in CUT
        assert way.behind.bodies == []
        way.waits.over.set()
        await way.behind.heard(b"a")


@pytest.mark.parametrize(("fault", "arrived"), [("stall before", []), ("stall after", [b"a"])])
async def test_a_stalled_request_is_never_answered(fault: str, arrived: list[bytes]) -> None:
    async with a_way(fault) as way:
        way.http.timeout = httpx.Timeout(0.1)
        assert await way.ask("a") == "ReadTimeout"
        assert way.behind.bodies == arrived


async def test_polls_have_dice_of_their_own() -> None:
    async with a_way("cut before") as way:
        assert await way.ask("a", "/api/v2/notifications") == "ok"
        assert await way.ask("b") in CUT


async def test_a_server_that_closes_an_idle_connection_is_no_fault() -> None:
    async with a_way() as way:
        await way.ask("a")
        way.behind.connections[0].close()
        await way.behind.connections[0].wait_closed()
        assert await way.ask("b") == "ok"
        assert len(way.behind.connections) == 2


async def test_a_proxy_refuses_and_accepts_again_at_the_same_port() -> None:
    async with a_way() as way:
        await way.ask("a")
        await way.proxy.refuse()
        assert await way.ask("b") == "ConnectError"
        await way.proxy.accept()
        assert await way.ask("c") == "ok"


def test_dice_are_seeded_and_count_and_are_silent_at_a_factor_of_zero() -> None:
    def throw(seed: str, factor: float) -> tuple[list[bool], int]:
        dice = Dice(seed, {"cut": 0.5}, factor)
        return [dice.happens("cut") for _ in range(50)], dice.thrown["cut"]

    seed = next(seed for seed in map(str, range(20)) if throw(seed, 1.0)[1])
    thrown, counted = throw(seed, 1.0)
    assert (thrown, counted) == throw(seed, 1.0) == (thrown, sum(thrown))
    assert throw(seed, 0.0) == ([False] * 50, 0)


def test_a_plan_is_drawn_from_its_seed() -> None:
    plan = Plan(seed=7, conversations=1000)
    assert [script(plan, n) for n in range(50)] == [script(plan, n) for n in range(50)]
    assert script(plan, 1) != script(replace(plan, seed=8), 1)
    assert platform(plan) == platform(plan)
    kinds = Counter(mishap.kind for mishap in mishaps(plan))
    assert kinds == {"kill -9": 10, "SIGTERM": 3, "SIGSTOP": 3, "server restart": 2}
    assert mishaps(plan) == mishaps(plan) != mishaps(replace(plan, seed=8))
    assert {script(plan, n).manner for n in range(200)} == {"patient", "hasty", "staying"}


async def test_a_platform_that_fell_has_forgotten_sessions_and_kept_chats() -> None:
    platform_ = Platform(CALM)
    async with platform_.front as front, httpx.AsyncClient(base_url=front.url, trust_env=False) as http:
        await http.get("/api/v2/me", auth=("bot0", "x"))
        await http.post("/api/v2/chats", json={"operationName": "RequestChat", "nickname": "Ana"})
        await platform_.restart(0.0)
        assert (await http.get("/api/v2/me")).status_code == 401
    [record] = platform_.history()
    assert (record["lines"][0]["type"], record["is_over"]) == ("ParticipantJoined", False)
    assert platform_.figures() == {"requests": 2}


def test_recovery_is_counted_from_the_kill_and_from_the_start_unless_the_next_mishap_came_first() -> None:
    lines = tuple(Line(n, "Text", "Agent", "hi", at) for n, at in enumerate((9.0, 12.0, 30.0), 1))
    outcome = Outcome(Plan(), [History("c1", lines)], away=[(10.0, 11.0, 20.0), (20.0, 21.0, 25.0)])
    assert recoveries(outcome) == [Recovery(2.0, 1.0)]


def test_every_field_of_a_plan_is_an_option() -> None:
    assert command.parse(["--seed", "5", "--server-restarts", "1", "--faults", "0.5"]) == Plan(
        seed=5, server_restarts=1, faults=0.5
    )


@pytest.mark.parametrize(
    ("history", "troubles", "code"),
    [(chat(*WELL), [], 0), (chat(*WELL[:5]), [], 1), (chat(*WELL), ["SIGTERM: exit code -9"], 1)],
)
def test_the_exit_code_tells_and_logs_are_kept_if_something_is_wrong(
    history: History, troubles: list[str], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    outcome = Outcome(Plan(), [history], troubles=troubles)
    assert command.tell(outcome, folder) == code
    printed = capsys.readouterr().out.splitlines()
    assert (folder.exists(), printed[-1] == f"logs: {folder}") == (bool(code), bool(code))
    wrong = [*map(str, outcome.violations()), *troubles]
    assert printed[len(printed) - len(wrong) - code : len(printed) - code] == wrong
