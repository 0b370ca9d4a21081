"""The chat as a hook sees it: what is known of it, and what can be done.

Every method that acts builds one action and performs it. They raise:

    NotAllowed   the chat does not allow it now; nothing was sent
    ChatGone     the chat is no longer this bot's
    Refused      the server said no
    Unconfirmed  nobody can say whether it took effect

Waiting inside an action does not count against the hook's time.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, MutableMapping
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import datetime
from typing import Any, Literal, TypeVar

from chatbot.hooks.conversation import Question, check_can_wait, interrupted, typing_time
from chatbot.hooks.handoff import Handoff, destinations
from chatbot.hooks.ports import ActionSender, ChatView
from chatbot.hooks.receipt import Receipt
from chatbot.hooks.run import current_run
from chatbot.model import actions as do
from chatbot.model.capabilities import allows
from chatbot.model.errors import ChatbotError
from chatbot.model.events import Event, TranscriptEvent
from chatbot.model.frozen import FrozenDict
from chatbot.model.handoff import Outcome
from chatbot.model.resources import Participant
from chatbot.model.words import ChatState, Visibility

__all__ = ["Chat"]

E = TypeVar("E", bound=Event)


class Chat:
    """One chat of one bot. Handed to hooks; never made by a plugin."""

    def __init__(self, view: ChatView, sender: ActionSender) -> None:
        self._view = view
        self._sender = sender
        self._is_handed_over = False

    def __repr__(self) -> str:
        return f"<Chat {self.id} {self.state}>"

    # what is known

    @property
    def id(self) -> str:
        """The id of the chat on the agent's side."""
        return self._view.resource.id

    @property
    def state(self) -> ChatState:
        """The newest known state."""
        return self._view.resource.state or ChatState("")

    @property
    def participants(self) -> tuple[Participant, ...]:
        """Everybody in the chat, the bot included."""
        return self._view.resource.participants or ()

    @property
    def customer(self) -> Participant | None:
        """The customer, if present."""
        return next((person for person in self.participants if person.is_customer), None)

    @property
    def agents(self) -> tuple[Participant, ...]:
        """The other agents that the customer can see: humans, and other bots."""
        mine = self.me.participant_id if self.me else None
        shown = (one for one in self.participants if one.is_agent and one.visibility is Visibility.ALL)
        return tuple(one for one in shown if one.participant_id != mine)

    @property
    def human(self) -> Participant | None:
        """A human agent who is in the chat; who talks to the customer is up to them."""
        return self._view.human

    @property
    def me(self) -> Participant | None:
        """The bot's own participant, once it is known."""
        return self._view.me

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The names of the operations that the server lists as allowed now."""
        return self._view.resource.capabilities or ()

    @property
    def user_data(self) -> Mapping[str, Any]:
        """The pairs attached to the chat, which ``update_user_data`` changes; nothing else does."""
        return self._view.resource.user_data or FrozenDict()

    @property
    def started_at(self) -> datetime | None:
        """When ``on_chat_started`` or ``on_chat_resumed`` ran."""
        return self._view.started_at

    @property
    def memory(self) -> MutableMapping[str, Any]:
        """JSON values that plugins keep for this chat while it lasts."""
        return self._view.memory

    def can(self, action: type[do.Action] | str) -> bool:
        """Whether the chat allows an operation now, by its class or its name on the wire."""
        return allows(self._view.resource, action)

    # talk

    async def send_text(
        self,
        text: str,
        *,
        message_type: str | None = None,
        treat_as: Literal["Normal", "System"] | None = None,
        typing: Literal["natural"] | None = None,
        interruptible: bool = False,
    ) -> Receipt:
        """Say something to everybody in the chat.

        Args:
            text: What to say.
            message_type: A word of your own for its kind, for the customer's widget.
            treat_as: ``System``: it is to look as if the system had said it.
            typing: ``natural``: typing is shown before, for as long as a human might take (half a second
                to five); that does not count against the hook's time.
            interruptible: A text of the customer meanwhile stops it: nothing is said.

        Raises:
            NotAllowed: It was interrupted, or the chat does not allow it.
        """
        action = do.SendMessage(text=text, message_type=message_type, treat_as=treat_as)
        if typing is None:
            return await self.perform(action)
        if typing != "natural":
            raise ValueError(f"typing is 'natural' or None, not {typing!r}")
        since = self._view.heard if interruptible else None
        async with self.typing():
            if not await self._view.pause(typing_time(text), since=since):
                raise interrupted(action.operation, self.capabilities)
            return await self.perform(action)

    async def send_to_agents(self, text: str) -> Receipt:
        """Say something that only agents see. Allowed while another agent is in the chat."""
        return await self.perform(do.SendToAgents(text=text))

    async def send_url(self, url: str) -> Receipt:
        """Push an http or https address to the customer."""
        return await self.perform(do.SendUrl(url=url))

    async def send_notice(self, text: str) -> Receipt:
        """Send a notice for the customer's widget."""
        return await self.perform(do.SendCustomNotice(notice_text=text))

    async def send_notice_to_agents(self, text: str) -> Receipt:
        """Send a notice for agents' desktops."""
        return await self.perform(do.SendCustomNoticeToAgents(notice_text=text))

    async def rename(self, nickname: str) -> Receipt:
        """Take another nickname in this chat."""
        return await self.perform(do.SendNicknameUpdatedNotice(notice_text=nickname))

    async def start_typing(self) -> Receipt:
        """Show that the bot is typing."""
        return await self.perform(do.SendStartTypingNotification())

    async def stop_typing(self) -> Receipt:
        """Show that the bot stopped typing."""
        return await self.perform(do.SendStopTypingNotification())

    @asynccontextmanager
    async def typing(self) -> AsyncGenerator[None]:
        """Show that the bot is typing inside the block, if anybody can be shown; always taken down."""
        try:
            with suppress(ChatbotError):
                await self.start_typing()
            yield
        finally:
            with suppress(ChatbotError):
                await self.stop_typing()

    # wait

    async def ask(
        self,
        text: str,
        *,
        match: str | re.Pattern[str] | None = None,
        timeout: float,  # noqa: ASYNC109 (the contract's name)
        retries: int = 0,
        retry_text: str | None = None,
    ) -> str:
        """Ask the customer, and wait for the answer.

        The next text of the customer is the answer; later hooks do not get it. What the hook was called
        for counts as done from here on: it is not run again after a crash.

        Args:
            text: The question.
            match: What an answer looks like: a pattern for ``re.search``; None: any text.
            timeout: Seconds for the answer to the question, and to each repetition.
            retries: How often is asked again after a text that does not match: 20 times at most.
            retry_text: What is said then; None: the question.

        Returns:
            What the first group of the pattern has found, or all of it; the whole text without a pattern.

        Raises:
            TimeoutError: There was no answer in time, or none that matches; its text says which.
            RuntimeError: Nobody can wait here (``wait_for``).
        """
        question = Question(match, timeout, retries)
        await check_can_wait(self._view)
        again = text if retry_text is None else retry_text
        return await question.ask(self._view, self.send_text, [text, *[again] * retries])

    async def wait_for(
        self,
        kind: type[E],
        *,
        where: Callable[[E], bool] | None = None,
        timeout: float,  # noqa: ASYNC109 (the contract's name)
    ) -> E:
        """Wait for the next event of a kind. It comes here, and not to its own hook.

        Events are those that hooks get, and one at a time: other hooks of the chat may run until it comes.

        Args:
            kind: The type of the event.
            where: Which of them; all, if None.
            timeout: Seconds.

        Raises:
            TimeoutError: None came in time.
            ChatGone: The chat has ended.
            RuntimeError: ``on_event``, ``on_chat_offered``, ``on_chat_ended`` and hooks that run for no
                chat, or for another one, cannot wait; what they spawn can.
        """
        return await self._view.wait_for(kind, where, timeout)

    # people

    async def invite(self, target: str) -> Receipt:
        """Ask an agent, by URI, into the chat; the customer sees it."""
        return await self.perform(do.Invite(target_uri=target))

    async def consult(self, target: str) -> Receipt:
        """Ask an agent or a queue, by URI, without the customer noticing."""
        return await self.perform(do.Consult(target_uri=target))

    async def cancel_consult(self) -> Receipt:
        """Take back a consultation that was not accepted yet."""
        return await self.perform(do.CancelConsult())

    async def transfer(
        self, *, target: str | None = None, queue: str | None = None, text: str | None = None
    ) -> Receipt:
        """Hand the chat to an agent (``target``, a URI) or a queue (by name), with a last text."""
        return await self.perform(do.Transfer(target_uri=target, queue_name=queue, text=text))

    async def handoff(  # noqa: PLR0913 (the contract's signature)
        self,
        *,
        target: str | None = None,
        queue: str | None = None,
        text: str | None = None,
        summary: str | None = None,
        data: Mapping[str, Any] | None = None,
        wait: float | None = None,
    ) -> Outcome:
        """Hand the chat to a human, and say what became of it.

        Sets the user data, tells the agents what only they are to see, says ``text``, and invites the
        agent (else transfers the chat) or puts it into the ``queue``. Waits as ``wait_for`` does. Texts for
        the meantime, a second choice, and the first if none is given, stand in ``[bots.NAME.handoff]``.

        Args:
            target: The address of an agent.
            queue: The name of a queue.
            text: What is said to the customer first.
            summary: For the agent: a note that only agents see, and ``chatbot_summary`` in the user data.
            data: Pairs for the user data.
            wait: Seconds that an agent may take; None: as bots.toml says.

        Returns:
            What became of it. After ``Accepted`` and ``Queued`` there is nothing more to say.

        Raises:
            ValueError: Nobody says where to, or ``wait`` is no number of seconds.
            RuntimeError: Nobody can wait here (``wait_for``).
        """
        settings = self._view.handoff_settings
        places = destinations(settings, target, queue)
        wait_s = settings.wait if wait is None else wait
        handoff = Handoff(self._view, self.perform, text, summary, data or {}, wait_s)
        if (run := current_run.get()) is not None:
            run.calls_in = True
        if self._is_handed_over:
            return await handoff.joined()
        self._is_handed_over = True
        try:
            return await handoff.to(places)
        finally:
            self._is_handed_over = False

    async def remove(self, participant: Participant) -> Receipt:
        """Remove another agent from the chat.

        Raises:
            ValueError: The server does not tell which user that is.
        """
        path, uri = (participant.path, None) if participant.path else (None, participant.uri)
        if not (path or uri):
            raise ValueError("this participant has no address: only agents can be removed")
        return await self.perform(do.RemoveParticipantFromConference(target_path=path, target_uri=uri))

    # data

    async def attach_user_data(self, data: Mapping[str, Any]) -> Receipt:
        """Add pairs to the user data. For keys that exist, use ``update_user_data``."""
        return await self.perform(do.AttachUserData(user_data=dict(data)))

    async def update_user_data(self, data: Mapping[str, Any]) -> Receipt:
        """Overwrite pairs of the user data."""
        return await self.perform(do.UpdateUserData(user_data=dict(data)))

    async def delete_user_data(self, *keys: str) -> Receipt:
        """Delete keys of the user data."""
        return await self.perform(do.DeleteUserData(keys=keys))

    async def set_disposition(self, code: str, *, key: str | None = None) -> Receipt:
        """Say how the chat went; ``key`` is the user-data key, if the server's default is not right."""
        return await self.perform(do.SetDisposition(disposition=code, disposition_key=key))

    async def add_comment(self, text: str) -> Receipt:
        """Set the comment of the chat."""
        return await self.perform(do.AddComment(comment=text))

    def report(self, result: str | None = None, **attributes: Any) -> None:
        """Say what became of the chat, for its report; kept as ``memory`` is, up to ``on_chat_ended``.

        Args:
            result: In a word or two; None leaves it as it is.
            attributes: JSON values by name, beside those given before: 16 KiB in all.

        Raises:
            ValueError: An attribute is no JSON, or that is too much.
            RuntimeError: The report is made already.
        """
        self._view.draft.report(result, attributes)

    # life

    async def accept(self, nickname: str | None = None) -> Receipt:
        """Take the offered chat under this nickname."""
        return await self.perform(do.Accept(nickname=nickname))

    async def reject(self) -> Receipt:
        """Leave the offered chat to another agent."""
        return await self.perform(do.Reject())

    async def leave(self, text: str | None = None) -> Receipt:
        """Leave the chat. Alone with the customer, this ends the customer's session too."""
        return await self.perform(do.Leave(text=text))

    async def leave_and_complete(self) -> Receipt:
        """Leave and end the chat: in one step where the server knows it, else by Complete."""
        if do.LeaveAndComplete.operation in self.capabilities:
            return await self.perform(do.LeaveAndComplete())
        return await self.complete()

    async def complete(self, *, queue: str | None = None, text: str | None = None) -> Receipt:
        """End the chat for the customer, with a last text; or put it into a queue."""
        return await self.perform(do.Complete(queue_name=queue, text=text))

    # read, keep, raw

    async def messages(self, start: int = 1, count: int | None = None) -> list[TranscriptEvent]:
        """The transcript from index ``start`` on, the bot's own lines included.

        Raises:
            WireError: It could not be read.
        """
        run = current_run.get()
        with run.waiting() if run is not None else nullcontext():
            return await self._view.lines(start, count)

    def spawn(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run a coroutine beside the hooks; it ends with the chat at the latest."""
        self._view.spawn(coroutine)

    async def perform(self, action: do.Action) -> Receipt:
        """Do any operation, also one that has no method here."""
        return await self._sender.perform(action, self.id)
