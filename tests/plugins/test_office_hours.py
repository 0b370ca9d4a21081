from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chatbot import ActionError, ChatStarted, NotAllowed, Participant, Refused, TextReceived
from chatbot.model.actions import Action, Complete, SendMessage, Transfer
from chatbot.model.errors import ConfigError
from chatbot.model.words import ParticipantType
from tests import told as findings
from tests.flow.stage import on_stage
from tests.hooks.stage import ANA, ME, Stage, answering, hooks, loaded, manager
from tests.plugins.stage import WHERE, load, with_settings

WEEK = {"mon": ["08:00-12:00", "13:00-18:00"], "fri": ["22:00-02:00"], "sat": ["20:00-24:00"]}
TABLE: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "hours": WEEK,
    "text": "Closed.",
    "holidays": ["2026-01-05", "12-25"],
}
CLOSED = datetime(2026, 1, 12, 20, tzinfo=UTC)  # a Monday, 21:00 in Berlin
SAID = SendMessage(text="Closed.")
NO = NotAllowed("Transfer", needed="Transfer", have=(), reason="no")


def at(moment: datetime = CLOSED, text: str = "hi", **fields: Any) -> TextReceived:
    about = {"bot": "concierge", "chat_id": "A", "index": 1, "sender": ANA, **fields}
    return TextReceived(text=text, received_at=moment, **about)


async def told(*events: TextReceived | ChatStarted, **table: Any) -> list[Action]:
    """What is done about these events of one chat."""
    stage, plugins = Stage(), manager(load("office_hours", **{**TABLE, **table}))
    for event in events:
        await stage.call(plugins, event)
    return stage.sent


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2026-01-12 07:59", False),
        ("2026-01-12 08:00", True),
        ("2026-01-12 11:59", True),
        ("2026-01-12 12:00", False),
        ("2026-01-12 12:59", False),
        ("2026-01-12 13:00", True),
        ("2026-01-12 18:00", False),
        ("2026-01-13 09:00", False),  # a Tuesday
        ("2026-01-05 09:00", False),  # a holiday, this year
        ("2027-01-04 09:00", True),
        ("2026-01-16 21:59", False),
        ("2026-01-16 22:00", True),
        ("2026-01-17 01:59", True),
        ("2026-01-17 02:00", False),
        ("2026-01-17 23:59", True),  # until midnight
        ("2026-01-18 00:00", False),
        ("2026-12-25 23:00", False),  # a holiday, each year
        ("2026-12-26 01:00", False),  # what begins on a holiday is none
        ("2026-07-06 08:00", True),  # in summer time
        ("2026-07-06 07:59", False),
    ],
)
async def test_hours_are_those_of_the_place_and_the_day(local: str, is_open: bool) -> None:  # noqa: FBT001
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert await told(at(moment)) == ([] if is_open else [SAID])


async def test_a_night_that_begins_before_a_holiday_goes_on_into_it() -> None:
    night = datetime(2026, 1, 17, 0, tzinfo=UTC)  # a Saturday, 01:00 in Berlin
    assert await told(at(night), holidays=["2026-01-17"]) == []
    assert await told(at(night), holidays=["2026-01-16"]) == [SAID]


async def test_it_is_said_once_and_later_plugins_may_answer() -> None:
    log: list[str] = []
    stage = Stage()
    other = loaded("faq", hooks(on_text=answering(None, log, "faq")))
    plugins = manager(load("office_hours", **TABLE), other)
    for _ in "12":
        await stage.call(plugins, at())
    assert (stage.sent, log) == ([SAID], ["faq", "faq"])


async def test_it_may_be_the_answer_to_each_text() -> None:
    log: list[str] = []
    stage = Stage()
    other = loaded("faq", hooks(on_text=answering(None, log, "faq")))
    plugins = manager(load("office_hours", **TABLE, say="each_text"), other)
    for _ in "12":
        assert (await stage.call(plugins, at())).handled
    assert (stage.sent, log) == ([SAID, SAID], [])


async def test_it_may_be_said_when_the_chat_starts_and_only_then() -> None:
    started = ChatStarted(bot="concierge", chat_id="A", received_at=CLOSED)
    assert await told(started, at(), say="start") == [SAID]
    assert await told(started, at()) == [SAID]
    assert await told(started) == []
    in_time = started.model_copy(update={"received_at": datetime(2026, 1, 12, 9, tzinfo=UTC)})
    assert await told(in_time, say="start") == []


@pytest.mark.parametrize(
    ("table", "action"),
    [
        ({"then": "transfer", "queue": "Night"}, Transfer(queue_name="Night", text="Closed.")),
        ({"then": "transfer", "target": "agent:x"}, Transfer(target_uri="agent:x", text="Closed.")),
        ({"then": "complete"}, Complete(text="Closed.")),
    ],
)
async def test_the_chat_may_be_handed_on_or_ended(table: dict[str, Any], action: Action) -> None:
    stage = Stage()
    plugins = manager(load("office_hours", **TABLE, **table))
    assert (await stage.call(plugins, at())).handled
    assert stage.sent == [action]


@pytest.mark.parametrize("error", [NO, Refused("no", action="Transfer", status=6)])
async def test_if_that_is_not_possible_the_customer_is_at_least_told(
    error: ActionError, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    stage.sender.refused[Transfer] = error
    plugins = manager(load("office_hours", **TABLE, then="transfer", queue="Night"))
    result = await stage.call(plugins, at())
    assert (stage.sent, result.failed) == ([SAID], [])
    assert caplog.messages == [f"a chat outside the office hours stays: {error}"]


async def test_only_customers_are_told() -> None:
    assert await told(at(sender=ME)) == []


def test_dates_may_be_written_as_toml_writes_them() -> None:
    load("office_hours", **{**TABLE, "holidays": [date(2026, 1, 5), "02-29"]})


NEEDS = 'then = "transfer" needs exactly one of queue and target; nothing else takes them'


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            {"time_zone": "Mars/Olympus"},
            "time_zone: 'Mars/Olympus' is not known here: expected a name such as",
        ),
        ({"time_zone": "../etc/passwd"}, "time_zone: '../etc/passwd' is not known here"),
        ({"time_zone": "Europe"}, "time_zone: 'Europe' is not known here"),
        ({"time_zone": ""}, "time_zone: '' is not known here"),
        ({"hours": {"mon": ["8-12"]}}, "[hours.mon] item 1: '8-12' is no span of time"),
        ({"hours": {"mon": ["08:00-25:00"]}}, "[hours.mon] item 1: '08:00-25:00' is no span of time"),
        ({"hours": {"mo": []}}, "[hours] has no key 'mo'\n  fix: rename mo to mon"),
        ({"holidays": ["2026-02-30"]}, "[holidays] item 1: '2026-02-30' is no day"),
        ({"holidays": ["13-01"]}, "[holidays] item 1: '13-01' is no day"),
        ({"holidays": [7]}, "[holidays] item 1: 7 is no day"),
        ({"then": "transfer"}, NEEDS),
        ({"then": "transfer", "queue": "a", "target": "b"}, NEEDS),
        ({"queue": "a"}, NEEDS),
        ({"then": "transfer", "queue": ""}, "queue: expected at least 1 character"),
        ({"say": "always"}, "say: expected"),
        ({"txt": "x"}, "has no key 'txt'\n  fix: rename txt to text"),
    ],
)
def test_wrong_settings_are_told_by_their_place(table: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load("office_hours", **{**TABLE, **table})
    assert findings.told(caught.value, WHERE).startswith(expected)


async def test_a_customer_who_comes_when_nobody_is_there_is_told_and_transferred() -> None:
    table = {**TABLE, "hours": {}, "then": "transfer", "queue": "Support"}
    async with on_stage(with_settings(load("office_hours", **table))) as stage, stage.customer() as ana:
        await ana.says("hello?")
        await ana.hears("^Closed")
        await ana.hears("Helena here")


@pytest.mark.parametrize("then", [{}, {"then": "transfer", "queue": "Night"}, {"then": "complete"}])
async def test_a_human_who_works_late_keeps_the_chat(then: dict[str, str]) -> None:
    stage, plugins = Stage(), manager(load("office_hours", **TABLE, **then))
    stage.view.human = Participant(nickname="Helena", type=ParticipantType.AGENT, participant_id="3")
    assert not (await stage.call(plugins, at())).handled
    assert stage.sent == []
    stage.view.human = None
    await stage.call(plugins, at())
    assert len(stage.sent) == 1
