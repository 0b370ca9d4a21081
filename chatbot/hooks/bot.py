"""The bot as a hook sees it: its name, its chats, and operations that belong to no own chat."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, Literal

from chatbot.hooks.chat import Chat
from chatbot.hooks.ports import ActionSender
from chatbot.hooks.receipt import Receipt
from chatbot.model.actions import Action
from chatbot.model.agent_actions import BargeIn, CancelSupervisorMonitoring, Coach, Intrude, Monitor

__all__ = ["Bot"]

Mode = Literal["NextChat", "AllChats"]


class Bot:
    """One bot. Handed to hooks; never made by a plugin.

    Attributes:
        name: Its name in bots.toml.
        nickname: What customers see, if bots.toml says.
        chats: The chats it has now, by id.
        memory: JSON values that plugins share over all its chats.
    """

    def __init__(
        self,
        name: str,
        *,
        nickname: str | None,
        chats: Mapping[str, Chat],
        sender: ActionSender,
        memory: MutableMapping[str, Any],
    ) -> None:
        self.name = name
        self.nickname = nickname
        self.chats = MappingProxyType(chats)
        self.memory = memory
        self._sender = sender

    def __repr__(self) -> str:
        return f"<Bot {self.name}>"

    async def monitor(
        self, user_id: str, *, mode: Mode | None = None, nickname: str | None = None
    ) -> Receipt:
        """Watch the chats of another agent, from the next one on."""
        return await self.perform(
            Monitor(user_id=user_id, supervisor_monitoring_mode=mode, nickname=nickname)
        )

    async def coach(self, user_id: str, *, mode: Mode | None = None, nickname: str | None = None) -> Receipt:
        """Follow the chats of another agent, heard by agents only."""
        return await self.perform(Coach(user_id=user_id, supervisor_monitoring_mode=mode, nickname=nickname))

    async def barge_in(
        self, user_id: str, *, mode: Mode | None = None, nickname: str | None = None
    ) -> Receipt:
        """Follow the chats of another agent, heard by everybody."""
        return await self.perform(
            BargeIn(user_id=user_id, supervisor_monitoring_mode=mode, nickname=nickname)
        )

    async def cancel_monitoring(self, user_id: str) -> Receipt:
        """Stop following an agent."""
        return await self.perform(CancelSupervisorMonitoring(user_id=user_id))

    async def intrude(
        self, user_id: str, chat_id: str, *, mode: Literal["Monitor", "Coach", "BargeIn"] | None = None
    ) -> Receipt:
        """Enter a running chat of another agent; it is then offered to this bot."""
        return await self.perform(Intrude(user_id=user_id, chat_id=chat_id, supervisor_visibility_mode=mode))

    async def perform(self, action: Action) -> Receipt:
        """Do any operation that belongs to no own chat.

        Raises:
            ActionError: It did not happen as asked.
        """
        return await self._sender.perform(action, None)
