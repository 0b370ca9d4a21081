"""The compatibility with Python 3.10 and later, and the seam to the package."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import aiocometd
import pytest
from aiocometd import transports
from aiocometd.constants import ConnectionType
from aiocometd.exceptions import ClientError, ServerError
from aiocometd.transports.long_polling import LongPollingTransport

from chatbot.model.errors import ChatbotError, ConfigError, ProtocolViolation, SessionLost
from chatbot.wire import aiocometd_compat
from chatbot.wire.aiocometd_compat import Message, Port, PortTransport, new_client, own_errors


class Echo(Port):
    """Says yes to everything."""

    def __init__(self) -> None:
        self.transports: list[PortTransport] = []
        self.tasks: list[int] = []
        self.fields: Message = {}

    def carry(self, transport: PortTransport) -> None:
        self.transports.append(transport)

    async def exchange(self, payload: list[Message]) -> list[Message]:
        self.tasks.append(len(asyncio.all_tasks()))
        kinds = {"clientId": "c1", "supportedConnectionTypes": ["long-polling"]}
        return [{**message, **kinds, "successful": True, **self.fields} for message in payload]

    async def outgoing(self, payload: list[Message], headers: object) -> None:
        """Nothing to add."""

    async def incoming(self, payload: list[Message], headers: object = None) -> None:
        """Nothing to take."""


def test_version_is_the_one_whose_private_names_are_used() -> None:
    assert version("aiocometd") == "0.4.5"


@pytest.mark.skipif(sys.version_info < (3, 10), reason="loop= was still taken")
async def test_own_transport_of_the_package_cannot_be_made_any_more() -> None:
    with pytest.raises(TypeError, match="loop"):
        LongPollingTransport(url="", incoming_queue=asyncio.Queue(), loop=asyncio.get_running_loop())


def test_asyncio_stays_as_it_is_for_all() -> None:
    modules: list[ModuleType] = [aiocometd.client, aiocometd.utils, transports.base, transports.long_polling]
    assert {module.asyncio for module in modules} == {asyncio}


async def test_client_works_by_the_transport_from_the_registry_and_without_tasks() -> None:
    port = Echo()
    client = new_client(port)
    await client.open()
    await client.subscribe("/news")
    (transport,) = port.transports
    await transport.poll()
    await transport.disconnect()
    assert client.connection_type is ConnectionType.LONG_POLLING
    assert set(port.tasks) == {1}, "only the caller's own"
    assert transport.http_session is None, "no second HTTP stack"


async def test_disconnect_is_sent_once_and_only_by_a_connected_transport() -> None:
    port = Echo()
    client = new_client(port)
    await client.open()
    (transport,) = port.transports
    await transport.disconnect()
    await transport.disconnect()
    assert len(port.tasks) == len(["handshake", "connect", "disconnect"])


@pytest.mark.parametrize(
    ("fields", "expected"), [({"successful": False}, ServerError), ({"id": "other"}, ProtocolViolation)]
)
async def test_poll_that_is_refused_or_not_answered_raises(
    fields: Message, expected: type[Exception]
) -> None:
    port = Echo()
    await new_client(port).open()
    port.fields = fields
    with pytest.raises(expected):
        await port.transports[0].poll()


@pytest.mark.parametrize(
    ("channel", "error", "expected"),
    [
        ("/meta/connect", "402::Unknown client", SessionLost),
        ("/meta/connect", "401:abc:Unknown client", SessionLost),
        ("/meta/subscribe", "402::session_unknown", SessionLost),
        ("/meta/subscribe", "unknown client", SessionLost),
        ("/meta/subscribe", "403:/news:denied", ProtocolViolation),
        ("/meta/handshake", "401::who", ProtocolViolation),
        ("/meta/handshake", None, ProtocolViolation),
    ],
)
def test_refusal_becomes_an_error_of_ours_with_its_code(
    channel: str, error: str | None, expected: type[ChatbotError]
) -> None:
    with pytest.raises(expected, match=re.escape(error or "no reason given")) as caught, own_errors():
        raise ServerError("refused", {"channel": channel, "error": error})
    code = error.partition(":")[0] if error else ""
    assert vars(caught.value)["status"] == (int(code) if code.isdigit() else None)


def test_other_errors_of_the_package_become_protocol_violations() -> None:
    with pytest.raises(ProtocolViolation, match="no common type"), own_errors():
        raise ClientError("no common type")


def test_missing_extra_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiocometd.client", None)
    with pytest.raises(ConfigError, match=re.escape('pip install "chatbot[aiocometd]"')):
        _load(Path(aiocometd_compat.__file__))


def _load(path: Path) -> None:
    spec = importlib.util.spec_from_file_location("compat_without_its_extra", path)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
