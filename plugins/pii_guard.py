r"""Hides what is private in notes for agents, in user data and in the log. Customers read what was said.

Settings::

    [bots.NAME.plugin.pii_guard]
    cards = true                      # card numbers, by their check digit
    ibans = true                      # account numbers, by their check digits
    emails = true                     # e-mail addresses
    phones = true                     # telephone numbers
    patterns = ['CUST-\d{6}']          # and what these regular expressions find, whatever its case
    notes = true                      # in what only agents read: texts, notices, comments
    user_data = true                  # in what is attached to the chat, and its disposition
    keep = ["CallbackNumber"]         # these keys of the user data stay as they are
    logs = true                       # in every line that this process logs while the bot runs

It looks at each operation before it is sent, also at those of other plugins: list it last, so that nobody
changes a text after it. If it fails, the operation is not sent.

The log is that of the whole process: the lines of other bots are masked too, and tracebacks. What was
logged before the bot was ready, and after it begins to stop, is not masked.
"""

import logging
from collections.abc import Callable
from typing import Any

from chatbot import hookimpl
from chatbot.model.actions import (
    Action,
    AddComment,
    AttachUserData,
    SendCustomNoticeToAgents,
    SendToAgents,
    SetDisposition,
    UpdateUserData,
)
from chatbot.model.masking import Masker

_FORMATTER = logging.Formatter()


class MaskedRecords:
    """Makes log records without what is private: a record factory of ``logging``.

    There is one at a time in a process; it knows the bots that need it, and goes with the last of them.

    Args:
        inner: The factory that was there before.

    Attributes:
        inner: The same.
        maskers: One for each bot that runs.
    """

    def __init__(self, inner: Callable[..., logging.LogRecord]) -> None:
        self.inner = inner
        self.maskers: list[Masker] = []

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """The record. Never raises: what cannot be masked is not logged."""
        record = self.inner(*args, **kwargs)
        try:
            self._mask(record)
        except Exception:  # noqa: BLE001 (whoever logs must not pay; and better no words than private ones)
            record.msg, record.args = "a line of the log could not be masked", None
            record.exc_info = record.exc_text = record.stack_info = None
        return record

    def _mask(self, record: logging.LogRecord) -> None:
        plain = record.getMessage()
        masked = self._masked(plain)
        if masked != plain:
            record.msg, record.args = masked, None
        if record.exc_info:
            plain = _FORMATTER.formatException(record.exc_info)
            masked = self._masked(plain)
            if masked != plain:
                # formatters take the text where there is one
                record.exc_info, record.exc_text = None, masked

    def _masked(self, text: str) -> str:
        for masker in tuple(self.maskers):
            text = masker.text(text)
        return text


class PiiGuard:
    """The plugin."""

    class Settings(Masker):
        """What is private, and where."""

        notes: bool = True
        user_data: bool = True
        keep: tuple[str, ...] = ()
        logs: bool = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._records: MaskedRecords | None = None

    @hookimpl(trylast=True)
    async def on_action(self, action: Action) -> Action | None:
        """The same with everything private hidden."""
        update = {**self._in_notes(action), **self._in_data(action)}
        return action.model_copy(update=update) if update else None

    def _in_notes(self, action: Action) -> dict[str, Any]:
        if not self._settings.notes:
            return {}
        match action:
            case SendToAgents(text=text):
                return {"text": self._settings.text(text)}
            case SendCustomNoticeToAgents(notice_text=text):
                return {"notice_text": self._settings.text(text)}
            case AddComment(comment=text):
                return {"comment": self._settings.text(text)}
            case _:
                return {}

    def _in_data(self, action: Action) -> dict[str, Any]:
        if not self._settings.user_data:
            return {}
        match action:
            case AttachUserData(user_data=data) | UpdateUserData(user_data=data):
                return {"user_data": {key: self._pair(key, value) for key, value in data.items()}}
            case SetDisposition(disposition=text):
                return {"disposition": self._settings.text(text)}
            case _:
                return {}

    def _pair(self, key: str, value: Any) -> Any:
        return value if key in self._settings.keep else self._settings.value(value)

    @hookimpl(tryfirst=True)
    async def on_bot_started(self) -> None:
        """Mask what is logged from now on."""
        if not self._settings.logs or self._records is not None:
            return
        current = logging.getLogRecordFactory()
        self._records = current if isinstance(current, MaskedRecords) else MaskedRecords(current)
        self._records.maskers.append(self._settings)
        logging.setLogRecordFactory(self._records)

    @hookimpl(trylast=True)
    async def on_bot_stopping(self) -> None:
        """No more for this bot; the last one leaves the log as it was."""
        records, self._records = self._records, None
        if records is None:
            return
        # equal settings of another bot do as well
        records.maskers.remove(self._settings)
        if not records.maskers and logging.getLogRecordFactory() is records:
            logging.setLogRecordFactory(records.inner)
