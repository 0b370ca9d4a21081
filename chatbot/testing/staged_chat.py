"""A chat under test, seen from the contact centre: who is in it, and what human agents do."""

from __future__ import annotations

from collections.abc import Callable

from chatbot.simulator.chats import Chat
from chatbot.simulator.status import OperationError
from chatbot.testing.report import TalkError
from chatbot.testing.stage import Stage

__all__ = ["StagedChat"]

_HELENA = "Helena"


class StagedChat:
    """One chat of a test.

    Args:
        stage: Where it takes place.
        chat_id: Its id.
    """

    def __init__(self, stage: Stage, chat_id: str) -> None:
        self._stage = stage
        self._world = stage.simulator.world
        self._chat: Chat = self._world.chat(chat_id)

    @property
    def id(self) -> str:
        """Its id, as bots know it."""
        return self._chat.id

    @property
    def user_data(self) -> dict[str, object]:
        """What is attached to it."""
        return dict(self._chat.user_data)

    @property
    def comment(self) -> str | None:
        """The agents' comment."""
        return self._chat.comment

    @property
    def queue(self) -> str:
        """Where it waits, or waited last."""
        return self._chat.queue

    @property
    def agents(self) -> dict[str, str]:
        """The state that it has for each agent, by login: ``Invited``, ``Chatting``, ``Completed`` ..."""
        return {leg.username: leg.state.value for leg in self._chat.legs.values()}

    @property
    def is_over(self) -> bool:
        """Whether the customer has left, or the last agent has completed it."""
        return self._chat.is_over

    async def agent_joins(self, nickname: str = _HELENA) -> None:
        """A human agent comes in, offered or not."""
        known = {agent.username for agent in self._world.agents}
        if nickname not in known:
            self._world.add_agent(nickname, nickname=nickname, human=True, queues=())
        await self._do(self._world.human_joins, nickname)

    async def agent_says(self, text: str, nickname: str = _HELENA, *, to: str = "All") -> None:
        """A human agent says something.

        Args:
            text: What.
            nickname: Who.
            to: ``All``, or ``Agents`` for what the customer does not see.
        """
        await self._do(self._world.human_says, nickname, text, to)

    async def agent_does(self, operation: str, nickname: str = _HELENA, **given: object) -> None:
        """A human agent does any operation of the platform, as ``agent_does("SendUrl", url=...)``."""
        does = self._world.human_does
        await self._do(lambda chat_id, who: does(chat_id, who, operation, **given), nickname)

    async def agent_leaves(self, nickname: str = _HELENA) -> None:
        """A human agent leaves."""
        await self._do(self._world.human_leaves, nickname)

    async def _do(self, act: Callable[..., None], *given: object) -> None:
        try:
            act(self.id, *given)
        except OperationError as error:
            raise TalkError(f"the platform does not let {given[0]} do that: {error}") from error
        await self._stage.settle()
