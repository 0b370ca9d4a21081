"""The CometD address over HTTP: parses batches, sets the browser cookie, answers superseded polls.

Reference section 4.1. Also takes the addresses with the message type at the end, as some clients use them.
"""

import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chatbot.simulator.door import NOTIFICATIONS, Door
from chatbot.simulator.http_sessions import DeniedError, HttpSession
from chatbot.simulator.long_poll import LongPolling, SupersededError
from chatbot.simulator.payloads import Json

BROWSER_COOKIE = "BAYEUX_BROWSER"


class NotificationsApi:
    """The routes of CometD.

    Args:
        polling: Answers batches.
        door: Admission.
        token: Makes browser cookies.
    """

    def __init__(self, polling: LongPolling, door: Door, token: Callable[[int], str]) -> None:
        self._polling = polling
        self._door = door
        self._token = token

    def routes(self) -> list[Route]:
        """Return the address with and without the message type."""
        paths = (NOTIFICATIONS, f"{NOTIFICATIONS}/", f"{NOTIFICATIONS}/{{kind}}")
        return [Route(path, self._post, methods=["POST"]) for path in paths]

    async def _post(self, request: Request) -> Response:
        try:
            session = self._door.admit(request)
        except DeniedError as error:
            return self._door.denied(error)
        messages = parse_batch(await request.body())
        if messages is None:
            return PlainTextResponse("Not a Bayeux message", 400)
        return self._door.dress(await self._answer(request, messages, session), request, session)

    async def _answer(self, request: Request, messages: list[Json], session: HttpSession) -> Response:
        known = request.cookies.get(BROWSER_COOKIE)
        browser = known or self._token(16)
        try:
            replies = await self._polling.answer(messages, session, browser)
        except SupersededError:
            # CometD answers the older of two polls so, when the newer one has taken its place.
            return PlainTextResponse("Another poll of this client has begun", 408)
        response = JSONResponse(replies)
        if known is None:
            response.set_cookie(BROWSER_COOKIE, browser, httponly=True, samesite=None)
        return response


def parse_batch(body: bytes) -> list[Json] | None:
    """Read an array of messages, or a single one; None if it is neither."""
    try:
        parsed: object = json.loads(body)
    except ValueError:
        return None
    batch = parsed if isinstance(parsed, list) else [parsed]
    messages = [item for item in batch if isinstance(item, dict)]
    return messages if messages and len(messages) == len(batch) else None
