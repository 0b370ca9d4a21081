"""One chat of a bot in shadow: what its plugins plan, turn by turn, beside what humans do.

Who is a human is not asked: every agent whom the customer hears is somebody else than the bot, for that
says nothing. What was said under the login that the bot shares with a human counts as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chatbot.hooks.trace import BEFORE, Deed, Hearing
from chatbot.model.comparison import ComparedChat, ComparedTurn, PlannedAction, PlannedAnswer, Reaction
from chatbot.model.events import (
    ChatEnded,
    ChatResumed,
    ChatStarted,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantRejoined,
    TextReceived,
    TranscriptEvent,
    UrlPushed,
)
from chatbot.model.likeness import likeness
from chatbot.model.resources import Participant
from chatbot.model.words import Visibility

__all__ = ["Comparison"]

# A chat that goes on for ever, or a stranger who writes without end, must not fill the memory.
_MOST_TURNS = 200
_MOST_TEXTS = 20
_MOST_PLANNED = 50
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class _Moment:
    """When something was said: by the server's clock, and when it was heard."""

    said: datetime | None
    heard: datetime

    def after(self, other: _Moment) -> float:
        """Seconds between; the server's clock counts where it tells both."""
        by_server = self.said is not None and other.said is not None
        begin, end = (other.said, self.said) if by_server else (other.heard, self.heard)
        return max(0.0, (end - begin).total_seconds()) if begin is not None and end is not None else 0.0


@dataclass(slots=True)
class _Answer:
    """What one plugin says first for one text of the customer."""

    plugin: str
    hook: str
    seconds: float
    texts: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class _Turn:
    began: _Moment
    number: int
    index: int | None = None
    texts: list[str] = field(default_factory=list[str])
    planned: list[PlannedAction] = field(default_factory=list[PlannedAction])
    answers: dict[str, _Answer] = field(default_factory=dict[str, _Answer])
    hands_over: bool = False
    replies: list[str] = field(default_factory=list[str])
    pushed: int = 0
    chars: int = 0
    replied: _Moment | None = None
    handed_over: bool = False

    @property
    def is_opening(self) -> bool:
        return not self.texts

    @property
    def takes_more(self) -> bool:
        """Whether the customer's next text belongs to it: nobody has done anything since the last."""
        is_waiting = self.replied is None and not self.handed_over
        return not self.is_opening and is_waiting and len(self.texts) < _MOST_TEXTS

    def reply(self, line: TextReceived | UrlPushed) -> None:
        """A human says something."""
        text = line.text if isinstance(line, TextReceived) else line.url
        self.replied = self.replied or _moment(line)
        self.pushed += 1
        self.chars += len(text)
        if isinstance(line, TextReceived) and len(self.replies) < _MOST_TEXTS:
            self.replies.append(text[:_LONGEST])

    def plan(self, deed: Deed, action: PlannedAction, text: str | None) -> None:
        """A plugin asks for something."""
        if len(self.planned) < _MOST_PLANNED:
            self.planned.append(action)
        if deed.error is not None or not deed.action.customer_sees:
            return
        if not self.is_opening and action.index is None:
            return  # said by itself, and no answer
        first = _Answer(action.plugin, action.hook, action.seconds)
        answer = self.answers.setdefault(deed.trigger, first)
        if text and (answer.plugin, answer.hook) == (action.plugin, action.hook):
            answer.texts = [*answer.texts, text[:_LONGEST]][:_MOST_TEXTS]

    def told(self, *, with_texts: bool) -> ComparedTurn:
        """What is written of it."""
        answer = next(iter(self.answers.values()), None)
        bot = answer and PlannedAnswer(
            plugin=answer.plugin, seconds=answer.seconds, hands_over=self.hands_over
        )
        human = Reaction(
            texts=self.pushed,
            chars=self.chars,
            seconds=round(self.replied.after(self.began), 3) if self.replied is not None else None,
            handed_over=self.handed_over,
            said=tuple(self.replies) if with_texts else None,
        )
        return ComparedTurn(
            kind="opening" if self.is_opening else "text",
            index=self.index,
            at=self.began.said or self.began.heard,
            texts=len(self.texts),
            chars=sum(map(len, self.texts)),
            said=tuple(self.texts) if with_texts else None,
            planned=tuple(self.planned),
            bot=bot,
            human=human,
            likeness=self._likeness(),
        )

    def _likeness(self) -> float | None:
        """That of the pair which is most alike: each text by itself, and all together."""
        planned = _with_all([" ".join(answer.texts) for answer in self.answers.values() if answer.texts])
        said = _with_all(self.replies)
        if not planned or not said:
            return None
        return round(max(likeness(one, other) for one in planned for other in said), 3)


def _with_all(texts: Sequence[str]) -> list[str]:
    most = texts[:5]
    return [*most, " ".join(most)] if len(most) > 1 else [*most]


class Comparison:
    """What is planned and done in one chat.

    Args:
        bot: Which bot hears it.
        chat_id: The chat.
        now: When the bot heard of it.
        with_texts: Whether texts are to be told.

    Attributes:
        is_worth_telling: The bot was in the chat.
    """

    def __init__(self, bot: str, chat_id: str, now: datetime, *, with_texts: bool) -> None:
        self.is_worth_telling = False
        self._bot = bot
        self._chat_id = chat_id
        self._began = now
        self._with_texts = with_texts
        self._turns = [_Turn(_Moment(None, now), 0)]
        self._now = self._turns[0]
        self._of_trigger: dict[str, tuple[_Turn, int | None]] = {}
        self._who = _Who()
        self._is_partial = self._is_unclear = False
        self._bot_hands_over: int | None = None
        self._human_hands_over: int | None = None
        self._left_out = 0
        self._end: ChatEnded | None = None

    # what is heard

    def hear(self, hearing: Hearing) -> None:
        """Something came."""
        match hearing.event:
            case ChatStarted() | ChatResumed():
                self.is_worth_telling = True
            case ChatEnded() as event:
                self._ended(event)
            case TranscriptEvent() as line if line.sender.is_customer:
                self._of_customer(line, hearing)
            case TranscriptEvent() as line if line.sender.is_agent:
                self._of_agent(line, is_history=hearing.passed_over == BEFORE)
            case _:
                pass

    def _of_customer(self, line: TranscriptEvent, hearing: Hearing) -> None:
        match line:
            case ParticipantLeft():
                self._who.customer_left = True
            case ParticipantJoined() | ParticipantRejoined():
                self._who.customer_left = False
            case TextReceived() if line.visibility is Visibility.ALL:
                self._who.customer_left = False
                if not hearing.passed_over or hearing.is_unhandled:
                    self._customer_said(line, hearing.trigger)
                elif hearing.passed_over == BEFORE:
                    self._is_partial = True
            case _:
                pass

    def _customer_said(self, line: TextReceived, trigger: str) -> None:
        if not self._now.takes_more:
            self._begin(line)
        self._now.texts.append(line.text[:_LONGEST])
        self._of_trigger[trigger] = self._now, line.index

    def _begin(self, line: TextReceived) -> None:
        number = self._now.number + 1
        self._now = _Turn(_moment(line), number, line.index)
        if len(self._turns) < _MOST_TURNS:
            self._turns.append(self._now)
        else:
            self._left_out += 1
            self._of_trigger.clear()  # of what was long ago nothing more is to come

    def _of_agent(self, line: TranscriptEvent, *, is_history: bool) -> None:
        if line.sender.visibility is Visibility.SUPERVISORS:
            return  # looks on, as the bot may
        if isinstance(line, ParticipantLeft):
            self._who.leaves(line.sender, self._now.number)
            return
        is_new = self._who.is_here(line.sender)
        if is_history:
            return
        if is_new:
            self._passes_on(self._now)
        if isinstance(line, TextReceived | UrlPushed) and line.visibility is Visibility.ALL:
            self._now.reply(line)

    def _passes_on(self, turn: _Turn) -> None:
        turn.handed_over = True
        if self._human_hands_over is None:
            self._human_hands_over = turn.number

    def _ended(self, event: ChatEnded) -> None:
        """A chat that ends while the customer is still there went to somebody else, if lines tell that."""
        self._end = event
        if self._who.customer_left or self._human_hands_over is not None:
            return
        number = self._who.left_alone_in
        if number is None:
            self._is_unclear = True
            return
        self._passes_on(next((turn for turn in self._turns if turn.number == number), self._now))

    # what is planned

    def plan(self, deed: Deed, now: datetime) -> None:
        """A plugin asked for something."""
        turn, index = self._of_trigger.get(deed.trigger, (self._now, None))
        text = getattr(deed.action, "text", None)
        seconds = _Moment(None, now).after(_Moment(None, turn.began.heard))
        action = _planned(deed, index, round(seconds, 3), text if self._with_texts else None)
        turn.plan(deed, action, text)
        if action.hands_over:
            turn.hands_over = True
            if self._bot_hands_over is None:
                self._bot_hands_over = turn.number

    # what is told

    def told(self) -> ComparedChat:
        """What is written of it."""
        return ComparedChat(
            bot=self._bot,
            chat=self._chat_id,
            began=self._began,
            ended=self._end.received_at if self._end is not None else None,
            reason=self._end.reason if self._end is not None else "",
            partial=self._is_partial,
            bot_hands_over=self._bot_hands_over,
            human_hands_over=self._human_hands_over,
            unclear=self._is_unclear,
            left_out=self._left_out,
            turns=tuple(turn.told(with_texts=self._with_texts) for turn in self._turns),
        )


class _Who:
    """Which agents are in the chat, by its lines."""

    def __init__(self) -> None:
        self.customer_left = False
        self.left_alone_in: int | None = None
        self._there: list[Participant] = []
        self._were_there: list[Participant] = []

    def is_here(self, person: Participant) -> bool:
        """Take note of this agent; whether another one was there before, and this one was not."""
        self.left_alone_in = None
        is_known = any(_is_same(person, other) for other in self._were_there)
        is_other = not is_known and bool(self._were_there)
        if not any(_is_same(person, other) for other in self._there):
            self._there.append(person)
        if not is_known and len(self._were_there) < _MOST_TEXTS:
            self._were_there.append(person)
        return is_other

    def leaves(self, person: Participant, turn: int) -> None:
        """This agent has left."""
        self._there = [other for other in self._there if not _is_same(person, other)]
        if not self._there:
            self.left_alone_in = turn


def _is_same(one: Participant, other: Participant) -> bool:
    """User ids have the last word; a nickname is better than an id that changes at each joining."""
    if one.user_id is not None and other.user_id is not None:
        return one.user_id == other.user_id
    if one.participant_id and one.participant_id == other.participant_id:
        return True
    return bool(one.nickname) and one.nickname == other.nickname


def _moment(line: TranscriptEvent) -> _Moment:
    return _Moment(line.timestamp, line.received_at)


def _planned(deed: Deed, index: int | None, seconds: float, told: str | None) -> PlannedAction:
    error, text = deed.error, getattr(deed.action, "text", None)
    return PlannedAction(
        plugin=deed.plugin,
        hook=deed.hook.partition("+")[0],
        action=deed.action.operation,
        index=index,
        seconds=seconds,
        held_back=str(error.code or type(error).__name__) if error is not None else "",
        queue=getattr(deed.action, "queue_name", None),
        target=getattr(deed.action, "target_uri", None),
        chars=len(text) if text else None,
        text=told[:_LONGEST] if told else None,
    )
