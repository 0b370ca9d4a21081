"""Whether notifications tell what the server shows on request: a connection may be alive, and deaf.

Only what any server has to tell counts: a chat that is new in the list, and a customer's text that is new in
a transcript. Both have to be new since an earlier look in the same CometD session. Pure: time comes in as an
argument, in monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

__all__ = ["Hearing", "Remedy"]

Remedy = Literal["session", "login"]
"""What may help: a new CometD session, or a new login first."""

# How late a notification may be, to those who ask for it.
_GRACE_S = 6.0
# When rebuilding does not help, the next try comes so much later, and ever later up to this.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 30.0, 600.0
# Without anything unheard for so long since it was rebuilt, the connection hears.
_CLEAN_S = 60.0
# After so long without anything unheard, the pauses begin again.
_STABLE_S = 1800.0


class Hearing:
    """What was shown and not told, and what follows from it.

    Attributes:
        epoch: Counts the times after which something may have been missed for a known reason.
        deaf_since: When the first thing was found that was not told; None: the connection hears.
        rebuilt: How often it was rebuilt since it was last well for long.
        pause_s: How long the server, at its own wish, is not asked for news between two polls.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self.deaf_since: float | None = None
        self.rebuilt = 0
        self.pause_s = 0.0
        self._listed: set[str] | None = None
        self._read: set[str] = set()
        self._unheard: dict[str, tuple[float, str]] = {}
        self._proof = ""
        self._proven_at = 0.0
        self._rebuilt_at = 0.0
        self._is_overdue = False

    def interrupted(self) -> None:
        """A session has begun, or a poll has failed: what was not told before is no proof of anything."""
        self.epoch += 1
        self._listed = None
        self._read.clear()
        self._unheard.clear()

    def told(self, chat_ids: Iterable[str | None]) -> None:
        """A notification has come, about these chats."""
        for chat_id in chat_ids:
            self._unheard.pop(chat_id or "", None)
        self.deaf_since, self._is_overdue = None, False

    def listed(self, ids: set[str] | None, new: set[str], epoch: int, now: float) -> None:
        """The server has listed the chats.

        Args:
            ids: All of them; None if it leaves out chats that the bot has: a list for later looks it is not.
            new: Of these, the ones that nothing was heard of.
            epoch: When the server was asked.
            now: The time.
        """
        if epoch != self.epoch:
            return
        if self._listed is not None:
            for chat_id in new - self._listed:
                self._find(chat_id, "a new chat", now)
        self._listed = ids

    def shown(self, chat_id: str, *, is_news: bool, epoch: int, now: float) -> None:
        """The server has shown a transcript.

        Args:
            chat_id: Whose.
            is_news: It holds a customer's text that was not heard.
            epoch: When the server was asked.
            now: The time.
        """
        if epoch != self.epoch:
            return
        if is_news and chat_id in self._read:
            self._find(chat_id, "a customer's text", now)
        self._read.add(chat_id)

    def keep(self, ids: Collection[str]) -> None:
        """All other chats have ended."""
        self._read.intersection_update(ids)
        self._unheard = {chat_id: found for chat_id, found in self._unheard.items() if chat_id in ids}

    def _find(self, chat_id: str, what: str, now: float) -> None:
        self._unheard.setdefault(chat_id, (now, what))

    def overdue(self, now: float) -> list[str]:
        """What has not been told by now although there was time for it, each once."""
        grace_s = _GRACE_S + self.pause_s
        late = {chat: found for chat, found in self._unheard.items() if now - found[0] >= grace_s}
        for chat_id, (found_at, what) in late.items():
            del self._unheard[chat_id]
            self._proof = f"{what} (chat {chat_id})"
            if self.deaf_since is None:
                self.deaf_since = found_at
        if late:
            if now - self._proven_at >= _STABLE_S:
                self.rebuilt = 0
            self._proven_at, self._is_overdue = now, True
        elif self._is_clean(now):
            self.deaf_since = None
        return [f"{what} (chat {chat_id})" for chat_id, (_, what) in late.items()]

    def _is_clean(self, now: float) -> bool:
        return not self._is_overdue and now - max(self._proven_at, self._rebuilt_at) >= _CLEAN_S

    def remedy(self, now: float) -> Remedy | None:
        """What is to be done now; what is returned counts as done."""
        if not self._is_overdue or now < self._next_at:
            return None
        self._is_overdue, self._rebuilt_at = False, now
        self.rebuilt += 1
        return "session" if self.rebuilt == 1 else "login"

    @property
    def _next_at(self) -> float:
        """When it may be rebuilt again."""
        if not self.rebuilt:
            return 0.0
        pause_s: float = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self.rebuilt - 1, 16))
        return self._rebuilt_at + pause_s

    def problem(self, now: float) -> str:
        """Why the bot is not ready; empty if it hears."""
        if self.deaf_since is None:
            return ""
        text = f"deaf for {now - self.deaf_since:.0f} s: polls succeed, and {self._proof} was not told"
        if self.rebuilt:
            text += f"; rebuilt {'once' if self.rebuilt == 1 else f'{self.rebuilt} times'}"
        if self._is_overdue and self._next_at > now:
            text += f", next try in {self._next_at - now:.0f} s"
        return text
