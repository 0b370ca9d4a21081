"""Commands as processes of their own, the folders they run in, and the far end they talk to."""

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent

import httpx

BOUND_S = 10.0
CANARY = "canary-7c1f"

ECHO = """
    from chatbot import hookimpl

    @hookimpl
    async def on_text(event):
        return f"You said: {event.text}"
"""


def write(folder: Path, bots: str, **plugins: str) -> Path:
    """A bots.toml with its plugins beside it; the path of the file."""
    path = folder / "bots.toml"
    path.write_text(f'plugin_dirs = ["plugins"]\n{dedent(bots)}')
    (folder / "plugins").mkdir(exist_ok=True)
    for name, text in plugins.items():
        (folder / "plugins" / f"{name}.py").write_text(dedent(text))
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


class Program:
    """A running command. Its lines are kept as they come; a time-out tells them all."""

    def __init__(self, process: Process) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        self._process = process
        self._news = asyncio.Condition()
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = asyncio.gather(
            self._read(process.stdout, self.out), self._read(process.stderr, self.err)
        )

    @property
    def output(self) -> str:
        return "\n".join([*self.out, *self.err])

    async def says(self, pattern: str) -> re.Match[str]:
        """The first line, on either stream, that matches."""
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: self._find(pattern)), BOUND_S)
            except TimeoutError:
                raise AssertionError(f"no line like {pattern!r} in:\n{self.output}") from None
        found = self._find(pattern)
        assert found is not None
        return found

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()

    def stop(self) -> None:
        self.signal(signal.SIGTERM)

    async def ends(self, within_s: float = BOUND_S) -> int:
        """The exit code."""
        try:
            code = await asyncio.wait_for(self._process.wait(), within_s)
        except TimeoutError:
            raise AssertionError(f"it goes on:\n{self.output}") from None
        await self._readers
        return code

    async def aclose(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._readers

    def _find(self, pattern: str) -> re.Match[str] | None:
        return next((found for line in (*self.out, *self.err) if (found := re.search(pattern, line))), None)

    async def _read(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        async for line in stream:
            async with self._news:
                # only the line's end goes: a carriage return inside is part of what was said
                lines.append(line.decode().removesuffix("\n"))
                self._news.notify_all()


@asynccontextmanager
async def program(
    *arguments: str, cwd: Path, start: tuple[str, ...] = ("-m", "chatbot"), **env: str
) -> AsyncIterator[Program]:
    """``chatbot`` with these arguments, killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *start, *arguments),
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    running = Program(process)
    try:
        yield running
    finally:
        await running.aclose()


async def answers(url: str, status: int) -> httpx.Response:
    """The answer of this page, once it has this status."""
    seen = "no answer"
    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            async with asyncio.timeout(BOUND_S):
                while True:
                    try:
                        response = await http.get(url)
                    except httpx.ConnectError:
                        await asyncio.sleep(0.02)
                        continue
                    if response.status_code == status:
                        return response
                    seen = response.text
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{url} did not answer {status} but: {seen}") from None


async def until(is_so: Callable[[], bool]) -> None:
    """Return when it is so, seen from the loop of the test."""
    async with asyncio.timeout(BOUND_S):
        while not is_so():  # noqa: ASYNC110 (what is watched tells nobody)
            await asyncio.sleep(0.01)
