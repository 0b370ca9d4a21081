"""What a bot says of itself: whether it is ready and, if not, why; and what it has counted."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from chatbot.bot.hearing import Hearing
from chatbot.bot.histogram import Histogram

__all__ = ["Counters", "Health", "count"]

_MOST_REASONS = 100

# How long a held poll may be overdue (design 4.6).
_POLL_SLACK_S = 10.0


@dataclass(slots=True)
class Counters:
    """Counted since the process began. Rendered by the console; nothing here is reset.

    Attributes:
        events: Handed to plugins, by type.
        actions: Operations, by name and result.
        action_seconds: How long each took to be answered, by name.
        hook_failures: Hooks that raised or overran, by plugin.
        polls: That succeeded.
        polled_at: When the last of them did, in monotonic seconds; 0: none has.
        troubles: Of the connection.
        deaf: Things that the server showed on request, and that no notification had told.
        sessions: CometD sessions begun.
        duplicates: Lines that were told again.
        gaps_filled: Lines that nobody had told, found in the transcript.
        gaps: Lines that the server does not show although it shows later ones.
        rewinds: Transcripts that had lost their end.
        dead_letters: Events whose hooks ended in a crash each time.
        echoes: Own lines that were shown word for word, by type, audience and how they are treated.
        fuzzy_matches: Own lines whose words the server had changed.
        unseen: Operations that were accepted, and whose line was not there.
        replay_mismatches: Hooks that proposed other words when they were run again after a crash.
        handed_over: Customers that were handed to somebody else while the bot ran, by reason.
        takeovers: Human agents who came into a chat of the bot.
        guards: Guards that had something to say, by name and step.
        session_reports: Reports of chats that were to be kept: written, or lost.
    """

    events: Counter[str] = field(default_factory=Counter)
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    action_seconds: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    hook_failures: Counter[str] = field(default_factory=Counter)
    polls: int = 0
    polled_at: float = 0.0
    troubles: int = 0
    deaf: int = 0
    sessions: int = 0
    duplicates: int = 0
    gaps_filled: int = 0
    gaps: int = 0
    rewinds: int = 0
    dead_letters: int = 0
    echoes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    fuzzy_matches: int = 0
    unseen: int = 0
    replay_mismatches: int = 0
    handed_over: Counter[str] = field(default_factory=Counter)
    takeovers: int = 0
    guards: Counter[tuple[str, str]] = field(default_factory=Counter)
    session_reports: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Health:
    """Measured by traffic, not assumed (design 4.6).

    Attributes:
        logged_in: ``GET /me`` accepted the password.
        subscribed: The CometD session has its subscriptions.
        entered: The contact-centre session runs and the agent is Ready.
        polling: The last poll succeeded.
        stopping: The bot is on its way out.
        trouble: The last thing that went wrong, in words, until it is well again.
        next_try_at: When what went wrong is tried again, in monotonic seconds.
        poll_due_at: When the server has to have answered the poll, in monotonic seconds.
        hearing: Whether notifications tell what the server shows.
    """

    logged_in: bool = False
    subscribed: bool = False
    entered: bool = False
    polling: bool = False
    stopping: bool = False
    trouble: str = ""
    next_try_at: float = 0.0
    poll_due_at: float = math.inf
    hearing: Hearing = field(default_factory=Hearing)

    def polled(self, now: float, next_within_s: float) -> None:
        """A poll has succeeded.

        Args:
            now: The time.
            next_within_s: Seconds that may pass until the next one has.
        """
        self.polling, self.next_try_at = True, 0.0
        self.poll_due_at = now + next_within_s

    def failed(self, trouble: str, next_try_at: float = 0.0) -> None:
        """Something went wrong, and is tried again at this time, if that is known."""
        self.trouble, self.next_try_at = trouble, next_try_at

    def problems(self, now: float = -math.inf) -> list[str]:
        """Why the bot is not ready; empty if it is.

        Args:
            now: The time, in monotonic seconds; without it, nothing is overdue.
        """
        late_s = now - self.poll_due_at
        checks = (
            (self.logged_in, "not logged in"),
            (self.subscribed, "not subscribed"),
            (self.entered, "no contact-centre session"),
            (self.polling, "not polling"),
            (
                not self.polling or late_s <= _POLL_SLACK_S,
                f"not polling: an answer is {late_s:.0f} s overdue",
            ),
            (not self.stopping, "stopping"),
        )
        reasons = [reason for is_well, reason in checks if not is_well]
        if deaf := self.hearing.problem(now):
            reasons.append(deaf)
        return [*reasons, self._trouble(now)] if reasons and self.trouble else reasons

    def _trouble(self, now: float) -> str:
        left_s = self.next_try_at - now
        return f"{self.trouble}; next try in {left_s:.0f} s" if 0 < left_s < math.inf else self.trouble


def count(counter: Counter[str], key: str) -> None:
    """Count what anybody may name: beyond a hundred names all others are ``other``."""
    is_known = key in counter or len(counter) < _MOST_REASONS
    counter[key if is_known else "other"] += 1
