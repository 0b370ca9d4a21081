"""Where the admin pages are, and who may see them."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Protocol

from chatbot.model.codes import Code
from chatbot.model.config_table import Flaw
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding

__all__ = ["LEAST_TOKEN", "admin_address", "is_loopback", "open_to_others", "read_token"]

LEAST_TOKEN = 16
"""So many characters at least, for it must not be guessed."""

_MOST_PORT = 65_535


class Secret(Protocol):
    """Where a secret stands."""

    def read(self) -> str:
        """The secret."""
        ...


def admin_address(value: str) -> tuple[str, int]:
    """Host and port of an address like ``127.0.0.1:8080``.

    Raises:
        ValueError: It is not such an address.
    """
    host, colon, port = value.rpartition(":")
    is_number = port.isascii() and port.isdigit() and len(port) <= len(str(_MOST_PORT))
    if not colon or not host or not is_number or int(port) > _MOST_PORT:
        raise ValueError('expected "host:port", for example "127.0.0.1:8080", or "" for none')
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether this name or address is this machine's, and nobody else can reach it."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def open_to_others(admin: str) -> Flaw:
    """What is wrong with an address that others can reach, if they need no token."""
    message = f"admin = {admin!r} can be reached from other machines, and needs an admin_token"
    fix = 'set admin_token = { env = "ADMIN_TOKEN" }, or listen on this machine only: "127.0.0.1:8080"'
    return Flaw(Code.OPEN_ADMIN, message, ("admin",), fix=fix)


def read_token(secret: Secret | None) -> str:
    """The token that the admin pages ask for; empty for none.

    Raises:
        ConfigError: It is not there, or too short.
    """
    if secret is None:
        return ""
    token = secret.read()
    if len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        message = f"the token is not {LEAST_TOKEN} or more characters of ASCII without blanks"
        fix = 'make one: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
        raise ConfigError(Finding(Code.GUESSABLE_ADMIN, message, fix=fix))
    return token
