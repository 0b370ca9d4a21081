"""The HTTP port with a brake: what a failing server gets from one bot is bounded, whoever asks.

Every request carries the password (reference 3.1, 4.1: some servers take it only with ``GET /me``,
others want it each time), so to a server that does not know the agent only the login goes out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from chatbot.model.answers import StatusCode, read_answer
from chatbot.model.clock import Clock
from chatbot.model.errors import ConnectionLost, WireError
from chatbot.wire.body import decode
from chatbot.wire.http import Http, Method, Reply
from chatbot.wire.outcomes import retry_after
from chatbot.wire.retry import FailureBudget

__all__ = ["GovernedHttp", "is_last_word"]

is_last_word: ContextVar[bool] = ContextVar("is_last_word", default=False)
"""Set where a request is one of a bot's last ones: it does not wait, for there is no later."""

# redirects are not followed: they come to nothing too
_CAME_TO_NOTHING = 300
_NOT_THERE = 404
_UNAUTHORIZED = 401
_LOGIN = ("GET", "/api/v2/me")
_UNREADABLE = -1
_CHATS = "/chats/"
_LATER = frozenset({429, 503})
_RETRY_AFTER = "retry-after"
# the platform's codes for "not now" and for "who are you?", under HTTP 200 (design 4.5)
_IN_TROUBLE = frozenset(
    {
        _UNREADABLE,
        StatusCode.INTERNAL_FAILURE,
        StatusCode.NO_PERMISSION,
        StatusCode.NOT_FINISHED,
        StatusCode.NOT_READ,
        StatusCode.NOT_AUTHENTICATED,
    }
)
# an answer beyond this is not read twice: no error is that long
_LONGEST_ERROR = 16_384
_ENDS = {b"{": b"}", b"[": b"]"}


class GovernedHttp:
    """Another Http whose requests wait while they fail too often (design 4.6).

    Args:
        http: What moves the bytes.
        clock: For the length of a window.

    Attributes:
        log_in: Asks for ``GET /me``, once for all who call it meanwhile; raises WireError. None: nobody does.
    """

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._budget = FailureBudget()
        self._is_stranger = False
        self._not_before: dict[tuple[Method, str], float] = {}
        self.log_in: Callable[[], Awaitable[None]] | None = None

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        """See Http.request. The waits for budget and login do not count as time of the request."""
        if not (is_last_word.get() and self._budget.draws_on_reserve()):
            await self.turn(method, path)
        sent = self._budget.sent(self._clock.monotonic())
        ok = False
        try:
            reply = await self._http.request(method, path, content=content, timeout_s=timeout_s)
            ok = self._judge(method, path, reply)
            self._heed(method, path, reply)
        finally:
            self._budget.ended(sent, ok=ok)
        return reply

    async def turn(self, method: Method = "POST", path: str = "") -> None:
        """Wait until the server may be asked for this, and knows who asks.

        A request that begins before anything else is awaited does not wait any more.

        Args:
            method: Of the request.
            path: Of the request; empty for an operation in any chat.

        Raises:
            ConnectionLost: It cannot be told who asks.
        """
        while True:
            if self._is_stranger and (method, path) != _LOGIN and self.log_in is not None:
                await _introduced(self.log_in)
            now = self._clock.monotonic()
            wait = max(self._budget.wait(now), self._not_before.get(_place(method, path), now) - now)
            if wait <= 0:
                return
            await self._clock.sleep(wait)

    def _heed(self, method: Method, path: str, reply: Reply) -> None:
        """Keep to a Retry-After; who sends an operation in a chat does so by itself."""
        value = reply.headers.get(_RETRY_AFTER)
        if reply.status not in _LATER or value is None or (method == "POST" and _CHATS in path):
            return
        now = self._clock.monotonic()
        self._not_before = {place: until for place, until in self._not_before.items() if until > now}
        self._not_before[_place(method, path)] = now + retry_after(value, now=self._clock.now())

    def _judge(self, method: Method, path: str, reply: Reply) -> bool:
        """Whether it came to something."""
        code = _code(reply.body)
        ok = reply.status < _CAME_TO_NOTHING and code not in _IN_TROUBLE
        if reply.status == _UNAUTHORIZED or code == StatusCode.NOT_AUTHENTICATED:
            self._is_stranger = True
        elif ok and (method, path) == _LOGIN:
            self._is_stranger = False
        # that something is not there says nothing about the server
        return ok or (method, reply.status) == ("GET", _NOT_THERE)

    async def aclose(self) -> None:
        """See Http.aclose."""
        await self._http.aclose()


def _place(method: Method, path: str) -> tuple[Method, str]:
    return method, path.partition("?")[0]


async def _introduced(log_in: Callable[[], Awaitable[None]]) -> None:
    try:
        await log_in()
    except WireError as error:
        raise ConnectionLost(error.text, sent=False) from error


def _code(body: bytes) -> int | None:
    """The status code that it tells, if it tells one."""
    if len(body) > _LONGEST_ERROR:
        return None if body.rstrip()[-1:] == _ENDS.get(body.lstrip()[:1]) else _UNREADABLE
    try:
        return read_answer(decode(body)).code
    except WireError:
        return _UNREADABLE
