"""A service manager's end of sd_notify: a real datagram socket, and what was said to it."""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BOUND_S = 10.0


class Ear:
    """Hears each message as its facts, in order.

    Args:
        address: As NOTIFY_SOCKET has it; ``@`` begins an abstract name.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.heard: list[dict[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0.0)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)

    def close(self) -> None:
        self._socket.close()

    def listen(self) -> list[dict[str, str]]:
        """All that was said until now."""
        while True:
            try:
                message = self._socket.recv(65536).decode()
            except BlockingIOError:
                return self.heard
            self.heard.append(dict(line.split("=", 1) for line in message.split("\n")))

    def count(self, fact: str) -> int:
        return sum(fact in message for message in self.listen())

    async def hears(self, is_it: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """The first message that is so."""
        try:
            async with asyncio.timeout(BOUND_S):
                while True:
                    if found := next(filter(is_it, self.listen()), None):
                        return found
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"not among {self.heard}") from None


@contextmanager
def ear(folder: Path | None) -> Iterator[Ear]:
    """Listens in this folder; at an abstract address, if there is none."""
    name = f"chatbot-{os.getpid()}-{secrets.token_hex(4)}"
    listening = Ear(f"@{name}" if folder is None else str(folder / "notify"))
    try:
        yield listening
    finally:
        listening.close()
