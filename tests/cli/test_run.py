"""``chatbot run`` from the outside: a real process, real sockets, the simulator in the loop of the test."""

import asyncio
import base64
import json
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from chatbot.bot.journal_sqlite import SqliteStore
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.faults import Delay, Fault, Match
from chatbot.simulator.server import serve
from tests.bot.scribe import scribe
from tests.cli.conftest import Chatbot
from tests.cli.programs import CANARY, ECHO, Program, answers, free_port, program, until, write

SLOW = """
    import logging
    from chatbot import hookimpl

    @hookimpl
    async def on_text(chat, event):
        logging.getLogger("chatbot.slow").warning("asked: %s", event.text)
        await chat.send_text("Let me look.")
        await chat.send_text("It takes a while.")
        await chat.send_text("Here it is.")
        return True
"""
STEERING = "Help\x1b[31m me\r\nnow"
WORDS = "My secret is mauve."


@dataclass
class Story:
    """What was seen of one service, from its start to its end."""

    pages: dict[str, httpx.Response] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int = -1

    def end(self, run: Program, simulator: Simulator) -> None:
        self.out, self.err = run.out, run.err
        self.requests = [
            request.operation or request.channels[-1]
            for request in simulator.requests
            if request.agent == "maid" and (request.operation or request.channels)
        ]


@pytest.fixture(scope="module")
def one_bot(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """One bot with a hook that is still at work when the service is told to stop."""
    return asyncio.run(_one_bot(tmp_path_factory.mktemp("run")))


async def _one_bot(folder: Path) -> Story:
    story, simulator, gate = Story(), Simulator(), asyncio.Event()
    simulator.world.add_agent("maid", password=CANARY)
    simulator.faults.append(Fault(Match(operation="SendMessage", agent="maid"), Delay(gate), skip=1))
    admin = f"127.0.0.1:{free_port()}"
    async with serve(simulator.asgi) as server:
        write(
            folder,
            f"""
            service.admin = "{admin}"
            [bots.maid]
            server = "{server}"
            username = "maid"
            password = {{ env = "MAID_PASSWORD" }}
            plugins = ["slow"]
            """,
            slow=SLOW,
        )
        arguments = ("run", "--log-level", "debug", "--log-format", "text", "--show-texts")
        async with program(*arguments, cwd=folder, MAID_PASSWORD=CANARY) as run, Customer(server) as customer:
            story.pages["ready"] = await answers(f"http://{admin}/readyz", 200)
            await customer.sees_agent()
            await customer.says(STEERING)
            await customer.hears("Let me look")
            for page in ("healthz", "metrics", ""):
                story.pages[page] = await answers(f"http://{admin}/{page}", 200)
            run.signal(signal.SIGTERM)
            story.pages["stopping"] = await answers(f"http://{admin}/readyz", 503)
            await until(lambda: simulator.requests[-1].operation == "NotReady")
            gate.set()
            await customer.hears("Here it is")
            story.code = await run.ends()
            story.end(run, simulator)
    return story


def test_a_service_becomes_ready(one_bot: Story) -> None:
    assert one_bot.pages["ready"].json() == {"ready": True, "bots": {}}


def test_the_process_is_alive(one_bot: Story) -> None:
    assert one_bot.pages["healthz"].text == "ok\n"


def test_metrics_hold_counters_in_the_text_of_prometheus(one_bot: Story) -> None:
    metrics = one_bot.pages["metrics"]
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert 'chatbot_events_total{bot="maid",event="TextReceived"} 1.0' in metrics.text.splitlines()
    assert "\nchatbot_loop_lag_seconds " in metrics.text  # the event loop is watched


def test_the_console_shows_each_bot_and_its_state(one_bot: Story) -> None:
    page = one_bot.pages[""].text
    assert "1 of 1 bot is ready" in page
    assert 'href="/bots/maid"' in page


def test_a_service_that_stops_is_not_ready(one_bot: Story) -> None:
    assert one_bot.pages["stopping"].json() == {"ready": False, "bots": {"maid": ["stopping"]}}


def test_a_service_that_was_told_to_stop_ends_well(one_bot: Story) -> None:
    assert one_bot.code == 0, one_bot.err


def test_a_running_hook_finishes_before_the_bot_disconnects_and_ends_its_session(one_bot: Story) -> None:
    last = ["NotReady", "SendMessage", "SendMessage", "/meta/disconnect", "EndContactCenterSession"]
    assert [request for request in one_bot.requests if request != "/meta/connect"][-5:] == last
    assert one_bot.requests[-1] == "EndContactCenterSession"


def test_no_secret_is_printed_even_when_everything_is_logged(one_bot: Story) -> None:
    basic = base64.b64encode(f"maid:{CANARY}".encode()).decode()
    printed = "\n".join([*one_bot.out, *one_bot.err])
    assert "[maid] ready" in printed
    assert CANARY not in printed
    assert basic not in printed


def test_the_http_library_adds_no_lines_of_its_own(one_bot: Story) -> None:
    assert not [line for line in one_bot.err if "HTTP Request" in line or "receive_response" in line]


def test_a_line_tells_its_bot_and_its_chat(one_bot: Story) -> None:
    assert any(line.split("WARNING ")[-1].startswith("[maid/0") for line in one_bot.err)


def test_what_a_stranger_wrote_steers_no_terminal_and_begins_no_line(one_bot: Story) -> None:
    said = next(number for number, line in enumerate(one_bot.err) if "asked: Help" in line)
    assert one_bot.err[said].endswith(r"asked: Help\x1b[31m me\r")
    assert one_bot.err[said + 1] == "    now"


@pytest.fixture(scope="module")
def three_bots(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """One bot that works, one with a refused password, one whose server is not there."""
    return asyncio.run(_three_bots(tmp_path_factory.mktemp("run")))


async def _three_bots(folder: Path) -> Story:
    story, simulator = Story(), Simulator()
    for name in ("good", "refused"):
        simulator.world.add_agent(name, password=name)
    admin = f"127.0.0.1:{free_port()}"
    async with serve(simulator.asgi) as server:
        write(
            folder,
            f"""
            service.admin = "{admin}"
            defaults = {{ server = "{server}", password = "good", plugins = ["echo"] }}
            bots.good.username = "good"
            bots.refused.username = "refused"
            bots.far = {{ username = "far", server = "http://127.0.0.1:{free_port()}" }}
            """,
            echo=ECHO,
        )
        async with program("run", cwd=folder) as run:
            for sign in ('"message": "ready", "bot": "good"', "refused user name", "cannot connect"):
                await run.says(sign)
            story.pages["ready"] = await answers(f"http://{admin}/readyz", 503)
            async with Customer(server, endpoint="good") as customer:
                await customer.says(WORDS)
                story.lines.append((await customer.hears()).text)
            run.signal(signal.SIGTERM)
            story.code = await run.ends()
            story.end(run, simulator)
    return story


def test_a_bot_that_cannot_work_says_why_and_keeps_the_service_from_being_ready(three_bots: Story) -> None:
    bots = three_bots.pages["ready"].json()["bots"]
    assert list(bots) == ["refused", "far"]
    assert bots["refused"][0] == "not logged in"
    assert bots["refused"][-1].startswith("CB404 the server refused user name and password")
    assert bots["far"][-1].startswith("CB401 cannot connect: ")


def test_a_bot_works_beside_others_that_cannot(three_bots: Story) -> None:
    assert three_bots.lines == [f"You said: {WORDS}"]


def test_bots_that_never_were_ready_leave_well_too(three_bots: Story) -> None:
    assert three_bots.code == 0, three_bots.err


def test_lines_for_machines_are_one_object_each(three_bots: Story) -> None:
    facts = [json.loads(line) for line in three_bots.err]
    assert {"time", "level", "logger", "message"} <= set(facts[0])
    assert {"good", "refused", "far"} <= {fact.get("bot") for fact in facts}


def test_what_customers_say_is_not_logged(three_bots: Story) -> None:
    assert "mauve" not in "\n".join([*three_bots.out, *three_bots.err])


@pytest.mark.long
async def test_a_second_signal_stops_at_once_even_while_a_blocking_hook_runs(tmp_path: Path) -> None:
    simulator = Simulator()
    admin = f"127.0.0.1:{free_port()}"
    async with serve(simulator.asgi) as server:
        write(
            tmp_path,
            f"""
            service.admin = "{admin}"
            [bots.maid]
            server = "{server}"
            username = "maid"
            password = "x"
            plugins = ["stuck"]
            """,
            stuck="""
                import threading
                from chatbot import hookimpl

                @hookimpl
                def on_text():
                    print("stuck", flush=True)
                    threading.Event().wait(60)
            """,
        )
        async with program("run", "--log-format", "text", cwd=tmp_path) as run, Customer(server) as customer:
            await customer.sees_agent()
            await customer.says("Hello")
            await run.says("^stuck$")
            run.signal(signal.SIGTERM)
            await run.says("a second signal stops at once")
            run.signal(signal.SIGINT)
            assert await run.ends() == 130
            await run.says("stopped at once$")
    assert "EndContactCenterSession" not in [request.operation for request in simulator.requests]


# the journal


async def test_with_a_damaged_journal_it_stays_up_speaks_to_nobody_and_heals_when_the_file_is_moved_away(
    tmp_path: Path,
) -> None:
    simulator, journal = Simulator(), tmp_path / "chatbot.sqlite3"
    journal.write_bytes(b"no journal at all" * 1_000)
    admin = f"127.0.0.1:{free_port()}"
    async with serve(simulator.asgi) as server:
        write(
            tmp_path,
            f"""
            service.admin = "{admin}"
            [bots.maid]
            server = "{server}"
            username = "maid"
            password = "x"
            """,
        )
        async with program("run", "--log-format", "text", cwd=tmp_path) as run:
            await run.says(f"CRITICAL CB510 journal {journal}: it is damaged, or no journal")
            answer = await answers(f"http://{admin}/readyz", 503)
            trouble = f"CB510 journal {journal}: it is damaged, or no journal; to begin anew, move it away"
            assert answer.json()["bots"]["maid"][0] == trouble
            metrics = await answers(f"http://{admin}/metrics", 200)
            assert "chatbot_journal_writable 0.0" in metrics.text.splitlines()
            assert list(simulator.requests) == []
            journal.rename(tmp_path / "aside")
            await answers(f"http://{admin}/readyz", 200)
            await run.says("the journal can be written again")
            run.signal(signal.SIGTERM)
            assert await run.ends() == 0
    # the bot has begun its first run in the new file
    store = SqliteStore.open(journal, lambda: 0.0)
    assert store.load("maid").run > 1
    store.close()


def test_a_journal_that_another_process_has_ends_with_code_2(chatbot: Chatbot, tmp_path: Path) -> None:
    path = tmp_path / "chatbot.sqlite3"
    config = write(tmp_path, f'service.admin = ""\n{INLINE}')
    with scribe("hold", path) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        result = chatbot("run", "-c", config)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"CB502  journal = '{path}' cannot be used: another process uses it",
        "       fix: stop it, or name another file        more: chatbot explain CB502",
    ]


def test_it_is_refused_even_if_the_journal_is_damaged(chatbot: Chatbot, tmp_path: Path) -> None:
    path = tmp_path / "chatbot.sqlite3"
    path.write_bytes(b"no journal at all" * 1_000)
    config = write(tmp_path, f'service.admin = ""\n{INLINE}')
    with scribe("lock", path) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        result = chatbot("run", "-c", config)
    assert result.exit_code == 2
    assert "another process uses it" in result.stderr


# mistakes of a user

BOT = '[bots.maid]\nserver = "http://127.0.0.1:1"\nusername = "maid"\n'
INLINE = BOT + 'password = "x"\n'


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    ("bots", "complaint"),
    [
        (
            BOT + 'password = { env = "NOT_THERE" }',
            "[bots.maid] password: the environment variable NOT_",
        ),
        (BOT + 'password = { file = "gone" }', "[bots.maid] password: the file "),
        (INLINE + 'plugins = ["gone"]', "plugin 'gone' was not found in "),
        (INLINE + 'plugins = ["bad"]', "plugin 'bad' cannot be imported: ZeroDivisionError: "),
        (INLINE + 'plugins = ["wrong"]', "plugin 'wrong' implements on_txet"),
        (INLINE + "hook_timout = 3", "[bots.maid] has no key 'hook_timout'"),
        ('service.admin = "nowhere"\n' + INLINE, "[service] admin has a wrong value"),
        ("[bots", "bots.toml:2  is not TOML: "),
    ],
)
def test_a_mistake_is_explained_in_a_line_and_ends_with_code_2(
    chatbot: Chatbot, tmp_path: Path, bots: str, complaint: str
) -> None:
    plugins = {"bad": "1 / 0", "wrong": "from chatbot import hookimpl\n@hookimpl\ndef on_txet(): ..."}
    config = write(tmp_path, bots, **plugins)
    result = chatbot("run", "-c", config)
    first, *more = result.stderr.splitlines()
    assert result.exit_code == 2
    assert complaint in first
    assert all(line.startswith("  ") for line in more)
    assert result.stdout == ""


def test_an_admin_port_that_is_taken_ends_with_code_2(chatbot: Chatbot, tmp_path: Path, taken: int) -> None:
    config = write(tmp_path, f'service.admin = "127.0.0.1:{taken}"\n{INLINE}')
    result = chatbot("run", "-c", config)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"CB114  [service] admin = '127.0.0.1:{taken}' cannot be used: ")
    assert "fix: " in result.stderr


def test_a_file_that_is_not_there_ends_with_code_2(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("run", "-c", tmp_path / "bots.toml")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"CB101  {tmp_path}/bots.toml  does not exist",
        "       fix: name the file with --config        more: chatbot explain CB101",
    ]
