"""Which human agents are in a chat: by its lines, and by the server's list of participants. Pure.

A human is a participant of type Agent whom the customer can see, and who is neither the bot itself nor
another bot of this service. Names tell nothing: only the bot's own nickname is used, to recognise the bot
where the server tells no user ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakSet

from chatbot.bot.identity import Identity
from chatbot.model.events import (
    ParticipantJoined,
    ParticipantLeft,
    ParticipantRejoined,
    TextReceived,
    TranscriptEvent,
)
from chatbot.model.resources import Participant
from chatbot.model.words import Visibility

__all__ = ["Colleagues", "Presence"]

_SIGNS = (ParticipantJoined, ParticipantRejoined, ParticipantLeft, TextReceived)
# A list that was on its way when somebody joined does not show it; so many may have been.
_LISTS_ON_THEIR_WAY = 2


class Colleagues:
    """The bots of one service, so that none of them takes another one for a human."""

    def __init__(self) -> None:
        self._user_ids: set[str] = set()
        self._identities: WeakSet[Identity] = WeakSet()

    def know(self, user_id: str | None) -> None:
        """This user of the server is a bot."""
        if user_id is not None:
            self._user_ids.add(user_id)

    def meet(self, identity: Identity) -> None:
        """A bot is, or will be, in a chat as this."""
        self._identities.add(identity)

    def has(self, person: Participant) -> bool:
        """Whether this is one of them. User ids have the last word, where the server tells them."""
        if person.user_id is not None:
            return person.user_id in self._user_ids
        mine = [identity.me for identity in self._identities if identity.me is not None]
        return any(_is_the_same(me, person) for me in mine)


@dataclass(frozen=True, slots=True)
class _Sign:
    """The last line by which somebody was there, or was not.

    Args:
        position: Its index.
        person: Who.
        is_there: Whether.
        is_sure: Whether it was a coming or leaving, or is new: who has said something may have left long ago.
        lists: How many lists of participants had been taken before.
    """

    position: int
    person: Participant
    is_there: bool
    is_sure: bool
    lists: int


class Presence:
    """Who is in one chat besides the bot.

    Args:
        identity: Which participant is the bot.
        colleagues: The other bots.
        in_shadow: Whether it only hears.
    """

    def __init__(self, identity: Identity, colleagues: Colleagues, *, in_shadow: bool = False) -> None:
        self._identity = identity
        self._colleagues = colleagues
        self._in_shadow = in_shadow
        self._signs: dict[str, _Sign] = {}

    def hear(self, line: TranscriptEvent, lists: int, *, is_new: bool = False) -> None:
        """Learn from a line, in whatever order lines come; the latest counts.

        Args:
            line: The line.
            lists: How many lists of participants were taken before it was heard.
            is_new: It was said just now: who says something is there.
        """
        name = _name(line.sender)
        if not name or not _is_sign(line):
            return
        before = self._signs.get(name)
        if before is None or line.position > before.position:
            was_there = before is not None and before.is_there and before.is_sure
            is_sure = was_there or is_new or not isinstance(line, TextReceived)
            is_there = not isinstance(line, ParticipantLeft)
            self._signs[name] = _Sign(line.position, _as_shown(line), is_there, is_sure, lists)

    def rewind(self, index: int) -> None:
        """Lines after this index were lost: what they told is told again, or did not happen."""
        self._signs = {name: sign for name, sign in self._signs.items() if sign.position <= index}

    @property
    def is_watching(self) -> bool:
        """Whether the bot hears from a place where the customer does not see it, and says nothing.

        In shadow a supervisor plans for those who are seen: they have not taken the chat from the bot.
        """
        me = self._identity.me
        return self._in_shadow and me is not None and me.visibility is not Visibility.ALL

    def human(self, participants: Sequence[Participant], lists: int) -> Participant | None:
        """A human agent who is in the chat now; None if there is none.

        Args:
            participants: The server's newest list; empty if it gives none.
            lists: How many lists were taken.
        """
        if self.is_watching:
            return None
        # who has no name of any kind is somebody all the same
        listed = {_name(one) or f" {n}": one for n, one in enumerate(participants) if one.is_agent}
        others = self._others(listed, lists)
        sure = [one for one in others if not self._identity.may_be(one) or self._is_besides(one, listed)]
        return next(iter(sure or self._all_but_one(others, listed)), None)

    def _others(self, listed: Mapping[str, Participant], lists: int) -> list[Participant]:
        """The agents whom the customer sees, but for the bots."""
        agents = [*self._listed(listed, lists), *self._heard_of(listed, lists)]
        return [one for one in agents if one.visibility is Visibility.ALL and not self._is_a_bot(one)]

    def _all_but_one(
        self, others: Sequence[Participant], listed: Mapping[str, Participant]
    ) -> Sequence[Participant]:
        """As long as the bot is not known, one of those listed is it, and nobody can tell which."""
        there = [*listed.values()]
        return [one for one in others if one in there][1:] if self._identity.me is None else []

    def _listed(self, listed: Mapping[str, Participant], lists: int) -> Iterator[Participant]:
        """The agents of the list, but those of whom a line has told since that they left."""
        for name, one in listed.items():
            sign = self._signs.get(name)
            if sign is None or sign.is_there or sign.lists < lists:
                yield one

    def _heard_of(self, listed: Mapping[str, Participant], lists: int) -> Iterator[Participant]:
        """The agents of whom only lines tell, and whom the list does not know yet."""
        for name, sign in self._signs.items():
            is_outdated = bool(listed) and (not sign.is_sure or lists > sign.lists + _LISTS_ON_THEIR_WAY)
            if sign.is_there and name not in listed and not (is_outdated or self._has_come_again(sign)):
                yield sign.person

    def _has_come_again(self, sign: _Sign) -> bool:
        """Whether the same user was told of since under another id, as after a failover of Chat Server."""
        user_id = sign.person.user_id
        later = [one for one in self._signs.values() if one.position > sign.position]
        return user_id is not None and any(one.person.user_id == user_id for one in later)

    def _is_a_bot(self, person: Participant) -> bool:
        return self._identity.is_me(person) or self._colleagues.has(person)

    def _is_besides(self, person: Participant, listed: Mapping[str, Participant]) -> bool:
        """Whether the bot is there as somebody else: this one only has its nickname.

        Lines do not tell: the bot gets another id when Chat Server fails over.
        """
        me = self._identity.me
        are_listed = me is not None and {_name(me), _name(person)} <= listed.keys()
        return are_listed and me != person


def _name(person: Participant) -> str:
    """What a participant is known by in one chat: servers may leave out one or the other."""
    return person.participant_id or person.user_id or ""


def _is_sign(line: TranscriptEvent) -> bool:
    """Whether an agent comes, goes or says something, for all to see."""
    return line.sender.is_agent and isinstance(line, _SIGNS) and not _is_whispered(line)


def _is_whispered(line: TranscriptEvent) -> bool:
    """A text that not all can see tells nothing of whether the customer sees who has said it."""
    return isinstance(line, TextReceived) and line.visibility is not Visibility.ALL


def _as_shown(line: TranscriptEvent) -> Participant:
    """Who has said a line. If it does not tell who sees them, it is those who see the line."""
    if "visibility" in line.sender.model_fields_set:
        return line.sender
    return line.sender.model_copy(update={"visibility": line.visibility})


def _is_the_same(one: Participant, other: Participant) -> bool:
    name = one.participant_id
    return bool(name) and name == other.participant_id and one.nickname == other.nickname
