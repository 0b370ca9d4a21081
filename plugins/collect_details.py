r"""Asks the customer for details one by one, as a form does, and puts the answers into the user data.

Settings::

    [bots.NAME.plugin.collect_details]
    start = "keywords"                # or "chat": as soon as the chat starts
    keywords = ["callback", "return"]    # any of these words begins the form, whatever their case
    retry = "I did not understand that."    # said before the question is asked again
    retries = 2                       # how often a question is asked again
    timeout = 120.0                   # seconds for each answer
    skip = ["skip"]                   # words that leave out an optional field
    stop = ["stop", "cancel"]         # words that end the form
    stopped = "All right, let us leave it at that."    # said then; "" for nothing
    confirm = "I have noted: {summary}. Is that right?"    # default "": nothing is confirmed
    yes = ["yes", "right", "correct"]
    no = ["no", "wrong"]              # then all is asked again
    done = "Thank you, I have noted that."    # "" for nothing
    give_up = "Let us leave it at that."    # said when there is no answer that fits; "" for nothing
    # queue = "Support"               # where the chat goes then; or target = "..."; default: it stays

    [[bots.NAME.plugin.collect_details.fields]]
    key = "OrderNumber"               # of the user data
    question = "What is your order number?"
    pattern = '\d{6}'                 # a regular expression, whatever the case; a group is what is kept
    retry = "An order number has six digits."    # said in place of the one above and the question

    [[bots.NAME.plugin.collect_details.fields]]
    key = "Email"
    question = "Which e-mail address may we write to? You may skip this."
    kind = "email"                    # "number", "date", "phone"; default "text": anything
    optional = true
    retries = 1                       # and timeout: other than above

Each answer goes into the user data at once, so that a human who takes over sees what is there: numbers as
``-1.5``, dates as ``2026-12-31`` (that, or ``31.12.2026``, is how a customer may write them), telephone
numbers as digits. An optional field is left out after a word of ``skip``, or if no answer fits.

While the form is asked, what the customer says comes here and to no other plugin; words of ``stop`` lead out
of it, so name there what your other plugins listen for, such as "agent". If no answer comes, or none that
fits, the form ends, and what was answered stays: begun again, it goes on with the first missing field, as it
does by itself after a restart. A human agent who joins ends it.
"""

import logging
import re
from collections.abc import Callable
from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict

from chatbot import ActionError, Chat, ChatbotError, TextReceived, Visibility, hookimpl

log = logging.getLogger("chatbot.plugins.collect_details")

_FORM = "collect_details.form"
# A pattern of bots.toml may be slow on a long text, and user data has its bounds.
_LONGEST = 1000
_MOST_ROUNDS = 3
_DATES = (
    re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?!\d)", re.ASCII),
    re.compile(r"(?<!\d)(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})(?!\d)", re.ASCII),
)
_PHONE_DIGITS = range(6, 16)


def _email(text: str) -> str | None:
    found = re.search(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,63}\b", text, re.ASCII | re.IGNORECASE)
    return found[0] if found else None


def _number(text: str) -> str | None:
    found = re.search(r"(?<![\w.,])-?\d+(?:[.,]\d+)?(?![\w,]|\.\d)", text, re.ASCII)
    return found[0].replace(",", ".") if found else None


def _date(text: str) -> str | None:
    for form in _DATES:
        if found := form.search(text):
            try:
                return date(*(int(found[part]) for part in ("year", "month", "day"))).isoformat()
            except ValueError:
                return None
    return None


def _phone(text: str) -> str | None:
    found = re.search(r"(?<!\w)\+?\(?\d[\d\s()/.-]*", text, re.ASCII)
    digits = re.sub(r"\D", "", found[0]) if found else ""
    plus = "+" if found and found[0].startswith("+") else ""
    return plus + digits if len(digits) in _PHONE_DIGITS else None


def _text(text: str) -> str | None:
    return text.strip() or None


_KINDS: dict[str, Callable[[str], str | None]] = {
    "text": _text,
    "email": _email,
    "number": _number,
    "date": _date,
    "phone": _phone,
}


class Detail(BaseModel):
    """One question, and what counts as its answer."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1)
    question: str = Field(min_length=1)
    kind: Literal["text", "email", "number", "date", "phone"] = "text"
    pattern: str | None = Field(None, min_length=1)
    retry: str | None = Field(None, min_length=1)
    retries: int | None = Field(None, ge=0, le=20)
    timeout: float | None = Field(None, gt=0, allow_inf_nan=False)
    optional: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> Self:
        if self.pattern is None:
            return self
        if self.kind != "text":
            raise ValueError("give a pattern or a kind, not both")
        try:
            re.compile(self.pattern)
        except re.error as exc:
            raise ValueError(f"pattern: not a regular expression: {exc}") from exc
        return self

    def find(self, text: str) -> str | None:
        """The answer in a text; None if there is none."""
        if self.pattern is None:
            return _KINDS[self.kind](text[:_LONGEST])
        found = re.search(self.pattern, text[:_LONGEST], re.IGNORECASE)
        if found is None:
            return None
        return next((group for group in found.groups() if group), found[0]) or None


_EXAMPLE: JsonDict = {
    "fields": [{"key": "Email", "question": "Your e-mail address?", "kind": "email"}],
    "start": "chat",
}


class Settings(BaseModel):
    """What to ask, when, and what to say meanwhile."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    fields: tuple[Detail, ...] = Field(min_length=1)
    start: Literal["keywords", "chat"] = "keywords"
    keywords: tuple[str, ...] = ()
    retry: str = "I did not understand that."
    retries: int = Field(2, ge=0, le=20)
    timeout: float = Field(120.0, gt=0, allow_inf_nan=False)
    skip: tuple[str, ...] = ("skip",)
    stop: tuple[str, ...] = ("stop", "cancel")
    stopped: str = "All right, let us leave it at that."
    confirm: str = ""
    yes: tuple[str, ...] = ("yes", "yeah", "yep", "right", "correct")
    no: tuple[str, ...] = ("no", "nope", "wrong")
    done: str = "Thank you, I have noted that."
    give_up: str = "Let us leave it at that."
    queue: str | None = None
    target: str | None = None

    @field_validator("fields")
    @classmethod
    def _each_has_its_key(cls, value: tuple[Detail, ...]) -> tuple[Detail, ...]:
        keys = [field.key for field in value]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"two fields have the key {key!r}: one answer would replace the other")
        return value

    @model_validator(mode="after")
    def _begins_somehow(self) -> Self:
        if (self.start == "keywords") != bool(self.keywords):
            raise ValueError('start = "keywords" needs keywords; start = "chat" takes none')
        if self.queue is not None and self.target is not None:
            raise ValueError("give a queue or a target, not both")
        return self

    def begins(self, text: str, *, has_begun: bool) -> bool:
        """Whether this text of the customer begins the form."""
        if self.start == "chat":
            return not has_begun
        return not {word.lower() for word in self.keywords}.isdisjoint(_words(text))


class _NoAnswer(Exception):
    """There is no answer that fits."""


class _Stopped(Exception):
    """The customer wants no more questions."""


class _Form:
    """The form in one chat; what was answered is kept in its memory."""

    def __init__(self, chat: Chat, settings: Settings) -> None:
        self._chat = chat
        self._settings = settings
        kept = chat.memory.get(_FORM, {})
        self._answers: dict[str, str | None] = {} if kept.get("is_done") else dict(kept.get("answers", {}))

    async def fill(self, *, is_answered: bool) -> None:
        """Ask for what is missing, until all is there and confirmed.

        Args:
            is_answered: The first question was asked already, and the customer has said something since.
        """
        self.keep(is_open=True)
        for _ in range(_MOST_ROUNDS):
            for field in self._settings.fields:
                if field.key not in self._answers:
                    await self._take(field, await self._ask(field, is_answered=is_answered))
                    is_answered = False
            if not self._settings.confirm or await self._is_confirmed(is_answered=is_answered):
                self.keep(is_open=False, is_done=True)
                return
            self._answers, is_answered = {}, False
            self.keep(is_open=True)
        raise _NoAnswer

    def keep(self, *, is_open: bool, is_done: bool = False) -> None:
        """Have it survive a restart."""
        self._chat.memory[_FORM] = {"answers": self._answers, "is_open": is_open, "is_done": is_done}

    async def _take(self, field: Detail, answer: str | None) -> None:
        self._answers[field.key] = answer
        self.keep(is_open=True)
        given = {key: value for key, value in self._answers.items() if value is not None}
        try:
            # what was refused before comes again
            if given:
                await self._chat.update_user_data(given)
        except ActionError as error:
            log.warning("chat %s: details are not in the user data: %s", self._chat.id, error)

    async def _ask(self, field: Detail, *, is_answered: bool) -> str | None:
        """The answer; None if the field is left out."""
        settings = self._settings
        retries = settings.retries if field.retries is None else field.retries
        timeout_s = field.timeout or settings.timeout
        question = None if is_answered else field.question
        for _ in range(retries + 1):
            text = await self._next(question, timeout_s)
            if field.optional and _is_one_of(settings.skip, text):
                return None
            if (answer := field.find(text)) is not None:
                return answer
            question = field.retry or f"{settings.retry} {field.question}".strip()
        if field.optional:
            return None
        raise _NoAnswer

    async def _is_confirmed(self, *, is_answered: bool) -> bool:
        settings = self._settings
        summary = ", ".join(f"{key}: {value}" for key, value in self._answers.items() if value is not None)
        question = settings.confirm.replace("{summary}", summary)
        asked = None if is_answered else question
        for _ in range(settings.retries + 1):
            first = _words(await self._next(asked, settings.timeout))[:1]
            if first and first[0] in _lower(settings.yes):
                return True
            if first and first[0] in _lower(settings.no):
                return False
            asked = f"{settings.retry} {question}".strip()
        raise _NoAnswer

    async def _next(self, question: str | None, timeout_s: float) -> str:
        """What the customer says to this."""
        if question is None:
            event = await self._chat.wait_for(TextReceived, where=_is_of_customer, timeout=timeout_s)
            text = event.text
        else:
            text = await self._chat.ask(question, timeout=timeout_s)
        if _is_one_of(self._settings.stop, text):
            raise _Stopped
        return text


@hookimpl
async def on_chat_started(chat: Chat, settings: Settings) -> None:
    """Begin, if the customer has not said anything yet that is no answer to this."""
    if settings.start == "chat" and not any(_is_of_customer(line) for line in await _texts(chat)):
        await _run(chat, settings)


@hookimpl
async def on_text(chat: Chat, event: TextReceived, settings: Settings) -> bool | None:
    """Begin when it is asked for, or at the first text."""
    if not event.sender.is_customer or not settings.begins(event.text, has_begun=_FORM in chat.memory):
        return None
    await _run(chat, settings)
    return True


@hookimpl
async def on_chat_resumed(chat: Chat, settings: Settings) -> None:
    """Go on with the first question that has no answer; it is not asked again if one is on its way."""
    if chat.memory.get(_FORM, {}).get("is_open"):
        last = (await _texts(chat))[-1:]
        await _run(chat, settings, is_answered=any(_is_of_customer(line) for line in last))


@hookimpl
async def on_takeover(chat: Chat) -> None:
    """What is missing, the human asks for. A form that goes on all the same opens itself again."""
    _close(chat)


def _close(chat: Chat) -> None:
    if _FORM in chat.memory:
        chat.memory[_FORM] = {**chat.memory[_FORM], "is_open": False}


async def _run(chat: Chat, settings: Settings, *, is_answered: bool = False) -> None:
    try:
        await _fill(chat, settings, is_answered=is_answered)
    except ActionError as error:
        _close(chat)
        log.info("chat %s: the form has come to no end: %s", chat.id, error)


async def _fill(chat: Chat, settings: Settings, *, is_answered: bool) -> None:
    text = settings.done
    try:
        await _Form(chat, settings).fill(is_answered=is_answered)
    except _Stopped:
        _close(chat)
        text = settings.stopped
    except (_NoAnswer, TimeoutError) as error:
        _close(chat)
        log.info("chat %s: the form has come to no end: %s", chat.id, str(error) or "no answer fits")
        text = "" if await _is_handed_on(chat, settings) else settings.give_up
    if text:
        await chat.send_text(text)


async def _is_handed_on(chat: Chat, settings: Settings) -> bool:
    if settings.queue is None and settings.target is None:
        return False
    try:
        await chat.transfer(queue=settings.queue, target=settings.target, text=settings.give_up or None)
    except ActionError as error:
        log.warning("chat %s cannot be transferred: %s", chat.id, error)
        return False
    return True


async def _texts(chat: Chat) -> list[TextReceived]:
    """What all can read."""
    try:
        lines = await chat.messages()
    except ChatbotError as error:
        log.debug("the transcript cannot be read: %s", error)
        return []
    return [line for line in lines if isinstance(line, TextReceived) and line.visibility is Visibility.ALL]


def _is_of_customer(line: TextReceived) -> bool:
    return line.sender.is_customer and line.visibility is Visibility.ALL


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _lower(words: tuple[str, ...]) -> set[str]:
    return {word.lower() for word in words}


def _is_one_of(words: tuple[str, ...], text: str) -> bool:
    return any(_words(word) == _words(text) for word in words)
