"""The address of the admin pages, which stays while the processes behind it come and go."""

from __future__ import annotations

from socket import socket

from starlette.responses import PlainTextResponse

from chatbot.cli.running import listener_at
from chatbot.simulator.server import Front

__all__ = ["Door"]

_EXCUSE = "the bots have ended; save a plugin, and they are started again\n"


class Door:
    """One address, shared with the process that serves it.

    Attributes:
        listener: Its socket; None if there is no address.
    """

    def __init__(self) -> None:
        self.listener: socket | None = None
        self._address = ""
        self._front: Front | None = None

    @property
    def url(self) -> str:
        """For a browser; empty if there is none."""
        return Front(_excuse, listener=self.listener).url if self.listener is not None else ""

    async def move(self, address: str) -> bool:
        """Be at this address from now on; whether it was another.

        Raises:
            ConfigError: It cannot be used; all stays as it was.
        """
        if address == self._address:
            return False
        listener = listener_at(address) if address else None
        await self.leave_to_bots()
        self.close()
        self.listener, self._address = listener, address
        return True

    async def excuse(self) -> None:
        """Nobody serves it: say so, rather than let callers wait."""
        if self.listener is not None:
            self._front = Front(_excuse, listener=self.listener.dup())
            await self._front.open()

    async def leave_to_bots(self) -> None:
        """Say nothing more."""
        front, self._front = self._front, None
        if front is not None:
            await front.__aexit__(None, None, None)

    def close(self) -> None:
        """Give the address back."""
        if self.listener is not None:
            self.listener.close()


_excuse = PlainTextResponse(_EXCUSE, status_code=503)
