import json
import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.cli.log import JsonLines, TextLines
from chatbot.hooks.loader import LoadedPlugin
from chatbot.hooks.manager import Occasion
from chatbot.model.actions import (
    Action,
    AddComment,
    AttachUserData,
    Complete,
    DeleteUserData,
    SendCustomNotice,
    SendCustomNoticeToAgents,
    SendMessage,
    SendToAgents,
    SetDisposition,
    Transfer,
    UpdateUserData,
)
from chatbot.model.errors import ConfigError
from tests.flow.stage import on_stage
from tests.hooks.stage import Stage, manager
from tests.plugins.stage import WHERE, load
from tests.told import told

CARD = "4111 1111 1111 1111"
log = logging.getLogger("chatbot.test")


async def guarded(action: Action, **table: Any) -> Action:
    """What is sent in its place."""
    stage = Stage()
    occasion = Occasion(stage.bot, stage.chat)
    return await manager(load("pii_guard", **table)).review(action, occasion, timeout_s=5)


HIDDEN: list[tuple[Action, Action]] = [
    (SendToAgents(text=f"he has {CARD}"), SendToAgents(text="he has [card]")),
    (SendCustomNoticeToAgents(notice_text=CARD), SendCustomNoticeToAgents(notice_text="[card]")),
    (AddComment(comment="a@b.example"), AddComment(comment="[email]")),
    (SetDisposition(disposition=CARD), SetDisposition(disposition="[card]")),
    (AttachUserData(user_data={"a": [CARD, 1]}), AttachUserData(user_data={"a": ["[card]", 1]})),
    (UpdateUserData(user_data={"a": {"b": CARD}}), UpdateUserData(user_data={"a": {"b": "[card]"}})),
]
SHOWN: list[Action] = [
    SendMessage(text=CARD),
    SendCustomNotice(notice_text=CARD),
    Transfer(queue_name="Support", text=CARD),
    Complete(text=CARD),
    DeleteUserData(keys=(CARD,)),
]


@pytest.mark.parametrize(("action", "expected"), HIDDEN)
async def test_notes_and_user_data_are_masked(action: Action, expected: Action) -> None:
    assert await guarded(action) == expected


@pytest.mark.parametrize("action", SHOWN)
async def test_what_customers_read_stays_as_it_is(action: Action) -> None:
    assert await guarded(action) is action


async def test_each_place_can_be_left_out() -> None:
    for action, expected in HIDDEN[:3]:
        assert await guarded(action, notes=False) == action
        assert await guarded(action, user_data=False) == expected
    for action, expected in HIDDEN[3:]:
        assert await guarded(action, user_data=False) == action
        assert await guarded(action, notes=False) == expected


async def test_kinds_patterns_and_keys_are_settings() -> None:
    action = UpdateUserData(user_data={"Phone": "+49 170 1234567", "n": "CUST-123456", "card": CARD})
    sent = await guarded(action, keep=["Phone"], patterns=[r"cust-\d{6}"], cards=False)
    assert sent == UpdateUserData(user_data={"Phone": "+49 170 1234567", "n": "[masked]", "card": CARD})


def test_wrong_settings_are_told() -> None:
    for table, expected in [
        ({"card": True}, "has no key 'card'\n  fix: rename card to cards"),
        ({"patterns": ["("]}, "patterns: '(' is not a regular expression: "),
    ]:
        with pytest.raises(ConfigError) as caught:
            load("pii_guard", **table)
        assert told(caught.value, WHERE).startswith(expected)


# the log


class Lines(logging.Handler):
    """What a formatter makes of what is logged."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[tuple[Lines, Lines]]:
    before = logging.getLogRecordFactory()
    handlers = Lines(TextLines()), Lines(JsonLines())
    for handler in handlers:
        logging.getLogger().addHandler(handler)
    yield handlers
    for handler in handlers:
        logging.getLogger().removeHandler(handler)
    logging.setLogRecordFactory(before)


def fails(words: str) -> None:
    try:
        int(words)
    except ValueError:
        log.exception("it %s", "failed")


async def life(hook: str, *plugins: LoadedPlugin) -> None:
    for plugin in plugins:
        result = await manager(plugin).call(hook, Occasion(Stage().bot), timeout_s=5)
        assert result.failed == []


async def test_every_line_is_masked_while_the_bot_runs_and_tracebacks_too(
    lines: tuple[Lines, Lines],
) -> None:
    guard = load("pii_guard")
    before = logging.getLogRecordFactory()
    await life("on_bot_started", guard)
    log.warning("card %s of %d", CARD, 2)
    fails(f"odd: {CARD}")
    logging.getLogger("other").error("plain %s", "line")
    await life("on_bot_stopping", guard)
    assert logging.getLogRecordFactory() is before
    for handler in lines:
        assert len(handler.lines) == 3
        assert "1111" not in "".join(handler.lines)
        assert "card [card] of 2" in handler.lines[0]
        assert "'odd: [card]'" in handler.lines[1]
        assert "plain line" in handler.lines[2]


async def test_what_holds_nothing_private_is_logged_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    guard = load("pii_guard")
    await life("on_bot_started", guard)
    fails("odd")
    await life("on_bot_stopping", guard)
    [record] = caplog.records
    assert (record.msg, record.args) == ("it %s", ("failed",))
    assert record.exc_info is not None


async def test_the_log_is_masked_as_long_as_one_bot_of_several_needs_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one, two = load("pii_guard"), load("pii_guard", patterns=["blue"])
    before = logging.getLogRecordFactory()
    await life("on_bot_started", one, two, one)  # a bot that is started again
    log.warning("blue %s", CARD)
    await life("on_bot_stopping", one)
    log.warning("blue %s", CARD)
    await life("on_bot_stopping", two, two)
    log.warning("blue")
    assert caplog.messages == ["[masked] [card]", "[masked] [card]", "blue"]
    assert logging.getLogRecordFactory() is before


async def test_another_factory_that_came_later_stays(caplog: pytest.LogCaptureFixture) -> None:
    guard = load("pii_guard")
    before = logging.getLogRecordFactory()
    await life("on_bot_started", guard)
    ours = logging.getLogRecordFactory()
    try:
        logging.setLogRecordFactory(later := partial(ours))
        await life("on_bot_stopping", guard)
        assert logging.getLogRecordFactory() is later
        log.warning(CARD)
        assert caplog.messages == [CARD]
    finally:
        logging.setLogRecordFactory(before)


async def test_whoever_logs_never_pays_and_what_cannot_be_masked_is_not_logged(
    lines: tuple[Lines, Lines],
) -> None:
    class Odd:
        def __str__(self) -> str:
            raise ZeroDivisionError

    guard = load("pii_guard")
    await life("on_bot_started", guard)
    log.warning("%s %s", CARD, Odd())
    log.warning("too few %s %s", CARD)  # noqa: PLE1206 (that is the mistake)
    await life("on_bot_stopping", guard)
    for handler in lines:
        assert len(handler.lines) == 2
        assert all("a line of the log could not be masked" in line for line in handler.lines)


async def test_the_log_can_be_left_alone() -> None:
    before = logging.getLogRecordFactory()
    guard = load("pii_guard", logs=False)
    await life("on_bot_started", guard)
    assert logging.getLogRecordFactory() is before
    await life("on_bot_stopping", guard)


# the whole way


class Careless:
    """Tells everybody everything."""

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str:
        log.info("heard %s", event.text)
        await chat.update_user_data({"Said": event.text})
        return f"You said {event.text}"


async def test_the_customer_reads_what_was_said_and_nobody_else_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="chatbot.test")
    guard = load("pii_guard").hooks
    async with on_stage(Careless(), guard) as stage, stage.customer() as ana:
        await ana.says(f"my card is {CARD}")
        await ana.hears(f"You said my card is {CARD}")
        chat = stage.simulator.world.chats()[0]
        assert json.dumps(chat.user_data).count("my card is [card]") == 1
    assert "heard my card is [card]" in caplog.messages
    assert CARD not in "".join(m for m in caplog.messages if "heard" in m)
