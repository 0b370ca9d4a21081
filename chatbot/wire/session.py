"""The agent's session: log in, start the contact-centre session, be Ready, and the way back.

It keeps the rules that protect an account: one login at a time, and few tries of a password that
was refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chatbot.model.actions import Action
from chatbot.model.agent_actions import (
    EndContactCenterSession,
    NotReady,
    Ready,
    StartContactCenterSession,
)
from chatbot.model.answers import StatusCode
from chatbot.model.clock import Clock
from chatbot.model.codes import Code
from chatbot.model.errors import LoginRefused, ProtocolViolation, SessionLost, WireError
from chatbot.model.quoting import after, length_of
from chatbot.wire.outcomes import Accepted, Gone, Later, NotSent, Outcome, Refusal, SessionFault, Unknown
from chatbot.wire.rest import Rest

__all__ = ["AgentSession", "Refusals"]

log = logging.getLogger(__name__)

_TRIES = 3
_PAUSE_S = 60.0
_BREATH_S = 0.5
_PASSWORD_REFUSED = frozenset({401, StatusCode.NOT_AUTHENTICATED})
# None: there is no such channel
_LOGGED_OUT = frozenset({None, "", "LoggedOut"})


@dataclass(slots=True)
class Refusals:
    """How often in a row a password was refused; it outlives the session, for the account does, too.

    Args:
        count: How often.
        last_at: The last time, in monotonic seconds.
    """

    count: int = 0
    last_at: float = 0.0


class AgentSession:
    """One agent at one server.

    Args:
        rest: The agent's requests.
        clock: For the pause after refused passwords.
        start: What to log in to; None: the session is only read, and never made Ready.

    Attributes:
        user_id: Who the agent is, once it is known.
        is_leaving: The agent is not to be made Ready any more.
        may_have_begun: The server was asked for a contact-centre session: there is one to end.
        turn_s: In how many seconds it may log in; asked before each try.
        refusals: Of the password, also in earlier sessions of the account.
    """

    def __init__(self, rest: Rest, *, clock: Clock, start: StartContactCenterSession | None) -> None:
        self.user_id: str | None = None
        self.is_leaving = False
        self.may_have_begun = False
        self.turn_s: Callable[[], float] = lambda: 0.0
        self.refusals = Refusals()
        self._rest = rest
        self._clock = clock
        self._start = start
        self._lock = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._attempts = 0
        self._failure: WireError | None = None

    async def log_in(self) -> None:
        """Log in by ``GET /me``. After three refused passwords in a row, once a minute (design 4.6).

        Raises:
            LoginRefused: The server does not take user name and password.
            WireError: No login for another reason.
        """
        seen = self._attempts
        async with self._lock:
            if self._attempts == seen:
                await self._attempt()
            elif self._failure is not None:
                raise self._failure

    # An attempt that another caller finished meanwhile serves all who waited for it (single flight).
    renew = log_in

    async def _attempt(self) -> None:
        try:
            await self._log_in()
        except WireError as error:
            self._attempts += 1
            self._failure = error
            raise
        self._attempts += 1
        self._failure = None

    async def _log_in(self) -> None:
        if pause := max(self._pause_s(), self.turn_s()):
            await self._clock.sleep(pause)
        try:
            answer = await self._rest.me()
        except WireError as error:
            raise self._explained(error) from error
        self.refusals.count = 0
        self.user_id = _user_id(answer.value)

    @property
    def next_try_at(self) -> float:
        """Before this, in monotonic seconds, the password must not be tried again."""
        return self.refusals.last_at + _PAUSE_S if self.refusals.count >= _TRIES else 0.0

    def _pause_s(self) -> float:
        """How long the password must not be tried again."""
        return max(0.0, self.next_try_at - self._clock.monotonic())

    def _explained(self, error: WireError) -> WireError:
        if isinstance(error, SessionLost) and error.status in _PASSWORD_REFUSED:
            self._refused(self.refusals.count + 1)
            times = f" ({self.refusals.count} times)" if self.refusals.count > 1 else ""
            return LoginRefused(f"the server refused user name and password{times}", status=error.status)
        if isinstance(error, ProtocolViolation) and error.status == StatusCode.PASSWORD_EXPIRED:
            self._refused(_TRIES)
            return LoginRefused(
                "the password must be changed: log in once with an agent desktop",
                status=error.status,
                code=Code.CREDENTIALS_EXPIRED,
            )
        return error

    def _refused(self, count: int) -> None:
        self.refusals.count, self.refusals.last_at = count, self._clock.monotonic()

    async def enter(self, *, at_rest: bool = False) -> None:
        """Be logged in to media and Ready, whatever the server remembers of us; nothing when leaving.

        It may know a session of an earlier process, so a refused start is only an error if Ready is
        refused too.

        Args:
            at_rest: Be NotReady instead, and never Ready in between.

        Raises:
            WireError: The agent cannot be so now.
        """
        if self._start is None:
            return
        word = NotReady() if at_rest else Ready()
        started = await self._unless_leaving(self._start)
        said = await self._unless_leaving(word)
        if started is None or said is None:
            return
        if isinstance(started, Accepted):
            _accepted_or_refused_rest(word, said)
            if started.partly:
                log.warning("the contact-centre session started for some channels only")
        elif not isinstance(said, Accepted):
            raise _cannot(self._start, started)

    async def stay(self) -> None:
        """Be Ready still: enter again only if the server has forgotten the agent or made it not Ready.

        Where the server does not show the state, it is asked to be Ready, which changes nothing if it
        is; a server that has forgotten the agent refuses that.

        Raises:
            WireError: The agent cannot be Ready now.
        """
        if self._start is None:
            return
        try:
            state = await self._rest.chat_state()
        except ProtocolViolation:
            if isinstance(await self._unless_leaving(Ready()), Accepted):
                return
            state = None
        if state != "Ready" and not self.is_leaving:
            log.warning("the server has the agent as %s: entering again", _word(state))
            await self.enter()

    async def rest(self) -> None:
        """Be logged in and not Ready: keep the chats, take no more.

        A server that refuses that offers chats still; to say so is all that can be done about it.

        Raises:
            WireError: Nobody knows whether the server took it, or it has forgotten the agent for good.
        """
        if self._start is None:
            return
        try:
            state = await self._rest.chat_state()
        except ProtocolViolation:
            # it is not shown: saying it once more changes nothing
            if isinstance(await self._unless_leaving(NotReady()), Accepted):
                return
            state = None
        if state in _LOGGED_OUT:
            await self.enter(at_rest=True)
        elif state == "Ready":
            _accepted_or_refused_rest(NotReady(), await self._unless_leaving(NotReady()))

    async def _unless_leaving(self, action: Action) -> Outcome | None:
        async with self._turn:
            if self.is_leaving:
                return None
            self.may_have_begun = True
            return await self._rest.perform(action)

    async def not_ready(self) -> None:
        """Take no more chats; said when what would make the agent Ready has been answered.

        Raises:
            WireError: The server did not accept it.
        """
        async with self._turn:
            outcome = await self._last_word(NotReady())
        if not isinstance(outcome, Accepted):
            raise _cannot(NotReady(), outcome)

    async def _last_word(self, action: Action) -> Outcome:
        """Once more if it came to nothing; after a login, if the server has just forgotten who asks.

        Nobody waits until a refused password may be tried again.
        """
        outcome = await self._rest.perform(action)
        match outcome:
            case SessionFault() if not self._pause_s():
                await self.renew()
            case Later(seconds):
                await self._clock.sleep(max(seconds, _BREATH_S))
            case NotSent() | Unknown():
                await self._clock.sleep(_BREATH_S)
            case _:
                return outcome
        return await self._rest.perform(action)

    async def end(self) -> None:
        """Log out of all media. The server then ends the HTTP session, so nothing may follow.

        Raises:
            WireError: The server did not accept it.
        """
        outcome = await self._last_word(EndContactCenterSession())
        if not isinstance(outcome, Accepted):
            raise _cannot(EndContactCenterSession(), outcome)


def _word(state: str | None) -> str:
    """A state as a server may call it; what is no word is not for a log."""
    return (state if state.isidentifier() else length_of(state)) if state else "logged out"


def _accepted_or_refused_rest(word: Action, outcome: Outcome | None) -> None:
    """Raises for anything else. Who leaves has not asked."""
    match word, outcome:
        case _, Accepted() | None:
            pass
        case NotReady(), Refusal() | Gone() | Later():
            log.warning("%s: chats that ring are turned away", _cannot(word, outcome))
        case _:
            raise _cannot(word, outcome)


def _user_id(value: Mapping[str, object]) -> str | None:
    user = value.get("user") or value.get("me")
    found = user.get("id") if isinstance(user, Mapping) else None
    return found if isinstance(found, str) else None


def _cannot(action: Action, outcome: Outcome) -> WireError:
    name = action.operation
    match outcome:
        case NotSent(error) | SessionFault(error) | Unknown(error):
            return error
        case Refusal(code, message) | Gone(code, message):
            return ProtocolViolation(after(f"{name} was refused", message), status=code)
        case Later():
            return ProtocolViolation(f"{name} has to wait: too many requests", status=429)
        case Accepted():
            raise AssertionError(f"{name} was accepted")
