"""A node process that speaks lines of JSON: on stdin what to do, on stdout what happened."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

SERVERS = Path(__file__).parent / "servers"

_START_S = 10.0
_STOP_S = 5.0
_STDERR = 2


def skip_without_node() -> None:
    """Skip the test, with the reason, where node or its packages are missing."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    packages = Path(os.environ.get("CHATBOT_NODE_MODULES") or SERVERS / "node_modules")
    if not (packages / "faye").is_dir():
        pytest.skip("node packages are not installed: run tests/interop/setup")


class NodeProcess(asyncio.SubprocessProtocol):
    """One process; reading from it needs no task.

    Args:
        on_event: Called with each event, a JSON object with the key ``event``.
    """

    def __init__(self, on_event: Callable[[dict[str, Any]], None]) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[int] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.errors = bytearray()
        self._on_event = on_event
        self._rest = b""
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._transport: asyncio.SubprocessTransport

    @classmethod
    async def start(
        cls, script: str, options: dict[str, object], on_event: Callable[[dict[str, Any]], None]
    ) -> NodeProcess | None:
        """The process once it is ready, or None if it ended before that."""
        loop = asyncio.get_running_loop()
        command = ("node", str(SERVERS / script), json.dumps(options))
        _, process = await loop.subprocess_exec(lambda: cls(on_event), *command)
        first: list[asyncio.Future[Any]] = [process.ready, process.ended]
        await asyncio.wait(first, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        if process.ready.done():
            return process
        await process.stop()
        return None

    async def call(self, op: str, **fields: object) -> Any:
        """Have an operation done, and return its result."""
        seq = len(self._calls) + 1
        self._calls[seq] = asyncio.get_running_loop().create_future()
        line = json.dumps({"seq": seq, "op": op, **fields}) + "\n"
        self._stdin.write(line.encode())
        async with asyncio.timeout(_START_S):
            return await self._calls[seq]

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            self._transport.kill()
        await self.ended
        self._transport.close()

    async def stop(self) -> None:
        """Let it end by itself, within bounds. Harmless when it has ended."""
        if not self.ended.done():
            self._send(signal.SIGCONT)
            self._stdin.close()
            await asyncio.wait([self.ended], timeout=_STOP_S)
        await self.kill()

    def freeze(self) -> None:
        """The process stands still; its sockets stay open."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._send(signal.SIGCONT)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == _STDERR:
            self.errors += data
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_line(line.decode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(None)
        for call in self._calls.values():
            if not call.done():
                call.set_exception(RuntimeError(f"the process ended: {self.errors.decode()}"))

    @property
    def _stdin(self) -> asyncio.WriteTransport:
        return cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0))

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._transport.send_signal(number)

    def _on_line(self, line: str) -> None:
        if line.startswith("ready "):
            self.ready.set_result(int(line.removeprefix("ready ")))
            return
        message = json.loads(line)
        if "done" in message:
            self._calls[message["done"]].set_result(message["result"])
        else:
            self._on_event(message)
