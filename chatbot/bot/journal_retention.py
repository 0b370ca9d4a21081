"""What is deleted from the journal: what was not touched for a long time.

Of the bots of this process only chats that have ended: however quiet a chat is, it may go on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

__all__ = ["FORGET", "Retention"]

_CHATS_AT_ONCE = 200

FORGET = (
    "DELETE FROM operation WHERE bot = ? AND chat = ?",
    "DELETE FROM memory WHERE bot = ? AND chat = ?",
    "DELETE FROM chat WHERE bot = ? AND chat = ?",
)
"""Everything of one chat."""

_ENDED = "SELECT bot, chat FROM chat WHERE phase = 'ended' AND at < ? ORDER BY at LIMIT ?"
_OF_BOT = "SELECT bot, chat FROM chat WHERE bot = ? AND at < ? LIMIT ?"
_INCIDENTS = "DELETE FROM incident WHERE at < ?"
# by the index, from name to name
_NEXT_CHATS = """
    SELECT DISTINCT bot, chat FROM operation WHERE (bot, chat) > (?, ?) ORDER BY bot, chat LIMIT ?
"""
_LOOSE = """
    DELETE FROM operation WHERE bot = ?1 AND chat = ?2 AND at < ?3
        AND NOT EXISTS (SELECT 1 FROM chat WHERE bot = ?1 AND chat = ?2)
"""
_NEXT_BOT = "SELECT min(bot) FROM chat WHERE bot > ?"
# the number of a run is the time when it began, or a little more
_GONE_BOTS = """
    SELECT name FROM bot WHERE run < ?
        AND NOT EXISTS (SELECT 1 FROM chat WHERE bot = name)
        AND NOT EXISTS (SELECT 1 FROM operation WHERE bot = name)
"""
_FORGET_BOT = ("DELETE FROM memory WHERE bot = ?", "DELETE FROM bot WHERE name = ?")

_Chat = tuple[str, str]
_FIRST: _Chat = ("", "")


class Retention:
    """Deletes in short steps, for others wait; those that follow each other go once through the journal.

    Args:
        since: When this process opened the journal, in seconds since the epoch.
    """

    def __init__(self, since: float) -> None:
        self._since = since
        self._last = _FIRST

    def step(self, db: sqlite3.Connection, before: float, bots: Collection[str]) -> bool:
        """Delete some of what was last touched before this time.

        Args:
            db: A connection, in a transaction.
            before: Seconds since the epoch.
            bots: The bots of this process.

        Returns:
            Whether there may be more.
        """
        db.execute(_INCIDENTS, (before,))
        chats = _chats(db, before, bots)
        for sql in FORGET:
            db.executemany(sql, chats)
        if len(chats) >= _CHATS_AT_ONCE or self._operations(db, before, bots):
            return True
        gone = [row for row in db.execute(_GONE_BOTS, (before,)).fetchall() if row[0] not in bots]
        for sql in _FORGET_BOT:
            db.executemany(sql, gone)
        return False

    def _operations(self, db: sqlite3.Connection, before: float, bots: Collection[str]) -> bool:
        """Look for operations without a chat in the next few names; whether there are more names."""
        chats = db.execute(_NEXT_CHATS, (*self._last, _CHATS_AT_ONCE)).fetchall()
        # a chat that has begun in this process may not have its row yet
        lately = min(before, self._since)
        limits = [lately if bot in bots and chat else before for bot, chat in chats]
        db.executemany(_LOOSE, [(*chat, limit) for chat, limit in zip(chats, limits, strict=True)])
        is_amid = len(chats) == _CHATS_AT_ONCE
        self._last = chats[-1] if is_amid else _FIRST
        return is_amid


def _chats(db: sqlite3.Connection, before: float, bots: Collection[str]) -> list[_Chat]:
    """Some that have ended, and some of bots that are not there any more."""
    chats: list[_Chat] = db.execute(_ENDED, (before, _CHATS_AT_ONCE)).fetchall()
    for bot in _all_bots(db):
        if bot not in bots:
            chats += db.execute(_OF_BOT, (bot, before, _CHATS_AT_ONCE)).fetchall()
    return chats


def _all_bots(db: sqlite3.Connection) -> Iterator[str]:
    """Whose chats there are: by the index, from name to name."""
    bot = ""
    while bot := db.execute(_NEXT_BOT, (bot,)).fetchone()[0]:
        yield bot
