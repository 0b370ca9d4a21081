"""The processes of a run, and only those: each is ended when its block is left, whatever happened."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import IO, Any, Self

import httpx

from tests.chaos.checker import NOTES, PLUGIN, History
from tests.chaos.plan import CANARY, Plan
from tests.chaos.server import arguments, bot_name
from tests.chaos.traces import notes, wrong_hooks, wrong_journal, wrong_log

ROOT = Path(__file__).parents[2]
LEASH = Path(__file__).with_name("leash.py")
ANSWER_S = 60.0
DRAIN_S = 5.0
STOP_S = 30.0
START_S = 20.0
# Below the ports that the system gives to outgoing connections: nobody takes them while a process is away.
PORTS = range(20_000, 32_000)

# Replies are final after two seconds: twice as long as any request may live on in the proxy.
CONFIG = """
plugin_dirs = ["plugins"]
[service]
journal = "journal.sqlite3"
admin = "127.0.0.1:{admin}"
drain_timeout = {drain}
[defaults]
server = "http://127.0.0.1:{server}"
password = "{password}"
nickname = "Bot"
plugins = ["chatty"]
request_timeout = 4.0
settle_time = 2.0
"""


async def spawn(
    *command: str, log: Path, cwd: Path, stdin: int = DEVNULL, stdout: int | None = None
) -> Process:
    """Start Python with these arguments; it ends with us, whatever becomes of us.

    A session of its own: Ctrl-C is for the driver, which ends it.
    """
    with log.open("ab") as errors:
        out: int | IO[bytes] = errors if stdout is None else stdout
        return await asyncio.create_subprocess_exec(
            *(sys.executable, str(LEASH), str(os.getpid()), sys.executable, *command),
            cwd=cwd,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdin=stdin,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )


async def end(process: Process) -> None:
    """End a process of ours, stopped or not."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


class Server:
    """The platform.

    Args:
        plan: The run.
        folder: Where it writes.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._turn = asyncio.Lock()
        self.url = ""

    async def __aenter__(self) -> Self:
        command = arguments(self._folder, self._plan)
        log = self._folder / "server.log"
        self._process = await spawn(*command, log=log, cwd=ROOT, stdin=PIPE, stdout=PIPE)
        self.url = (await self._answer())["url"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await end(self._process)

    async def guard(self) -> None:
        """Wait for ever.

        Raises:
            RuntimeError: The process has ended, which it ought not to.
        """
        code = await self._process.wait()
        raise RuntimeError(f"the server process has ended with {code}: see {self._folder / 'server.log'}")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    async def restart(self, seconds: float) -> None:
        """Let it fall, and come back after so many seconds."""
        await self._ask({"do": "restart", "seconds": seconds})

    async def figures(self) -> dict[str, int]:
        """Return what it has counted."""
        return await self._ask({"do": "figures"})

    async def history(self) -> list[dict[str, Any]]:
        """Return all chats."""
        await self._ask({"do": "history"})
        lines = (self._folder / "history.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    async def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        async with self._turn:
            self._process.stdin.write(f"{json.dumps(command)}\n".encode())
            return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_S)
        if not line:
            raise RuntimeError(f"the server process has ended: see {self._folder / 'server.log'}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Bots:
    """The process of the bots: `chatbot run` in a folder of its own.

    Args:
        plan: The run.
        folder: Where bots.toml, the plugin, the journal and the log are.
        port: Of the server, or of what stands before it.

    Attributes:
        ended_by_itself: Exit codes of processes that nobody had ended.
        stops: When it was asked to leave, and when it was gone.
    """

    def __init__(self, plan: Plan, folder: Path, port: int) -> None:
        self._folder = folder
        self._admin = free_port()
        self._write(plan, port)
        self._started = asyncio.Event()
        self._process: Process | None = None
        self.ended_by_itself: list[int] = []
        self.stops: list[tuple[float, float]] = []
        self.largest_kb = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            await end(self._process)

    async def start(self) -> float:
        """Start the process; the time at which it was started."""
        now = time.time()
        command = ("-m", "chatbot", "run", "-c", "bots.toml", "--log-format", "text")
        self._process = await spawn(*command, log=self._folder / "bots.log", cwd=self._folder)
        self._started.set()
        return now

    async def kill(self) -> float:
        """End it as a power cut would; the time at which it was dead."""
        process = await self._take()
        await end(process)
        return time.time()

    async def stop(self) -> int:
        """Ask it to leave, and return its exit code; -9 if it had to be killed.

        It is asked once it listens to signals: before that it ends as any program does.
        """
        await self._is_up()
        process = await self._take()
        asked = time.time()
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            return await asyncio.wait_for(process.wait(), DRAIN_S + STOP_S)
        except TimeoutError:
            await end(process)
            return -signal.SIGKILL
        finally:
            self.stops.append((asked, time.time()))

    async def pause(self, seconds: float) -> None:
        """Let it stand still."""
        process = await self._running()
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(seconds)
            process.send_signal(signal.SIGCONT)

    async def guard(self) -> None:
        """Start it again whenever it ends by itself; for ever."""
        while True:
            process = await self._running()
            await process.wait()
            if process is self._process:
                await self._take()
                self.ended_by_itself.append(process.returncode or 0)
                await asyncio.sleep(1.0)
                await self.start()

    def measure(self) -> None:
        """Look at its memory; the largest figure is kept."""
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(OSError):  # it may just have ended
            lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
            resident = [int(line.split()[1]) for line in lines if line.startswith("VmRSS")]
            self.largest_kb = max([self.largest_kb, *resident])

    def journal_kb(self) -> int:
        """Return the size of the journal on disk."""
        return sum(path.stat().st_size for path in self._folder.glob("journal.sqlite3*")) // 1024

    def traces(self, histories: list[History]) -> list[str]:
        """Return what is wrong with what the processes have left behind, once they are gone."""
        return [
            *wrong_hooks(notes(self._folder / NOTES), self.stops),
            *wrong_journal(self._folder / "journal.sqlite3", histories),
            *wrong_log(self._folder / "bots.log"),
        ]

    async def _is_up(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_S), httpx.AsyncClient(trust_env=False) as http:
                while True:
                    with suppress(httpx.TransportError):
                        await http.get(f"http://127.0.0.1:{self._admin}/healthz")
                        return
                    await asyncio.sleep(0.05)

    async def _running(self) -> Process:
        await self._started.wait()
        assert self._process is not None
        return self._process

    async def _take(self) -> Process:
        """From here on its end is no surprise."""
        process = await self._running()
        self._process = None
        self._started.clear()
        return process

    def _write(self, plan: Plan, port: int) -> None:
        tables = [_table(number) for number in range(plan.bots)]
        head = CONFIG.format(admin=self._admin, drain=DRAIN_S, server=port, password=CANARY)
        (self._folder / "bots.toml").write_text(head + "".join(tables))
        (self._folder / "plugins").mkdir()
        (self._folder / "plugins" / "chatty.py").write_text(PLUGIN)


def _table(number: int) -> str:
    """One bot; every other one logs out when it stops."""
    on_stop = "logout" if number % 2 else "keep"
    return f'[bots.{bot_name(number)}]\nusername = "{bot_name(number)}"\non_stop = "{on_stop}"\n'


def free_port() -> int:
    """Return a port that nobody listens at."""
    for port in SystemRandom().sample(PORTS, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")
