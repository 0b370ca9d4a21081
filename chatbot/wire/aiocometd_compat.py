"""aiocometd 0.4.5 on Python 3.10 and later: its client, with a transport that owns no task and no socket.

Python 3.10 dropped the ``loop`` argument that aiocometd hands to ``asyncio`` in three places:
``LongPollingTransport.__init__`` (``Semaphore``), ``utils.defer`` (``sleep``, between two polls) and
``Client.receive`` (``wait``). The transport below stands in for the first; it polls when asked
instead of by a task that starts the next one, so the second is never reached; and what arrives is
taken by the client's extension, so the third is never called. ``asyncio`` stays as it is for all.

This is the only file that relies on names which aiocometd calls private. The package has not
changed since 2019 and its version is pinned.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any

from chatbot.model.codes import Code
from chatbot.model.errors import ConfigError, ProtocolViolation, SessionLost, WireError
from chatbot.model.findings import Finding
from chatbot.model.quoting import Quoting

try:
    from aiocometd.client import Client
    from aiocometd.constants import ConnectionType, MetaChannel, TransportState
    from aiocometd.exceptions import AiocometdException, ServerError
    from aiocometd.extensions import Extension
    from aiocometd.transports.base import TransportBase
    from aiocometd.transports.registry import register_transport
    from aiocometd.typing import Headers
    from aiocometd.utils import is_server_error_message
except ImportError as exc:
    raise ConfigError(
        Finding(
            Code.EXTRA_MISSING,
            '`cometd = "aiocometd"` needs the extra of that name',
            fix='pip install "chatbot[aiocometd]"',
        )
    ) from exc

__all__ = ["Message", "MetaChannel", "Port", "PortTransport", "new_client", "own_errors"]

Message = dict[str, Any]

# CometD says 402::Unknown client, Faye 401:clientId:Unknown client
_UNKNOWN_CLIENT = frozenset({401, 402})


class Port(Extension):
    """What carries payloads for a client: its only extension, because that alone reaches the transport."""

    @abstractmethod
    def carry(self, transport: PortTransport) -> None:
        """Meet the transport that the client has made."""

    @abstractmethod
    async def exchange(self, payload: list[Message]) -> list[Message]:
        """Send the payload and return the messages of the answer, unchecked.

        Raises:
            WireError: No usable answer came.
        """


@register_transport(ConnectionType.LONG_POLLING)
class PortTransport(TransportBase):
    """Long-polling through a Port.

    It takes the place of aiocometd's own for the whole process, which is no loss: that one cannot
    even be constructed on Python 3.10.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._port: Port
        (self._port,) = settings["extensions"]
        self._port.carry(self)

    async def poll(self) -> None:
        """Send one more connect; ``Client.open`` has sent the first.

        Raises:
            ServerError: It was refused.
        """
        # only a new session needs its subscriptions again, and it gets a new client
        self._subscribe_on_connect = False
        reply = await self._connect()
        if is_server_error_message(reply):
            raise ServerError("Connect request failed.", reply)

    async def _start_connect_task(self, coro: Awaitable[Message]) -> Message:
        """Await the first connect in the caller's task: nothing follows it until ``poll`` is called."""
        self._state = TransportState.CONNECTED
        return await coro

    async def _send_final_payload(self, payload: list[Message], *, headers: Headers) -> Message:
        del headers  # Http has its own
        answer = await self._port.exchange(payload)
        reply = await self._consume_payload(answer, find_response_for=payload[0])
        if reply is None:
            raise ProtocolViolation(f"no answer to {payload[0]['channel']}")
        return reply


def new_client(port: Port) -> Client:
    """A client for one server session; nothing of it needs closing but the session itself."""
    return Client(
        "",
        ConnectionType.LONG_POLLING,
        extensions=[port],
        max_pending_count=0,
        loop=asyncio.get_running_loop(),
    )


@contextmanager
def own_errors() -> Iterator[None]:
    """Turn errors of aiocometd into ours.

    Raises:
        SessionLost: The server does not know this client any more.
        ProtocolViolation: The server refused, or cannot do long-polling.
    """
    try:
        yield
    except ServerError as exc:
        raise _refusal(exc) from exc
    except AiocometdException as exc:
        raise ProtocolViolation(Quoting("aiocometd", str(exc))) from exc


def _refusal(error: ServerError) -> WireError:
    channel = (error.response or {}).get("channel")
    text = f"{channel} was refused: {(error.error or 'no reason given')[:200]}"
    is_unknown = error.error_code in _UNKNOWN_CLIENT or "unknown client" in text.lower()
    kind = SessionLost if is_unknown and channel != "/meta/handshake" else ProtocolViolation
    return kind(text, status=error.error_code)
