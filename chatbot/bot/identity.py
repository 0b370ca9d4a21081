"""Which participant of a chat is the bot itself (reference 5.5).

By the user id, where the server tells it; else the newest agent with the nickname under which the bot
accepted; else the only agent who was not there before. The participant id changes when the bot joins
again, and when Chat Server fails over, so all that were ever its own are kept. Names alone are never
trusted to tell others apart.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatbot.model.events import ParticipantJoined, ParticipantRejoined, TranscriptEvent
from chatbot.model.resources import Participant

__all__ = ["Identity"]


class Identity:
    """The bot's own participant in one chat.

    Args:
        user_id: The agent's user id, if ``GET /me`` told it.
        nickname: Under which the bot accepts chats, if bots.toml says.
    """

    def __init__(self, user_id: str | None, nickname: str | None) -> None:
        self.me: Participant | None = None
        self._user_id = user_id
        self._nickname = nickname
        self._ids: set[str] = set()
        self._others: set[str] = set()
        self._is_sure = False

    @property
    def own_ids(self) -> tuple[str, ...]:
        """All participant ids that were ever the bot's own in this chat."""
        return tuple(sorted(self._ids))

    def remember(self, own_ids: Iterable[str]) -> None:
        """Take over what an earlier run knew."""
        self._ids.update(own_ids)

    def is_me(self, participant: Participant) -> bool:
        """Whether this participant is the bot. User ids have the last word, where both are known."""
        if self._user_id is not None and participant.user_id is not None:
            return participant.user_id == self._user_id
        # ids may be given again: what is a customer now is no bot
        return participant.participant_id in self._ids and not participant.is_customer

    def meet(self, participants: Iterable[Participant]) -> None:
        """These are there before the bot comes in."""
        others = (person.participant_id for person in participants if not self.is_me(person))
        self._others.update(filter(None, others))

    def learn(self, participants: Iterable[Participant]) -> None:
        """Look for the bot among those who are in the chat now."""
        agents = [person for person in participants if person.is_agent and person.participant_id]
        mine = [person for person in agents if self.is_me(person)]
        if mine:
            self._take(mine[-1])
            self._is_sure = self._is_sure or mine[-1].user_id is not None
        elif guess := self._guess(agents):
            self._take(guess[-1])

    def hear(self, line: TranscriptEvent) -> None:
        """Learn from a line: the bot may join again under another participant id."""
        joined = isinstance(line, ParticipantJoined | ParticipantRejoined)
        if (
            joined
            and line.sender.is_agent
            and self._user_id is not None
            and line.sender.user_id == self._user_id
        ):
            self._take(line.sender)
            self._is_sure = True

    def may_be(self, participant: Participant) -> bool:
        """Whether this participant can be the bot, by all that speaks against it.

        Once the bot is known, another participant id with its nickname can still be: it changes when
        Chat Server fails over. Not so one that was there before the bot.
        """
        if self.is_me(participant):
            return True
        has_another_user = self._user_id is not None and participant.user_id is not None
        if not participant.is_agent or has_another_user or participant.participant_id in self._others:
            return False
        return self._has_a_name_of_mine(participant)

    def _has_a_name_of_mine(self, participant: Participant) -> bool:
        if self.me is None:
            return not (self._nickname and participant.nickname) or participant.nickname == self._nickname
        names = (self.me.nickname,) if self._is_sure else (self.me.nickname, self._nickname)
        return bool(participant.nickname) and participant.nickname in names

    def recognise(self, participant: Participant) -> bool:
        """This participant said what the bot has said: it is the bot, if it can be."""
        if not self.may_be(participant):
            return False
        self._take(participant)
        self._is_sure = True
        return True

    def _guess(self, agents: list[Participant]) -> list[Participant]:
        """Without user ids: among those it may be, for it is in the list."""
        if self._user_id and any(person.user_id for person in agents):
            return []
        new = [person for person in agents if person.participant_id not in self._others]
        if self.me is None:
            return _named(new, self._nickname) or (new if len(new) == 1 else [])
        # under another id since a failover
        named = _named(new, self.me.nickname)
        return named if len(named) == 1 else []

    def _take(self, participant: Participant) -> None:
        self.me = participant
        if participant.participant_id:
            self._ids.add(participant.participant_id)


def _named(agents: list[Participant], nickname: str | None) -> list[Participant]:
    return [person for person in agents if person.nickname and person.nickname == nickname]
