"""The HTTP port with a brake: what a failing server gets from one bot is bounded, whoever asks."""

from __future__ import annotations

import re

from chatbot.model.clock import Clock
from chatbot.wire.http import Http, Method, Reply
from chatbot.wire.retry import FailureBudget

__all__ = ["GovernedHttp"]

# redirects are not followed: they come to nothing too
_CAME_TO_NOTHING = 300
_NOT_THERE = 404
# what a lost session looks like under HTTP 200: a login page, or the platform's code for it
_LOGIN = re.compile(rb"\s*<|\s*\{[^{}\[\]]{0,200}\"statusCode\"\s*:\s*\"?20\b")


class GovernedHttp:
    """Another Http whose requests wait while they fail too often (design 4.6).

    Args:
        http: What moves the bytes.
        clock: For the length of a window.
    """

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._budget = FailureBudget()

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        """See Http.request. The wait for the budget does not count as time of the request."""
        while (wait := self._budget.wait(self._clock.monotonic())) > 0:
            await self._clock.sleep(wait)
        self._budget.sent(self._clock.monotonic())
        ok = False
        try:
            reply = await self._http.request(method, path, content=content, timeout_s=timeout_s)
            # that something is not there says nothing about the server
            is_missing = (method, reply.status) == ("GET", _NOT_THERE)
            ok = is_missing or (reply.status < _CAME_TO_NOTHING and not _LOGIN.match(reply.body))
        finally:
            self._budget.ended(ok=ok)
        return reply

    async def aclose(self) -> None:
        """See Http.aclose."""
        await self._http.aclose()
