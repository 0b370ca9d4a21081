"""Notifications by CometD long-polling: posts what the Bayeux session says, waits, keeps deadlines.

All decisions of the protocol are made in ``wire/bayeux.py``; this loop knows HTTP and time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

from chatbot.model.answers import read_answer
from chatbot.model.clock import Clock, Rng
from chatbot.model.errors import ProtocolViolation, SessionLost, WireError
from chatbot.model.notifications import Batch, SessionStarted, Signal, Trouble
from chatbot.wire.bayeux import BayeuxSession, Outcome, Request
from chatbot.wire.body import decode
from chatbot.wire.http import Http, Reply
from chatbot.wire.retry import DEFAULT_LIMITS, Backoff, Limits

__all__ = ["CometdSource", "Renew", "is_session_fault", "read_reply"]

log = logging.getLogger(__name__)

Renew = Callable[[], Awaitable[None]]
"""Log in again; raises WireError if that is not possible now."""

# A server that answers polls at once with nothing (no held polls, no interval) is asked this often.
_EMPTY_POLL_S = 0.25

_OK, _REDIRECT, _ERROR = 200, 300, 400
_LOGIN_NEEDED = frozenset({401, 403})
_UNKNOWN_CLIENT = 402


class CometdSource:
    """A notification source that never gives up, unless the server tells it to.

    Args:
        http: Where to post; carries cookies, CSRF header and password.
        path: The path of the CometD endpoint.
        channels: What to subscribe to.
        clock: For waits and back-off.
        rng: For jitter.
        renew: Called when the server does not know the agent's HTTP session, before the next try.
        limits: Deadlines and waits.
    """

    def __init__(  # noqa: PLR0913
        self,
        http: Http,
        *,
        path: str,
        channels: Sequence[str],
        clock: Clock,
        rng: Rng,
        renew: Renew,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._http = http
        self._path = path
        self._session = BayeuxSession(channels)
        self._clock = clock
        self._renew = renew
        self._limits = limits
        self._backoff = Backoff(limits, rng)

    async def signals(self) -> AsyncGenerator[Signal, None]:
        """Batches, new sessions and troubles, in order, until ``aclose`` or until the server wants no more.

        The next poll goes out when the next signal is asked for: with the ack extension it
        acknowledges the batch before.

        Raises:
            SessionLost: The server advised ``reconnect: none``; not retryable in the same session.
        """
        while not self._session.has_ended():
            started = self._clock.monotonic()
            was_probe = self._session.is_probing
            outcome = await self._exchange()
            is_told_to_stop = outcome.error is not None and self._session.has_ended()
            for signal in self._read(outcome):
                yield signal
            if outcome.error is None:
                took = self._clock.monotonic() - started
                idle = outcome.polled and not outcome.notifications and not was_probe
                await self._pause(max(outcome.interval_s, _EMPTY_POLL_S - took if idle else 0.0))
            elif is_told_to_stop:
                raise SessionLost("the server advises not to reconnect", retryable=False) from outcome.error
            else:
                async for signal in self._recover(outcome.error, outcome.interval_s):
                    yield signal

    async def aclose(self) -> None:
        """Tell the server that we leave. Its answer does not matter."""
        request = self._session.farewell()
        if request is None:
            return
        try:
            await self._post(request, self._limits.farewell_timeout_s)
        except WireError as error:
            log.debug("the farewell to the CometD server failed: %s", error)

    async def _exchange(self) -> Outcome:
        request = self._session.request()
        slack = self._limits.poll_slack_s if request.hold_s else self._limits.request_timeout_s
        try:
            reply = await self._post(request, request.hold_s + slack)
            return self._session.answered(read_reply(reply))
        except WireError as error:
            return self._session.failed(error)

    async def _post(self, request: Request, timeout_s: float) -> Reply:
        content = json.dumps(request.messages, separators=(",", ":")).encode()
        return await self._http.request("POST", self._path, content=content, timeout_s=timeout_s)

    def _read(self, outcome: Outcome) -> list[Signal]:
        """The signals of one exchange: the new session first, then what came, then what failed."""
        signals: list[Signal] = []
        if outcome.malformed:
            log.warning("%d messages of an answer were not Bayeux messages; dropped", outcome.malformed)
        if outcome.started:
            log.info("CometD session %d: subscribed", self._session.number)
            signals.append(SessionStarted(self._session.number))
        if outcome.polled or outcome.notifications:
            pause_s = outcome.interval_s
            within_s = pause_s + outcome.hold_s
            signals.append(Batch(self._session.number, outcome.notifications, within_s, pause_s))
        if outcome.error is not None:
            signals.append(Trouble(outcome.error))
        else:
            self._backoff.succeeded(self._clock.monotonic())
        return signals

    async def _recover(self, error: WireError, interval_s: float) -> AsyncIterator[Signal]:
        """Wait, then log in again if the HTTP session is gone."""
        wait = max(self._backoff.failed(self._clock.monotonic()), interval_s)
        await self._pause(min(wait, self._limits.max_backoff_s))
        while is_session_fault(error) and not self._session.has_ended():
            # no request goes out before the login works: each would carry the password (design 4.6)
            try:
                await self._renew()
            except WireError as failure:
                yield Trouble(failure)
                await self._pause(self._backoff.failed(self._clock.monotonic()))
            else:
                return

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.sleep(seconds)


def read_reply(reply: Reply) -> object:
    """The JSON value of an answer that can carry Bayeux messages.

    Raises:
        SessionLost: The HTTP session is gone: 401, 403, a redirect or a web page to log in, or an
            envelope of the REST side that says so.
        ProtocolViolation: Any other status than 200, or not JSON.
    """
    if reply.status in _LOGIN_NEEDED or _REDIRECT <= reply.status < _ERROR:
        raise SessionLost(f"HTTP {reply.status} from the CometD endpoint", status=reply.status)
    if reply.status != _OK:
        raise ProtocolViolation(f"HTTP {reply.status} from the CometD endpoint", status=reply.status)
    value = decode(reply.body)
    code = read_answer(value).code
    if code:
        raise SessionLost(f"status code {code} from the CometD endpoint", status=code)
    return value


def is_session_fault(error: WireError) -> bool:
    """Whether logging in again may help. A Bayeux client that is unknown (402) only needs a handshake."""
    if isinstance(error, SessionLost):
        return error.status != _UNKNOWN_CLIENT
    return error.status in _LOGIN_NEEDED
