"""The network between bots and simulator, in process: whole HTTP requests, no sockets."""

from __future__ import annotations

import httpx

from chatbot.simulator.app import SimulatorApp

__all__ = ["ADDRESS", "InProcess"]

ADDRESS = "http://localhost"
"""Where the simulator seems to be."""


class InProcess(httpx.ASGITransport):
    """Takes the requests of one bot to the simulator.

    Args:
        app: The simulator.

    Attributes:
        is_down: Nothing goes through.
    """

    def __init__(self, app: SimulatorApp) -> None:
        super().__init__(app)
        self.is_down = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Let the simulator answer, in the task of whoever asks."""
        if self.is_down:
            raise httpx.ConnectError("the network is down")
        try:
            return await super().handle_async_request(request)
        except ConnectionResetError as exc:
            raise httpx.ReadError("the connection was reset") from exc
