"""The HTTP port with a brake: what a failing server gets from one bot is bounded, whoever asks."""

from __future__ import annotations

from contextvars import ContextVar

from chatbot.model.answers import StatusCode, read_answer
from chatbot.model.clock import Clock
from chatbot.model.errors import WireError
from chatbot.wire.body import decode
from chatbot.wire.http import Http, Method, Reply
from chatbot.wire.retry import FailureBudget

__all__ = ["GovernedHttp", "is_last_word"]

is_last_word: ContextVar[bool] = ContextVar("is_last_word", default=False)
"""Set where a request is one of a bot's last ones: it does not wait, for there is no later."""

# redirects are not followed: they come to nothing too
_CAME_TO_NOTHING = 300
_NOT_THERE = 404
# the platform's codes for "not now" and for "who are you?", under HTTP 200 (design 4.5)
_IN_TROUBLE = frozenset(
    {
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
    """

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._budget = FailureBudget()

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        """See Http.request. The wait for the budget does not count as time of the request."""
        if not (is_last_word.get() and self._budget.draws_on_reserve()):
            while (wait := self._budget.wait(self._clock.monotonic())) > 0:
                await self._clock.sleep(wait)
        self._budget.sent(self._clock.monotonic())
        ok = False
        try:
            reply = await self._http.request(method, path, content=content, timeout_s=timeout_s)
            ok = _came_to_something(method, reply)
        finally:
            self._budget.ended(ok=ok)
        return reply

    async def aclose(self) -> None:
        """See Http.aclose."""
        await self._http.aclose()


def _came_to_something(method: Method, reply: Reply) -> bool:
    if (method, reply.status) == ("GET", _NOT_THERE):
        return True  # that something is not there says nothing about the server
    return reply.status < _CAME_TO_NOTHING and _is_sound(reply.body)


def _is_sound(body: bytes) -> bool:
    """Whether it is JSON that does not tell of trouble."""
    if len(body) > _LONGEST_ERROR:
        return body.rstrip()[-1:] == _ENDS.get(body.lstrip()[:1])
    try:
        return read_answer(decode(body)).code not in _IN_TROUBLE
    except WireError:
        return False
