"""Asks a running service, at the address of its admin pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import httpx

from chatbot.cli.common import fail, load_settings
from chatbot.cli.options import Where
from chatbot.model.config import Settings
from chatbot.model.config_admin import admin_address, read_token
from chatbot.model.errors import ConfigError

__all__ = ["FAILED", "Remote", "remote"]

FAILED = 1
"""Exit code of what a service refuses, or when none answers."""

_TIMEOUT_S = 10.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (not listened to: asked)


class Remote:
    """One running service.

    Args:
        url: Its admin pages.
        token: Lets the command in; empty where none is needed.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # the environment's proxies know nothing of this machine
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def read(self, path: str, **asked: str | None) -> Any:
        """What it says there; ends the program if it cannot say it."""
        given = {key: value for key, value in asked.items() if value is not None}
        return self._value("GET", path, params=given)

    def wish(self, wanted: Mapping[str, object]) -> str:
        """Have something done; what was done. Ends the program if it is refused."""
        return str(self._value("POST", "/api/wishes", json=dict(wanted))["done"])

    def _value(self, method: str, path: str, **what: Any) -> Any:
        try:
            answer = self._http.request(method, path, **what)
        except httpx.HTTPError as exc:
            fail(self._nobody(exc), FAILED)
        value = _json(answer)
        if value is None or not answer.is_success:
            fail(self._refusal(answer.status_code, value), FAILED)
        return value

    def _nobody(self, exc: httpx.HTTPError) -> str:
        why = str(exc) or type(exc).__name__
        fix = "is `chatbot run` at work with this bots.toml? Another address: --admin http://HOST:PORT"
        return f"no service answers at {self._url}: {why}\n  fix: {fix}"

    def _refusal(self, status: int, value: Any) -> str:
        if isinstance(value, dict) and value.get("refused"):
            what, fix = value["refused"], value.get("fix")
        elif status in {401, 403}:
            what, fix = f"{self._url} lets nobody in without its token", "see [service] admin_token"
        else:
            what = f"{self._url} answered HTTP {status}, which is no answer of a chatbot service"
            fix = "see what runs there"
        return f"{what}\n  fix: {fix}" if fix else str(what)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def remote(where: Where) -> Remote:
    """The service of a bots.toml."""
    config, admin = where
    settings = load_settings(config)
    return Remote(admin or _url(settings), _token(settings))


def _url(settings: Settings) -> str:
    if not settings.service.admin:
        what, fix = (
            '[service] admin = "" turns the admin pages off',
            'give them an address, as "127.0.0.1:8080"',
        )
        fail(f"{what}\n  fix: {fix}")
    host, port = admin_address(settings.service.admin)
    host = _EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _token(settings: Settings) -> str:
    try:
        return read_token(settings.service.admin_token)
    except ConfigError as error:
        fail(error)
