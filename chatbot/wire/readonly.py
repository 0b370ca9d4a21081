"""The HTTP port for a server that is only read: GET, and the messages of CometD itself.

The second lock of a bot in shadow; the first is where actions are performed. What is stopped here is a
mistake in this program, and ends the bot rather than changing anything.
"""

from __future__ import annotations

import json

from chatbot.model.errors import ReadOnly
from chatbot.wire.http import Http, Method, Reply

__all__ = ["ReadOnlyHttp"]

_META = "/meta/"


class ReadOnlyHttp:
    """Another Http that lets nothing out by which a server does something.

    Args:
        http: What moves the bytes.
        cometd: The path of the CometD endpoint.
    """

    def __init__(self, http: Http, cometd: str) -> None:
        self._http = http
        self._cometd = cometd

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        """See Http.request.

        Raises:
            ReadOnly: The request would change something; it was not sent.
        """
        is_transport = (method, path) == ("POST", self._cometd) and _is_transport(content)
        if method != "GET" and not is_transport:
            raise ReadOnly(
                f"shadow: {method} {path.partition('?')[0]} was not sent, for the server is only read"
            )
        return await self._http.request(method, path, content=content, timeout_s=timeout_s)

    async def aclose(self) -> None:
        """See Http.aclose."""
        await self._http.aclose()


def _is_transport(content: bytes | None) -> bool:
    """Whether these are messages of Bayeux itself: the endpoint's path is only what bots.toml says."""
    try:
        messages = json.loads(content or b"")
    except ValueError:
        return False
    return isinstance(messages, list) and all(_is_meta(message) for message in messages)


def _is_meta(message: object) -> bool:
    return isinstance(message, dict) and str(message.get("channel", "")).startswith(_META)
