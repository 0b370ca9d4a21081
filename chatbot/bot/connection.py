"""Joins the wire for one bot: HTTP client, REST, session and notification source."""

from __future__ import annotations

import importlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from chatbot.bot.platform import Platform
from chatbot.bot.ports import NotificationSource
from chatbot.model.agent_actions import StartContactCenterSession
from chatbot.model.clock import Clock, Rng
from chatbot.model.codes import Code
from chatbot.model.config import BotSettings
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding
from chatbot.model.tracing import NO_TRACER, Tracer
from chatbot.wire.cometd import CometdSource
from chatbot.wire.governor import GovernedHttp
from chatbot.wire.http import Http, HttpxHttp, tls_context
from chatbot.wire.readonly import ReadOnlyHttp
from chatbot.wire.rest import Rest
from chatbot.wire.retry import Limits
from chatbot.wire.session import AgentSession
from chatbot.wire.traced import TracedHttp

__all__ = ["Connection", "OpenHttp", "connect", "open_http", "traced"]

OpenHttp = Callable[[BotSettings], Http]

# All that concerns the agent's chats; other topics are not needed (reference 4.2).
_TOPICS = ("/v2/me/chats",)


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Connection:
    """One bot's way to its server.

    Args:
        http: Closed by whoever opened the connection.
        platform: REST and session.
        new_source: Makes a notification source; one at a time.
        forget: The next request begins a new HTTP session.
    """

    http: Http
    platform: Platform
    new_source: Callable[[], NotificationSource]
    forget: Callable[[], None] = _nothing


def open_http(settings: BotSettings) -> Http:
    """The real transport; nothing is sent yet.

    Raises:
        ConfigError: The password or the certificates are not there.
    """
    return HttpxHttp(
        settings.server,
        credentials=(settings.username, settings.password.read()),
        tls=_tls(settings),
        proxy=settings.proxy,
    )


def traced(open_http: OpenHttp, tracer: Tracer) -> OpenHttp:
    """The same transport; requests are seen in traces, if there are any."""
    return open_http if tracer is NO_TRACER else lambda settings: TracedHttp(open_http(settings), tracer)


def connect(
    name: str, settings: BotSettings, *, clock: Clock, rng: Rng, open_http: OpenHttp = open_http
) -> Connection:
    """Build the connection; nothing is sent yet.

    Args:
        name: The bot's name.
        settings: The bot's settings; its secret is read here.
        clock: For waits and deadlines.
        rng: For jitter.
        open_http: Makes the transport.

    Raises:
        ConfigError: The password, the certificates or the CometD client are not there.
    """
    opened = open_http(settings)
    is_shadow = settings.mode == "shadow"
    http = GovernedHttp(ReadOnlyHttp(opened, settings.notifications_path) if is_shadow else opened, clock)
    rest = Rest(http, bot=name, clock=clock, timeout_s=settings.request_timeout)
    start = StartContactCenterSession(
        channels=settings.channels, place=settings.place, login_code=settings.login_code
    )
    session = AgentSession(rest, clock=clock, start=None if is_shadow else start)
    http.log_in = session.renew
    source_class = _source_class(settings)

    def new_source() -> NotificationSource:
        return source_class(
            http,
            path=settings.notifications_path,
            channels=_TOPICS,
            clock=clock,
            rng=rng,
            renew=session.renew,
            limits=Limits(request_timeout_s=settings.request_timeout),
        )

    platform = Platform(rest, session, http.turn)
    # another transport keeps no cookies that we know of
    forget = opened.forget if isinstance(opened, HttpxHttp) else _nothing
    return Connection(http, platform, new_source, forget)


def _source_class(settings: BotSettings) -> type[CometdSource]:
    if settings.cometd == "httpx":
        return CometdSource
    # the extra is imported only where it is asked for; both sources are built alike
    module = importlib.import_module("chatbot.wire.aiocometd_source")
    return cast("type[CometdSource]", module.AiocometdSource)


def _tls(settings: BotSettings) -> ssl.SSLContext | None:
    if not settings.server.startswith("https://"):
        return None
    try:
        return tls_context(str(settings.ca_file) if settings.ca_file is not None else None)
    except (OSError, ssl.SSLError) as exc:
        message = f"ca_file {settings.ca_file} holds no certificates that can be used: {exc}"
        raise ConfigError(Finding(Code.NO_CERTIFICATES, message, fix="name a PEM file")) from exc
