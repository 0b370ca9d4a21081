"""Every error this project raises on purpose.

::

    ChatbotError
    ├── ConfigError                 bots.toml cannot be used
    ├── PluginError                 a plugin cannot be loaded
    ├── WireError(retryable)        bytes did not move as they should
    │   ├── ConnectionLost          no answer, or none in time
    │   ├── SessionLost             the server has forgotten the agent or the client
    │   ├── LoginRefused            the server does not take this password
    │   └── ProtocolViolation       an answer that is not what the protocol says
    ├── ReadOnly                    a request that would change something, in shadow
    └── ActionError(action, status) one operation did not happen as asked
        ├── NotAllowed              refused here, before the request
        ├── ChatGone                there is no such chat any more
        ├── Refused                 the server said no
        ├── RateLimited             the server said: later
        └── Unconfirmed             nobody can say whether it took effect

Errors of other libraries are translated where they appear, with the cause kept. Each has a code, which
its text begins with: ``chatbot explain CB310``.
"""

from __future__ import annotations

from chatbot.model.codes import Code
from chatbot.model.findings import Finding
from chatbot.model.quoting import Quoting

__all__ = [
    "ActionError",
    "ChatGone",
    "ChatbotError",
    "ConfigError",
    "ConnectionLost",
    "LoginRefused",
    "NotAllowed",
    "PluginError",
    "ProtocolViolation",
    "RateLimited",
    "ReadOnly",
    "Refused",
    "SessionLost",
    "Unconfirmed",
    "WireError",
]


class ChatbotError(Exception):
    """The root of all errors raised on purpose.

    Attributes:
        code: Which kind it is, for ``chatbot explain``.
    """

    code: Code | None = None

    @property
    def text(self) -> str:
        """What happened, without the code."""
        return self.args[0] if self.args and isinstance(self.args[0], str) else super().__str__()

    @property
    def masked(self) -> str:
        """The same for a log: of words that are not ours, as a server's, only the length."""
        text = self.text
        return self._with_code(text.masked if isinstance(text, Quoting) else text)

    def _with_code(self, text: str) -> str:
        return f"{self.code} {text}" if self.code is not None else text

    def __str__(self) -> str:
        return self._with_code(self.text)


class ConfigError(ChatbotError):
    """The configuration cannot be used as it stands; each finding says what, where and the fix.

    Args:
        findings: Everything that is wrong.
    """

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings

    @property
    def brief(self) -> str:
        """In one line, for a status or a log."""
        return _brief(self.findings)


class PluginError(ChatbotError):
    """A plugin cannot be loaded; each finding says which, what and the fix.

    Args:
        findings: Everything that is wrong.
    """

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings

    @property
    def brief(self) -> str:
        """In one line, for a status or a log."""
        return _brief(self.findings)


def _brief(findings: tuple[Finding, ...]) -> str:
    return "; ".join(f"{finding.code} {finding.message}" for finding in findings)


class WireError(ChatbotError):
    """Bytes did not move as they should.

    Args:
        text: What happened, for an operator.
        retryable: Whether trying again later may help.
        status: The HTTP status code, if the server gave one.
    """

    def __init__(self, text: str, *, retryable: bool = True, status: int | None = None) -> None:
        super().__init__(text)
        self.retryable = retryable
        self.status = status


class ConnectionLost(WireError):
    """The server gave no (whole) answer.

    Args:
        text: What happened, for an operator.
        sent: Whether bytes of the request may have reached the server; False is certain.
    """

    def __init__(self, text: str, *, sent: bool = True) -> None:
        super().__init__(text, retryable=True)
        self.sent = sent
        self.code = Code.NO_ANSWER if sent else Code.CANNOT_CONNECT


class SessionLost(WireError):
    """The server does not know this agent's session, or this CometD client, any more."""

    code = Code.SESSION_LOST


class LoginRefused(WireError):
    """The server did not accept user name and password (HTTP 401 or status code 20 on ``GET /me``).

    Args:
        text: What happened, for an operator.
        status: The HTTP or status code.
        code: Why: it is wrong, or it has expired.
    """

    def __init__(self, text: str, *, status: int | None = None, code: Code = Code.LOGIN_REFUSED) -> None:
        super().__init__(text, status=status)
        self.code = code


class ProtocolViolation(WireError):
    """The server answered something that the protocol does not know here."""

    code = Code.PROTOCOL_VIOLATION


class ReadOnly(ChatbotError):
    """A request that would change something at a server that is only read: a mistake in this program."""


class ActionError(ChatbotError):
    """One operation did not happen as asked.

    Args:
        text: What happened, for the plugin's author.
        action: The operation name, e.g. ``SendMessage``.
        status: The ``statusCode`` of the answer, or its HTTP status code, if there was one.
    """

    def __init__(self, text: str, *, action: str, status: int | None = None) -> None:
        super().__init__(text)
        self.action = action
        self.status = status


class NotAllowed(ActionError):
    """The chat does not allow the operation now; nothing was sent.

    Args:
        action: The operation name.
        needed: The capability that is missing.
        have: The capabilities that the chat lists now.
        reason: Why, in a few words.
        code: Which kind of reason.
    """

    def __init__(
        self,
        action: str,
        *,
        needed: str,
        have: tuple[str, ...],
        reason: str,
        code: Code = Code.CAPABILITY_MISSING,
    ) -> None:
        allowed = ", ".join(have) or "nothing"
        super().__init__(f"{action} is not allowed: {reason} (the chat allows {allowed})", action=action)
        self.code = code
        self.needed = needed
        self.have = have
        self.reason = reason


class ChatGone(ActionError):
    """The chat is no longer this bot's, or no longer exists."""

    code = Code.CHAT_GONE


class Refused(ActionError):
    """The server refused the operation; it did not take effect."""

    code = Code.REFUSED


class RateLimited(ActionError):
    """The server asks for fewer requests.

    Args:
        text: What happened.
        action: The operation name.
        retry_after: Seconds to wait, 0 to 60.
    """

    code = Code.RATE_LIMITED

    def __init__(self, text: str, *, action: str, retry_after: float) -> None:
        super().__init__(text, action=action, status=429)
        self.retry_after = retry_after


class Unconfirmed(ActionError):
    """The request may or may not have taken effect, and could not be verified."""

    code = Code.UNCONFIRMED
