"""What a bot costs that has nothing to do: memory, CPU, and how long many take to be ready.

    python -m tests.bench.idle [--bots 500] [--seconds 20]

The simulator is a process of its own; each number of bots has a fresh process, with a journal in a file.
Memory for each bot is the difference between the largest number and a fifth of it, so that what a process
costs anyhow is left out.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from chatbot.model.config_file import load
from chatbot.service.supervisor import build
from chatbot.service.system import system_world
from chatbot.simulator.app import Simulator
from chatbot.simulator.server import serve

ALL_READY_S = 120.0
KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process.

    Args:
        bots: How many.
        ready_s: Until all were ready.
        memory: Bytes that are resident.
        cpu: Percent of one core.
    """

    bots: int
    ready_s: float
    memory: int
    cpu: float


async def measure(server: str, bots: int, seconds: float) -> Cost:
    """Run them in this process."""
    with tempfile.TemporaryDirectory() as folder:
        service = build(load(_settings(Path(folder), server, bots)), system_world())
        async with asyncio.TaskGroup() as tasks:
            began = time.perf_counter()
            tasks.create_task(service.run())
            async with asyncio.timeout(ALL_READY_S):
                while any(service.problems().values()):  # noqa: ASYNC110 (what is watched tells nobody)
                    await asyncio.sleep(0.1)
            ready_s = time.perf_counter() - began
            await asyncio.sleep(
                seconds / 2
            )  # what begins together has spread, and connections have been renewed
            cpu, wall = time.process_time(), time.perf_counter()
            await asyncio.sleep(seconds)
            share = (time.process_time() - cpu) / (time.perf_counter() - wall)
            cost = Cost(bots, ready_s, _resident(), share * 100)
            service.stop()
    return cost


def _settings(folder: Path, server: str, bots: int) -> Path:
    defaults = f'[defaults]\nserver = "{server}"\npassword = "x"\non_stop = "keep"\n'
    names = "".join(f'[bots.bot{number}]\nusername = "bot{number}"\n' for number in range(bots))
    path = folder / "bots.toml"
    path.write_text(f'[service]\nadmin = ""\n{defaults}{names}')
    return path


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def simulate() -> None:
    """Serve until the input ends."""
    async with serve(Simulator().asgi) as server:
        print(server, flush=True)
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def simulator() -> Iterator[str]:
    """The simulator in a process of its own; its address."""
    command = [sys.executable, "-m", "tests.bench.idle", "--simulate"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def measured(server: str, bots: int, seconds: float) -> Cost:
    """In a fresh process."""
    task = ["--server", server, "--bots", str(bots), "--seconds", str(seconds)]
    command = [sys.executable, "-m", "tests.bench.idle", *task]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def compare(bots: int, seconds: float) -> None:
    """Print a table."""
    print(f"{'bots':>5} {'all ready s':>12} {'resident MiB':>13} {'CPU %':>7}")
    costs = []
    for count in (1, bots // 5, bots):
        with simulator() as server:
            cost = measured(server, count, seconds)
        costs.append(cost)
        print(f"{cost.bots:>5} {cost.ready_s:>12.1f} {cost.memory / MIB:>13.1f} {cost.cpu:>7.1f}", flush=True)
    few, many = costs[1:]
    each = (many.memory - few.memory) / (many.bots - few.bots)
    print(f"memory of an idle bot: {each / KIB:.0f} KiB; CPU: {many.cpu / many.bots:.3f} % of a core")


def main() -> None:
    """Measure, or be one of the processes for it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bots", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--server", default="")
    parser.add_argument("--simulate", action="store_true")
    given = parser.parse_args()
    if given.simulate:
        asyncio.run(simulate())
    elif given.server:
        print(json.dumps(asdict(asyncio.run(measure(given.server, given.bots, given.seconds)))))
    else:
        compare(given.bots, given.seconds)


if __name__ == "__main__":
    main()
