"""One chat while the bot has it: the newest view, its ordered lines, its outbox, its mailbox.

The mailbox is bounded without ever losing a text: lines beyond its bound are read again, state is
a level of which only the newest view counts, and failures are few.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, MutableMapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from weakref import WeakSet

from chatbot.bot.due import Due
from chatbot.bot.history import customer_has_left
from chatbot.bot.identity import Identity
from chatbot.bot.journal import Incident, IncidentKind, SavedChat
from chatbot.bot.order import LineOrder
from chatbot.bot.outbox import Outbox
from chatbot.bot.ownership import Ownership
from chatbot.bot.presence import Presence
from chatbot.bot.prints import Print
from chatbot.bot.progress import Progress
from chatbot.bot.surroundings import Surroundings
from chatbot.bot.tally import Tally
from chatbot.bot.waits import Waits
from chatbot.hooks.chat import Chat
from chatbot.hooks.run import HookRun
from chatbot.model.config_care import HandoffSettings
from chatbot.model.events import (
    ChatUpdated,
    Event,
    OperationFailed,
    ParticipantLeft,
    TranscriptEvent,
    TranscriptSaved,
    UnknownMessage,
)
from chatbot.model.resources import ChatResource, Participant
from chatbot.model.words import ChatState

__all__ = ["LiveChat"]

log = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)

_MOST_UNORDERED = 64


class LiveChat:
    """What the bot knows and has to do in one chat.

    Args:
        resource: The first view of the chat.
        identity: Which participant is the bot.
        around: What the chat needs from the bot.
        run: The number of this run of the bot.
        saved: What an earlier run has left of the chat.

    Attributes:
        resource: The newest view of the chat.
        shown: The view that hooks were last told about.
        order: Its lines.
        outbox: What the bot has sent there.
        progress: How far the bot has come in it, as the journal knows it.
        draft: What the report of it will say.
        identity: Which participant is the bot.
        presence: Who else is there.
        ownership: Who talks to the customer.
        due: What is to be done at some time.
        tally: What the bot has said.
        notes: What the agents in the chat are to be told.
        sending: Held while an operation is in flight: one at a time.
        resumes: It was found running when the process began.
        is_suspect: It runs alone what has crashed twice.
        views: How many views of it were taken.
        lists: How many of them told who takes part.
        is_in_doubt: What was told of it can be old: the server has to be asked.
        is_unproven: It had ended, and what was told since may be old: only the server's answer counts.
        offered: ``on_chat_offered`` has run.
        is_accepted: The server has taken the Accept.
        accept_failed: The automatic Accept came to nothing.
        accept_again: It is to be tried again.
        started_at: When ``on_chat_started`` or ``on_chat_resumed`` ran.
        told_late_to: Lines up to this index were read before anybody told of them.
        must_ask: The transcript has to be read, whatever notifications say.
        stalled: Nothing more can be done until something new is heard.
        gone: The server no longer lists the chat.
        misses: How often it was looked for, and not listed.
        is_looked_over: Its transcript was read since the customer left.
        is_read_out: Its transcript was read after its end.
        left_by_bot: A plugin has left the chat, and may still set data before it completes it.
        abandoned: The customer has left and has not come back.
        again: The chat is offered anew, and its end has not been told yet; taken up after that.
        unordered: Lines that have no place in the order.
        failures: Reports of failed operations.
        tasks: What plugins have spawned.
        runs: The hooks that run in it now.
        beside: What they have spawned, as runs of its own.
        instances: The objects of plugins that have one for each chat, by plugin.
        waits: Who waits for an event in it.
        worker: Stands for the worker that has the mailbox now.
        handle: The chat as hooks see it.
        is_list_made_up: The server gives no list of participants: that there is comes from the transcript.
        ended: Its end is being told, or was; nothing may follow.
    """

    def __init__(
        self,
        resource: ChatResource,
        *,
        identity: Identity,
        around: Surroundings[LiveChat],
        run: int = 0,
        saved: SavedChat | None = None,
    ) -> None:
        self.resource = resource
        self.shown: ChatResource | None = None
        self.order = LineOrder()
        self.outbox = Outbox(around.journal, around.counters)
        self.identity = identity
        self.tasks: set[asyncio.Task[object]] = set()
        self.runs: set[HookRun] = set()
        self.beside: WeakSet[HookRun] = WeakSet()
        self.presence = Presence(identity, around.colleagues, in_shadow=around.policy.mode == "shadow")
        self.ownership = Ownership(around.policy, self.runs, saved.checkpoint.muted if saved else "")
        self.due = Due()
        self.tally = Tally()
        self.notes: deque[str] = deque(maxlen=_MOST_UNORDERED)
        self.progress = Progress(self, run=run, journal=around.journal, saved=saved, times=around.times)
        self.draft = self.progress.draft
        self.sending = asyncio.Lock()
        self.resumes = saved is not None and saved.checkpoint.phase == "started"
        self.is_suspect = False
        self.views = 0
        self.lists = 0
        self.is_in_doubt = False
        self.is_unproven = False
        self.offered = False
        self.is_accepted = False
        self.accept_failed = False
        self.accept_again = False
        self.started_at: datetime | None = None
        self.told_late_to = 0
        self.must_ask = False
        self.stalled = False
        self.gone = False
        self.misses = 0
        self.is_looked_over = False
        self.is_read_out = False
        self.is_list_made_up = False
        self.ended = False
        self.left_by_bot = False
        self.abandoned = False
        self.again: ChatUpdated | None = None
        self.unordered: deque[TranscriptEvent] = deque(maxlen=_MOST_UNORDERED)
        self.failures: deque[OperationFailed] = deque(maxlen=_MOST_UNORDERED)
        self.instances: dict[str, object] = {}
        self.waits = Waits(resource.id, around.aside, self._wake)
        self.worker: object = None
        self.handle = Chat(self, around.sender)
        self._around = around
        if saved is not None:
            self._take_over(saved)

    def _take_over(self, saved: SavedChat) -> None:
        self.order.cursor = self.order.highest = saved.checkpoint.cursor
        self.identity.remember(saved.checkpoint.own_ids)
        self.outbox.restore(saved.operations)

    @property
    def id(self) -> str:
        """The chat's id."""
        return self.resource.id

    @property
    def me(self) -> Participant | None:
        """See ChatView."""
        return self.identity.me

    @property
    def memory(self) -> MutableMapping[str, Any]:
        """See ChatView."""
        return self.progress.memory

    @property
    def is_over(self) -> bool:
        """Whether the chat is no longer this bot's."""
        return self.gone or (self.resource.state is not None and self.resource.state.is_final)

    @property
    def is_live(self) -> bool:
        """Whether the agent is in the chat."""
        return self.resource.state is not None and self.resource.state.is_live

    @property
    def _has_entered(self) -> bool:
        return self.is_live or self.resumes or self.started_at is not None

    @property
    def is_heard_of_again(self) -> bool:
        """Whether a customer who had left has come back, or has said something, by lines still waiting."""
        waiting = [line for line in self.order.waiting() if line.sender.is_customer]
        return bool(waiting) and not isinstance(waiting[-1], ParticipantLeft)

    async def lines(self, start: int, count: int | None) -> list[TranscriptEvent]:
        """See ChatView."""
        return await self._around.read(self.id, start, count)

    def spawn(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """See ChatView."""
        self._around.spawn(self, coroutine)

    async def wait_for(self, kind: type[E], where: Callable[[E], bool] | None, timeout_s: float) -> E:
        """See ChatView."""
        return await self.waits.until(kind, where, timeout_s)

    @property
    def heard(self) -> int:
        """See ChatView."""
        return self.waits.heard

    async def pause(self, seconds: float, *, since: int | None) -> bool:
        """See ChatView."""
        return await self.waits.pause(seconds, since=since)

    def _wake(self) -> None:
        self._around.wake(self)

    def leave(self) -> asyncio.Task[Any]:
        """The worker stands aside, and another one goes on with the mailbox."""
        self.worker = None
        return self._around.aside.leave(self.id)

    def forsake(self, worker: asyncio.Task[Any]) -> None:
        """Its hook does not end."""
        self._around.aside.forsake(worker)

    def stop_waiting(self, reason: str) -> list[HookRun]:
        """Stop the hooks that stand aside; those are meant that have no turn now."""
        aside = [run for run in self.runs if run.is_aside]
        aside.sort(key=lambda run: (run.plugin, run.hook, run.trigger))
        for run in aside:
            run.cut(reason)
        return aside

    # what is heard and read

    def update(self, update: ChatUpdated) -> None:
        """Take a newer view of the chat. After its end nothing is newer: an answer was on its way.

        A chat in which the bot was, in this run or in an earlier one, does not ring, but for an end that
        was not heard of.
        """
        state = update.chat.state
        if self.is_over and state is not None and not state.is_final:
            return
        self.views += 1
        self.stalled = False
        self.misses = 0
        if state is ChatState.INVITED and self._has_entered:
            self.is_in_doubt = True
            return
        self.resource = update.chat.over(self.resource)
        if update.chat.participants:
            self.lists += 1
            self.is_list_made_up = False
        self._see(update.chat.participants or ())
        self._look_around()
        self.outbox.updated(update)
        self.waits.look()

    def _see(self, participants: Sequence[Participant]) -> None:
        if self.is_live:
            self.identity.learn(participants)
        elif self.resource.state is ChatState.INVITED:
            self.identity.meet(participants)

    def enter(self, now: datetime) -> None:
        """The bot is in the chat, and knows who else is; hooks begin to run."""
        self.started_at = now
        self.shown = self.resource
        self._look_around()

    def settle_up(self) -> None:
        """The customer does not wait for an answer any more."""
        self.progress.owe(0)
        self.due.owed_since = 0.0

    @property
    def handoff_settings(self) -> HandoffSettings:
        """See ChatView."""
        return self._around.policy.handoff

    async def come_true(self, check: Callable[[], bool], timeout_s: float) -> bool:
        """See ChatView."""
        return await self.waits.come_true(check, timeout_s)

    @property
    def human(self) -> Participant | None:
        """A human agent who is in the chat."""
        listed = () if self.is_list_made_up else self.resource.participants
        return self.presence.human(listed or (), self.lists)

    def _look_around(self) -> None:
        if self.started_at is not None and self.is_live:
            self.ownership.see(self.human)

    def revive(self, resource: ChatResource) -> None:
        """The end was told of an earlier offer: the server has the chat as this."""
        self.resource = resource.over(self.resource)
        self.identity.learn(resource.participants or ())

    def hear(self, line: TranscriptEvent) -> None:
        """Take a line from a notification."""
        self.stalled = False
        self.identity.hear(line)
        self.outbox.hear(line, self.identity)
        if line.sender.is_agent:
            self.presence.hear(line, self.lists, is_new=self._is_new(line))
            self._look_around()
            self.waits.look()
        if line.position > self.order.highest:
            self.waits.hear(line)
        if line.index is not None:
            # an index that was given before to another line: only the transcript can tell
            self.must_ask = self.must_ask or self._is_contradicted(line)
            self._around.counters.duplicates += not self.order.offer([line])
        elif isinstance(line, TranscriptSaved | UnknownMessage):
            self.unordered.append(line)
        else:
            # its place is not known: the transcript will tell
            self.must_ask = True

    def _is_new(self, line: TranscriptEvent) -> bool:
        return self.started_at is not None and line.position > self.order.cursor

    def _is_contradicted(self, line: TranscriptEvent) -> bool:
        waiting = self.order.announced(line)
        if waiting is not None:
            return not Print.of(waiting).is_of(Print.of(line))
        return line.position <= self.order.cursor and self.progress.prints.contradict(Print.of(line))

    def read_back(self, transcript: Sequence[TranscriptEvent]) -> None:
        """Take what the server showed on request."""
        is_rewound = self._rewind(transcript)
        self.outbox.shown(transcript)
        for line in transcript:
            self.identity.hear(line)
            self.outbox.hear(line, self.identity)
            if line.position > self.order.highest:
                self.waits.hear(line)
            self.presence.hear(line, self.lists, is_new=self._is_new(line))
        self._look_around()
        self._around.counters.gaps_filled += self.order.show(transcript) * (self.started_at is not None)
        self.progress.prints.read(self.order.cursor, transcript)
        # what was heard before the rewind was dropped with it
        self.must_ask = is_rewound

    def _rewind(self, transcript: Sequence[TranscriptEvent]) -> bool:
        """After a failover the transcript may end earlier than before: go back to where it does."""
        index = self.progress.prints.rewind_to(self.order.cursor, transcript)
        if index is None:
            return False
        log.warning("the transcript has lost lines %d to %d", index + 1, self.order.cursor)
        self._around.counters.rewinds += 1
        self.report("rewind", f"from line {self.order.cursor} to {index}")
        self.order.rewind(index)
        self.presence.rewind(index)
        self.abandoned = customer_has_left(transcript, index)
        self.draft.rewind(index)
        self.outbox.doubt(index)
        self.progress.save()
        return True

    def report(self, kind: IncidentKind, detail: str) -> None:
        """Keep what an operator may ask about."""
        self._around.journal.put(Incident(self.id, kind, detail))

    def fail(self, failure: OperationFailed) -> None:
        """Take the report of a failed operation."""
        self.stalled = False
        self.failures.append(self._explained(failure))
        self.waits.look()

    async def next_failure(self) -> OperationFailed:
        """The next report, with its operation: the report may come before the answer that names both."""
        failure = self.failures.popleft()
        if failure.action is None:
            async with self.sending:
                return self._explained(failure)
        return failure

    def _explained(self, failure: OperationFailed) -> OperationFailed:
        action = self.outbox.failed(failure.reference_id, failure.message)
        return failure.model_copy(update={"action": action}) if action else failure
