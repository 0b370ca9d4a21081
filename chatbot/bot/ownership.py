"""Who talks to the customer: the bot, or a human agent (users, pain 1).

The moment a human agent is in the chat, running hooks are stopped and nothing more is said to the
customer, whatever plugins do: ``gate.py`` asks here before each request. Hooks are told in their turn.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

from chatbot.hooks.run import HookRun
from chatbot.model import actions as do
from chatbot.model.config_care import HandoffSettings
from chatbot.model.resources import Participant

__all__ = ["HUMAN", "OPERATOR", "Ownership", "Policy"]

log = logging.getLogger(__name__)

HUMAN = "a human agent has the chat"
LEFT = "a human agent had the chat"
OPERATOR = "an operator has silenced the bot"
_CUT = "a human agent has joined"
_HELD = "operator; "
# by name: a plugin may have a class of its own for an operation
_TALK = frozenset(
    kind.operation
    for kind in (
        do.SendMessage,
        do.SendUrl,
        do.SendCustomNotice,
        do.SendNicknameUpdatedNotice,
        do.SendStartTypingNotification,
        do.RemoveParticipantFromConference,
    )
)


class Policy(Protocol):
    """What bots.toml says about it."""

    @property
    def mode(self) -> Literal["live", "shadow"]:
        """Whether anything is sent."""
        ...

    @property
    def on_agent_joined(self) -> Literal["mute", "leave", "observe", "stay"]:
        """What the bot does when a human agent joins."""
        ...

    @property
    def handoff(self) -> HandoffSettings:
        """How a chat is handed over."""
        ...

    @property
    def on_agent_left(self) -> Literal["resume", "stay_muted"]:
        """What it does when the last one has left."""
        ...


class Ownership:
    """Whether the bot may talk to the customer of one chat.

    Args:
        policy: What bots.toml says.
        runs: The hooks that run in the chat.
        muted: Why an earlier run of the bot did not talk.

    Attributes:
        human: The human agent who is in the chat.
        is_held: An operator has silenced the bot.
        news: What hooks are to be told: who it is about, or None at a handback.
    """

    def __init__(self, policy: Policy, runs: Iterable[HookRun], muted: str = "") -> None:
        self.human: Participant | None = None
        self.is_held = muted.startswith(_HELD)
        self._muted = muted.removeprefix(_HELD)
        self.news: deque[Participant | None] = deque()
        self._policy = policy
        self._runs = runs

    @property
    def muted(self) -> str:
        """Why the bot does not talk to the customer; empty if it may."""
        return self._muted or (OPERATOR if self.is_held else "")

    @property
    def saved(self) -> str:
        """The same for a later run."""
        return (_HELD if self.is_held else "") + self._muted

    @property
    def is_to_leave(self) -> bool:
        """Whether the bot makes room for the human agent."""
        return self.human is not None and self._policy.on_agent_joined == "leave"

    @property
    def is_stopped(self) -> bool:
        """Whether a guard has stopped the bot, rather than a person."""
        return self._muted not in {"", HUMAN, LEFT}

    def refuses(self, action: do.Action, met: Participant | None = None) -> str:
        """Why this may not be sent now; empty if it may.

        Args:
            action: What is to be sent.
            met: A human agent in a chat that has not begun for the hooks: they are not told yet.
        """
        if action.operation not in _TALK:
            return ""
        is_met = met is not None and self._policy.on_agent_joined != "stay"
        return self.muted or (HUMAN if is_met else "")

    def see(self, human: Participant | None) -> None:
        """Take who is in the chat now."""
        before, self.human = self.human, human
        if human is not None and before is None:
            self._taken_over(human)
        elif human is None and (before is not None or self._muted == HUMAN):
            self._handed_back()

    def _taken_over(self, human: Participant) -> None:
        is_known = self._muted == HUMAN
        if self._policy.on_agent_joined != "stay":
            self._muted = HUMAN
        else:
            self.unmute(HUMAN)  # an earlier run had another policy
        if is_known:
            return  # an earlier run has told its hooks
        log.info("a human agent has joined: %s", self._policy.on_agent_joined)
        self.news.append(human)
        if self._policy.on_agent_joined in {"mute", "leave"}:
            self._cut()

    def _handed_back(self) -> None:
        if self._policy.on_agent_left == "stay_muted" and self._muted:
            self._muted = LEFT
            log.info("the human agent has left: the bot stays muted")
            return
        self._muted = ""
        log.info("the human agent has left: the bot goes on")
        self.news.append(None)

    def _cut(self) -> None:
        for run in [*self._runs]:
            if not run.calls_in:
                run.cut(_CUT)

    @contextmanager
    def last_word(self) -> Iterator[None]:
        """What is said in this block is said although the bot was silenced: but not over a human."""
        muted, is_held = self._muted, self.is_held
        self.is_held = False
        if self.is_stopped:
            self._muted = ""
        try:
            yield
        finally:
            self._muted, self.is_held = self._muted or muted, is_held

    def mute(self, reason: str) -> None:
        """Say nothing more to the customer, until a human agent has come and gone, or ``unmute``."""
        self._muted = self._muted or reason

    def unmute(self, reason: str) -> None:
        """What was muted for this reason may talk again."""
        if self._muted == reason:
            self._muted = ""

    def hold(self) -> None:
        """An operator lets the bot say nothing more, whoever comes and goes, until ``let_go``."""
        self.is_held = True

    def let_go(self) -> None:
        """Take ``hold`` back."""
        self.is_held = False
