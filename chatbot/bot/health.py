"""What a bot says of itself: whether it is ready and, if not, why; and what it has counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Counters", "Health"]


@dataclass(slots=True)
class Counters:
    """Counted since the process began. Rendered by the console; nothing here is reset.

    Attributes:
        events: Handed to plugins, by type.
        actions: Operations, by name and result.
        hook_failures: Hooks that raised or overran, by plugin.
        polls: That succeeded.
        troubles: Of the connection.
        sessions: CometD sessions begun.
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
    hook_failures: Counter[str] = field(default_factory=Counter)
    polls: int = 0
    troubles: int = 0
    sessions: int = 0
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
    """

    logged_in: bool = False
    subscribed: bool = False
    entered: bool = False
    polling: bool = False
    stopping: bool = False
    trouble: str = ""

    def problems(self) -> list[str]:
        """Why the bot is not ready; empty if it is."""
        checks = (
            (self.logged_in, "not logged in"),
            (self.subscribed, "not subscribed"),
            (self.entered, "no contact-centre session"),
            (self.polling, "not polling"),
            (not self.stopping, "stopping"),
        )
        reasons = [reason for is_well, reason in checks if not is_well]
        return [*reasons, self.trouble] if reasons and self.trouble else reasons
