"""One request as it arrives at the simulated server."""

from __future__ import annotations

import json
from dataclasses import dataclass

__all__ = ["Request"]

_CHATS = "/api/v2/me/chats/"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrives.

    Args:
        method: GET or POST.
        path: Path and query.
        content: The body.
        cookie: The session that the client names.
        csrf: The token that it sends.
        agent: Who asks.
    """

    method: str
    path: str
    content: bytes | None
    cookie: str | None
    csrf: str | None
    agent: str = "robo"

    @property
    def is_login(self) -> bool:
        """Whether it is the one with which a session begins."""
        return (self.method, self.path) == ("GET", "/api/v2/me")

    @property
    def chat(self) -> str:
        """The chat that it names; empty if it names none."""
        return self.path.removeprefix(_CHATS).partition("/")[0] if self.path.startswith(_CHATS) else ""

    @property
    def operation(self) -> str:
        """The name of the operation, if it is one."""
        if self.method != "POST" or self.content is None or "/notifications" in self.path:
            return ""
        return str(json.loads(self.content).get("operationName", ""))
