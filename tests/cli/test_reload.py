"""``chatbot dev`` from the outside: files are saved, and the bots are other ones, while a customer talks."""

import time
from collections import Counter
from pathlib import Path

import pytest

from chatbot.simulator.customer import Customer
from tests.cli.programs import BOUND_S, Program, answers, free_port, program, until, write

pytestmark = pytest.mark.long

BOT = """
    service.admin = "{admin}"
    [bots.maid]
    server = "https://gws.invalid"
    username = "maid"
    password = {{ env = "GONE" }}
    nickname = "Maid"
    plugins = ["echo"]
"""
SAYS = """
    import asyncio
    import os
    import time
    from chatbot import hookimpl

    @hookimpl
    async def on_text(chat, event):
        if event.text == "wait":
            await chat.send_text("begun")
            await asyncio.sleep({seconds})
        if event.text == "die":
            os._exit(3)
        if event.text == "block":
            time.sleep(60)
        return f"{word} <{{event.text}}>"
"""
# What is below the project folder is found where the command looks for modules.
HELPED = "import sys\nsys.path.insert(0, '.')\nfrom lib.words import WORD\n" + SAYS.format(
    word="{WORD}", seconds=0
)
HANGS = "import time\nopen('hangs', 'w').close()\ntime.sleep(60)\n"


def saying(word: str, seconds: int = 0) -> str:
    return SAYS.format(word=word, seconds=seconds)


class Project:
    """A folder in which somebody writes a plugin, and one customer in one chat."""

    def __init__(self, folder: Path, run: Program, customer: Customer) -> None:
        self.folder = folder
        self.run = run
        self.customer = customer
        self.said = 0

    def save(self, text: str, name: str = "plugins/echo.py") -> None:
        """As editors do that put a new file in the place of the old one."""
        scratch = self.folder / "scratch~"
        scratch.write_text(_flush_left(text))
        (self.folder / name).parent.mkdir(exist_ok=True)
        scratch.replace(self.folder / name)

    async def hears(self, word: str) -> None:
        """The customer says something new, and gets this answer to it."""
        self.said += 1
        await self.customer.says(f"text {self.said}")
        await self.customer.hears(f"^{word} <text {self.said}>$")

    async def hears_soon(self, word: str) -> float:
        """Seconds until the customer, who goes on asking, gets this answer."""
        began = time.monotonic()
        while time.monotonic() - began < BOUND_S:
            self.said += 1
            await self.customer.says(f"text {self.said}")
            answer = await self.customer.hears(f" <text {self.said}>$")
            if answer.text.startswith(f"{word} "):
                return time.monotonic() - began
        raise AssertionError(f"no {word} in:\n{self.run.output}")

    def restarts(self) -> int:
        return sum(line.startswith("saved ") for line in self.run.out)

    def assert_each_text_was_answered_once(self) -> None:
        answered = Counter(
            line.text.partition("<")[2] for line in self.customer.lines if line.sender_type == "Agent"
        )
        answered.pop("", None)  # its coming, and what it said before it waited
        assert answered == {f"text {number}>": 1 for number in range(1, self.said + 1)} | {"wait>": 1}


def _flush_left(text: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in text.split("\n"))


async def test_what_is_saved_answers_at_once_and_no_text_is_lost_or_answered_twice(tmp_path: Path) -> None:
    admin = f"127.0.0.1:{free_port()}"
    write(tmp_path, BOT.format(admin=admin), echo=saying("A", seconds=60))
    async with program("dev", "--port", "0", cwd=tmp_path) as run:
        server = (await run.says(r"^customer page: (http://127\.0\.0\.1:\d+)/customer$"))[1]
        async with Customer(server) as customer:
            mine = Project(tmp_path, run, customer)
            await mine.hears("A")
            await wrong_key_and_waiting_hook(mine)
            await broken_module_and_many_saves(mine)
            await a_save_while_another_is_loaded(mine)
            assert (await answers(f"http://{admin}/readyz", 200)).json()["ready"]
            mine.assert_each_text_was_answered_once()
            arrivals = [line for line in customer.lines if line.type == "ParticipantJoined"]
            assert [line.nickname for line in arrivals] == ["Customer", "Maid"]
        run.stop()
        assert await run.ends() == 0
    assert "Traceback" not in run.output


async def wrong_key_and_waiting_hook(mine: Project) -> None:
    """What cannot be loaded is told, and the bots go on; a hook that is stopped is run again by the next."""
    config = (mine.folder / "bots.toml").read_text()
    mine.save(config.replace("nickname", "nikname"), "bots.toml")
    await mine.run.says("rename nikname to nickname")
    await mine.run.says("the bots go on as they were")
    await mine.hears("A")
    await mine.customer.says("wait")
    await mine.customer.hears("^begun$")
    mine.save(config, "bots.toml")
    mine.save(saying("B"))
    await mine.customer.hears("^B <wait>$")
    assert [line.text for line in mine.customer.lines].count("begun") == 1
    await mine.hears("B")


async def broken_module_and_many_saves(mine: Project) -> None:
    """What a plugin imports from the project is watched as well, also while it cannot be imported."""
    mine.save("WORD = 'C", "lib/words.py")
    mine.save(HELPED)
    await mine.run.says(r"lib/words\.py:1  plugin 'echo' is not Python")
    await mine.hears("B")
    before = mine.restarts()
    await until(lambda: are_warm(children(mine.run.pid)))
    for number in range(6):
        mine.save(f"WORD = 'C{number}'", "lib/words.py")
    assert await mine.hears_soon("C5") < 2
    assert mine.restarts() - before <= 2


async def a_save_while_another_is_loaded(mine: Project) -> None:
    mine.save(HANGS)
    await until((mine.folder / "hangs").exists)
    mine.save(saying("D"))
    await mine.hears_soon("D")


async def test_bots_that_end_are_told_of_and_no_process_outlives_its_parent(tmp_path: Path) -> None:
    admin = f"127.0.0.1:{free_port()}"
    write(tmp_path, BOT.format(admin=admin), echo=saying("A"))
    async with program("dev", "--port", "0", cwd=tmp_path) as run:
        server = (await run.says(r"^customer page: (http://127\.0\.0\.1:\d+)/customer$"))[1]
        async with Customer(server) as customer:
            mine = Project(tmp_path, run, customer)
            await customer.says("die")
            await run.says(r"^the bots ended by themselves \(exit code 3\): ")
            assert "the bots have ended" in (await answers(f"http://{admin}/readyz", 503)).text
            moved = f"127.0.0.1:{free_port()}"
            mine.save((tmp_path / "bots.toml").read_text().replace(admin, moved), "bots.toml")
            mine.save(saying("B").replace("_exit(3)", "getpid()"))
            await customer.hears("B <die>")
            await answers(f"http://{moved}/readyz", 200)
            assert run.output.count("the bots ended by themselves") == 1
            await customer.says("block")
            await run.says("blocked by plugin echo")
            family = children(run.pid)
            assert len(family) == 2
            run.kill()
            await run.ends()
        await until(lambda: not any(map(is_alive, family)))


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def are_warm(pids: list[int]) -> bool:
    """Whether all of them have begun to listen for signals: each has a thread for that."""
    return len(pids) > 1 and all(len([*Path(f"/proc/{pid}/task").iterdir()]) > 1 for pid in pids)


def is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


async def test_a_signal_while_the_bots_boot_ends_all_at_once(tmp_path: Path) -> None:
    write(tmp_path, BOT.format(admin=""), echo=HANGS)
    async with program("dev", "--port", "0", cwd=tmp_path) as run:
        await until((tmp_path / "hangs").exists)
        [child] = children(run.pid)
        run.stop()
        assert await run.ends() == 0
        assert not is_alive(child)
