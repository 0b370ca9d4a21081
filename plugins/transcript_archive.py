"""Keeps what was said in each chat as a file of JSON lines, with everything private hidden.

Settings::

    [bots.NAME.plugin.transcript_archive]
    folder = "/var/lib/chatbot/transcripts"    # absolute; made if it is not there
    when = ["ended"]                  # when a file is written: "ended", "saved" (by the server), or both

    [bots.NAME.plugin.transcript_archive.mask]      # what is hidden; all of these are, unless told otherwise
    cards = true
    ibans = true
    emails = true
    phones = true
    patterns = ['CUST-[0-9]+']

A file is named after bot and chat, and readable only by its owner. Each line of it is one line of the
transcript: index, time, type, visibility, who said it, and the text. A file is replaced as a whole, and
keeps what it held: nothing is lost or doubled if it is written twice, as after a crash.

Servers may show no transcript of a chat that has ended. So it is read while the chat is still there too: when
the customer leaves, when the server has stored it, and before the bot leaves or hands the chat on.
"""

import json
import logging
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, field_validator

from chatbot import (
    Chat,
    ChatEnded,
    ChatResumed,
    Event,
    ParticipantLeft,
    TranscriptSaved,
    WireError,
    hookimpl,
)
from chatbot.model.actions import Action
from chatbot.model.events import TranscriptEvent
from chatbot.model.masking import Masker

log = logging.getLogger("chatbot.plugins.transcript_archive")

_LONGEST_NAME = 150
_MOST_LINES = 20_000

Lines = dict[int, dict[str, Any]]


class Archive:
    """The plugin."""

    class Settings(BaseModel):
        """Where to, when, and what is hidden."""

        model_config = ConfigDict(extra="forbid")

        folder: Path = Field(examples=[f"{gettempdir()}/transcripts"])
        when: tuple[Literal["ended", "saved"], ...] = Field(("ended",), min_length=1)
        mask: Masker = Masker()

        @field_validator("folder")
        @classmethod
        def _can_be_written(cls, value: Path) -> Path:
            if not value.is_absolute():
                raise ValueError(
                    f"{str(value)!r} is not absolute: a plugin does not know where bots.toml stands"
                )
            there = next(place for place in (value, *value.parents) if os.path.lexists(place))
            if not there.is_dir():
                raise ValueError(f"{str(value)!r} cannot be made: {str(there)!r} is no folder")
            if not os.access(there, os.W_OK | os.X_OK):
                raise ValueError(f"{str(value)!r} cannot be written: no permission in {str(there)!r}")
            return value

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._heard: dict[str, Lines] = {}

    # what was said

    @hookimpl
    async def on_event(self, chat: Chat | None, event: Event) -> None:
        """Take each line, and read the transcript where it may soon be gone."""
        if chat is None:
            return
        if isinstance(event, TranscriptEvent):
            self._take(chat.id, [event])
        if isinstance(event, ParticipantLeft | TranscriptSaved | ChatEnded | ChatResumed):
            await self._read(chat)

    @hookimpl
    async def on_action(self, chat: Chat, action: Action) -> None:
        """Read the transcript before the bot takes its leave. What goes wrong here must not keep it."""
        if action.ends:
            await self._read(chat)

    async def _read(self, chat: Chat) -> None:
        try:
            self._take(chat.id, await chat.messages())
        except WireError as error:
            log.debug("chat %s: the transcript cannot be read now: %s", chat.id, error)

    def _take(self, chat_id: str, lines: Iterable[TranscriptEvent]) -> None:
        heard = self._heard.setdefault(chat_id, {})
        for line in lines:
            if line.index is not None and line.index >= 0 and len(heard) < _MOST_LINES:
                heard[line.index] = self._written(line)

    def _written(self, line: TranscriptEvent) -> dict[str, Any]:
        texts = (getattr(line, name, "") for name in ("text", "url", "notice_text"))
        mask = self._settings.mask
        return {
            "index": line.index,
            "time": line.timestamp.isoformat() if line.timestamp else None,
            "type": type(line).__name__,
            "visibility": str(line.visibility),
            "sender": mask.text(line.sender.nickname),
            "sender_type": str(line.sender.type),
            "text": mask.text(next(filter(None, texts), "")),
        }

    # the file; these hooks are no coroutines, so that they run in a thread and the disk holds up nobody

    @hookimpl
    def on_transcript_saved(self, chat: Chat, event: TranscriptSaved) -> None:
        """Write what is known so far."""
        if "saved" in self._settings.when:
            self._write(event.bot, chat.id, self._heard.get(chat.id, {}))

    @hookimpl
    def on_chat_ended(self, chat: Chat, event: ChatEnded) -> None:
        """Write it all."""
        lines = self._heard.pop(chat.id, {})
        if "ended" in self._settings.when:
            self._write(event.bot, chat.id, lines)

    def _write(self, bot: str, chat_id: str, lines: Lines) -> None:
        path = self._settings.folder / _file_name(bot, chat_id)
        lines = {**_earlier(path), **lines}
        if not lines:
            log.warning("chat %s: nothing is known of what was said: no file is written", chat_id)
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, "".join(f"{json.dumps(lines[index])}\n" for index in sorted(lines)))


def _file_name(bot: str, chat_id: str) -> str:
    """A name that leads nowhere else, whatever stands in an id; a dot ends the bot's name."""
    name = f"{quote(bot, safe='').replace('.', '%2E')}.{quote(chat_id, safe='', errors='replace')}"
    if len(name) > _LONGEST_NAME:
        digest = sha256(f"{bot}/{chat_id}".encode(errors="replace")).hexdigest()
        name = f"{name[:_LONGEST_NAME]}-{digest[:16]}"
    return f"{name}.jsonl"


def _earlier(path: Path) -> Lines:
    """What an earlier run, or an earlier visit to the chat, has left."""
    try:
        return dict(_read_lines(path.read_text()))
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError):
        log.warning("%s is damaged: it is written anew", path)
        return {}


def _read_lines(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for written in text.splitlines():
        line = json.loads(written)
        yield int(line["index"]), line


def _replace(path: Path, text: str) -> None:
    """Either the old file or the new one is there, at any moment."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # of a process that was killed
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
