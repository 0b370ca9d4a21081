"""The door of the agent side: reads credentials from requests, sets cookies and CSRF headers on answers.

Reference sections 3.1 and 3.2. Who may come in is decided by `http_sessions`.
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from chatbot.simulator.envelope import refusal
from chatbot.simulator.http_sessions import (
    COOKIE,
    Credentials,
    Denial,
    DeniedError,
    HttpSession,
    HttpSessions,
)
from chatbot.simulator.options import Options
from chatbot.simulator.status import OperationError, Status

CSRF_TEXT = "Missing or invalid Csrf token"
NOTIFICATIONS = "/api/v2/notifications"


class Door:
    """Lets agents in, or says why not.

    Args:
        options: Forms of refusal, cookie and header names.
        sessions: Knows the callers.
    """

    def __init__(self, options: Options, sessions: HttpSessions) -> None:
        self._options = options
        self._sessions = sessions

    def admit(self, request: Request) -> HttpSession:
        """Return the session of the caller; raise `DeniedError` otherwise."""
        credentials = Credentials(
            request.method,
            request.headers.get("authorization"),
            request.cookies.get(COOKIE),
            request.headers.get(self._options.csrf_header),
            is_cometd=request.url.path.startswith(NOTIFICATIONS),
        )
        return self._sessions.admit(credentials)

    def denied(self, error: DeniedError) -> Response:
        """Answer a caller who is not let in, in the form that the options name (15, UNK)."""
        forms = {
            Denial.CSRF: "403",
            Denial.CREDENTIALS: self._options.refused_login,
            Denial.SESSION: self._options.lost_session,
        }
        return self._unauthenticated(forms[error.denial])

    def dress(self, response: Response, request: Request, session: HttpSession) -> Response:
        """Tell the CSRF token on every answer, and the cookie of a new session."""
        if self._options.csrf:
            response.headers["X-CSRF-HEADER"] = self._options.csrf_header
            response.headers["X-CSRF-TOKEN"] = session.csrf_token
        if request.cookies.get(COOKIE) != session.id:
            secure, path = self._options.cookie_secure, self._options.cookie_path
            response.set_cookie(COOKIE, session.id, path=path, secure=secure, httponly=True, samesite=None)
        return response

    def _unauthenticated(self, form: str) -> Response:
        match form:
            case "403":
                return PlainTextResponse(CSRF_TEXT, 403)
            case "401":
                challenge = {"WWW-Authenticate": 'Basic realm="Genesys Web Services"'}
                return PlainTextResponse("Unauthorized", 401, challenge)
            case _:
                error = OperationError(Status.NOT_AUTHENTICATED, "Authentication is required")
                return refusal(self._options, error)
