"""The simulator's control API from outside: moves human agents, breaks connections, looks behind the stage.

A real contact centre has none; then each request says so.
"""

from __future__ import annotations

from typing import Any

import httpx

__all__ = ["Backstage", "Trouble", "words_of"]

_BASE = "/simulator"
_NOT_THERE = frozenset({404, 405})


class Trouble(Exception):
    """Something did not work, in words for the person at the terminal."""


class Backstage:
    """Talks to the control API of one server.

    Args:
        http: A client with the server as its base.
        chat_id: The chat that is looked at, by the id of the customer's side.
    """

    def __init__(self, http: httpx.AsyncClient, chat_id: str) -> None:
        self._http = http
        self._chat_id = chat_id

    async def agents(self) -> list[dict[str, Any]]:
        """All agents, as they are now.

        Raises:
            Trouble: They cannot be looked at.
        """
        agents: list[dict[str, Any]] = (await self._ask("GET", "/state"))["agents"]
        return agents

    async def chat(self) -> dict[str, Any]:
        """The chat as the agents have it.

        Raises:
            Trouble: It cannot be looked at.
        """
        chats: list[dict[str, Any]] = (await self._ask("GET", "/state"))["chats"]
        chat = next((chat for chat in chats if chat["customerId"] == self._chat_id), None)
        if chat is None:
            raise Trouble("the simulator does not know this chat any more")
        return chat

    async def move(self, step: str, **given: object) -> None:
        """Do something in the chat: join, say, type, leave, push-url, rename, user-data.

        Raises:
            Trouble: It is refused.
        """
        await self._ask("POST", f"/chats/{self._chat_id}/{step}", given)

    async def do(self, what: str, **given: object) -> None:
        """Do something behind the stage: humans, faults.

        Raises:
            Trouble: It is refused.
        """
        await self._ask("POST", f"/{what}", given)

    async def clear_faults(self) -> None:
        """Take all faults back.

        Raises:
            Trouble: It is refused.
        """
        await self._ask("DELETE", "/faults")

    async def _ask(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        try:
            response = await self._http.request(method, f"{_BASE}{path}", json=body)
        except httpx.HTTPError as error:
            raise Trouble(f"the server does not answer: {words_of(error)}") from error
        if response.status_code in _NOT_THERE:
            raise Trouble("this server has no control API: that works with a simulator only")
        try:
            answer: dict[str, Any] = response.json()
        except ValueError as error:
            raise Trouble(f"the control API answered HTTP {response.status_code}, and no JSON") from error
        if answer.get("statusCode", 0) != 0:
            raise Trouble(str(answer.get("statusMessage", answer)))
        return answer


def words_of(error: Exception) -> str:
    """What it says or, if it says nothing, what it is."""
    return str(error) or type(error).__name__
