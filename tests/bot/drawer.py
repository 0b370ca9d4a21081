"""A journal in memory that outlives the bots that write into it."""

import asyncio
import json
from collections.abc import Awaitable
from typing import TypeVar

from chatbot.bot.journal import (
    Checkpoint,
    Forget,
    Incident,
    Key,
    Memory,
    OperationRecord,
    Record,
    Saved,
    SavedChat,
)

R = TypeVar("R", OperationRecord, Checkpoint, Memory, Incident, Forget)


class Drawer:
    """What is durable, and what is still on its way there.

    ``units`` holds every unit that became durable, in order.
    """

    def __init__(self) -> None:
        self.units: list[tuple[Record, ...]] = []
        self.run = 0
        self._is_held = False
        self._is_dead = False
        self._waiting: list[tuple[tuple[Record, ...], asyncio.Future[None]]] = []
        self._checkpoints: dict[str, Checkpoint] = {}
        self._operations: dict[Key, OperationRecord] = {}
        self._memories: dict[str, str] = {}

    # the port

    def put(self, *records: Record) -> Awaitable[None]:
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((records, written))
        if not self._is_held and not self._is_dead:
            self._write()
        return written

    async def load(self) -> Saved:
        self._is_dead = self._is_held = False
        self._waiting.clear()
        self.run += 1
        chats = {key: SavedChat(it) for key, it in self._checkpoints.items() if it.phase != "ended"}
        for operation in self._operations.values():
            if operation.key.chat_id in chats:
                chats[operation.key.chat_id].operations.append(operation)
        for key, chat in chats.items():
            chat.memory = json.loads(self._memories.get(key, "{}"))
        return Saved(self.run, chats, json.loads(self._memories.get("", "{}")))

    # what a test does

    def hold(self) -> None:
        """The disk is busy: nothing becomes durable until ``let_go``."""
        self._is_held = True

    def let_go(self) -> None:
        self._is_held = False
        self._write()

    def die(self) -> None:
        """What is not durable yet never will be; only the next ``load`` ends that."""
        self._is_dead = True
        self._waiting.clear()

    def all(self, kind: type[R]) -> list[R]:
        """The records of a kind, as they came."""
        return [record for unit in self.units for record in unit if isinstance(record, kind)]

    def states(self, operation: str = "SendMessage") -> list[str]:
        """How operations of a name went on, in order."""
        return [record.state for record in self.all(OperationRecord) if record.operation == operation]

    def fates(self) -> list[tuple[str, str]]:
        """What has become of each operation."""
        return [(record.operation, record.state) for record in self._operations.values()]

    def checkpoint(self, chat: str = "c1") -> Checkpoint:
        return self._checkpoints[chat]

    def incidents(self) -> list[tuple[str, str]]:
        return [(record.kind, record.detail) for record in self.all(Incident)]

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        for records, written in waiting:
            if records:
                self.units.append(records)
            for record in records:
                self._apply(record)
            if not written.done():
                written.set_result(None)

    def _apply(self, record: Record) -> None:
        match record:
            case OperationRecord(key=key):
                self._operations[key] = record
            case Checkpoint(chat_id=chat_id):
                self._checkpoints[chat_id] = record
            case Memory(chat_id=chat_id, values=values):
                self._memories[chat_id] = values
            case Forget(chat_id=chat_id):
                self._checkpoints.pop(chat_id, None)
                self._memories.pop(chat_id, None)
                self._operations = {key: it for key, it in self._operations.items() if key.chat_id != chat_id}
            case Incident():
                pass
