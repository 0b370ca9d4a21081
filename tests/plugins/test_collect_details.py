from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chatbot import TextReceived, UserDataChanged, hookimpl
from chatbot.bot.journal import Journal
from chatbot.model.errors import ConfigError
from tests.bot.bells import Bells, nothing_is_left, say
from tests.bot.desk import ANA, HELENA, ME, Desk, code
from tests.bot.drawer import Drawer
from tests.bot.mortal import nobody_listening
from tests.bot.stage import Stage, on_stage
from tests.flow.stage import on_stage as on_real_stage
from tests.plugins.stage import WHERE, load, with_settings
from tests.told import told

ORDER: dict[str, Any] = {
    "key": "Order",
    "question": "Order?",
    "pattern": r"\b(\d{6})\b",
    "retry": "Six digits.",
}
EMAIL: dict[str, Any] = {"key": "Email", "question": "E-mail?", "kind": "email"}
TABLE: dict[str, Any] = {
    "keywords": ["return"],
    "fields": [ORDER, EMAIL],
    "done": "Noted.",
    "give_up": "Never mind.",
    "stopped": "As you like.",
    "retry": "Pardon?",
}


class Echo:
    """What customers say that is no answer."""

    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"re {event.text}"


def plugin(**table: Any) -> Any:
    return load("collect_details", **{**TABLE, **table})


@asynccontextmanager
async def asked(
    *, desk: Desk | None = None, journal: Journal | None = None, first: bool = True, **table: Any
) -> AsyncIterator[Stage]:
    """A bot with the form, whose alarms ring only when they are told to."""
    given = {"journal": journal} if journal is not None else {}
    settings = {name: table.pop(name) for name in ("on_stop", "on_agent_joined") if name in table}
    async with on_stage(plugin(**table), Echo(), desk=desk, ready=False, **given, **settings) as stage:
        await stage.until(lambda: hasattr(stage.bot, "_aside"))
        stage.bells = Bells(stage)  # type: ignore[attr-defined]
        await stage.until(lambda: stage.bot._is_open)
        await stage.quiet()
        if first:
            await stage.chatting()
        yield stage


def data(stage: Stage) -> list[dict[str, str]]:
    """What went into the user data, in order."""
    bodies = stage.desk.bodies
    return [body["userData"] for body in bodies if body.get("operationName") == "UpdateUserData"]


async def test_a_form_asks_one_thing_after_the_other_and_keeps_the_answers() -> None:
    async with asked() as stage:
        await say(stage, "hi", "I want to RETURN it")
        assert stage.desk.texts() == ["re hi", "Order?"]
        await say(stage, "it is 123456, I think")
        assert (stage.desk.texts()[2:], data(stage)) == (["E-mail?"], [{"Order": "123456"}])
        await say(stage, "ana@example.com.", "thanks")
        assert stage.desk.texts()[3:] == ["Noted.", "re thanks"]
        assert data(stage)[1:] == [{"Order": "123456", "Email": "ana@example.com"}]
        assert nothing_is_left(stage)


async def test_a_form_that_is_done_is_asked_anew_when_it_is_asked_for_again() -> None:
    async with asked(fields=[ORDER]) as stage:
        await say(stage, "return", "111111", "return", "222222")
        assert stage.desk.texts() == ["Order?", "Noted.", "Order?", "Noted."]
        assert data(stage) == [{"Order": "111111"}, {"Order": "222222"}]


async def test_what_is_no_answer_is_asked_again_and_given_up_in_the_end() -> None:
    async with asked(fields=[EMAIL]) as stage:
        await say(stage, "return", "what for?", "no idea", "ana@", "are you open?")
        again = "Pardon? E-mail?"
        assert stage.desk.texts() == ["E-mail?", again, again, "Never mind.", "re are you open?"]
        assert (data(stage), nothing_is_left(stage)) == ([], True)
        assert stage.bot.counters.hook_failures == {}


async def test_an_answer_that_comes_late_is_for_others_and_the_form_goes_on_when_asked_for() -> None:
    async with asked() as stage:
        await say(stage, "return", "123456")
        stage.bells.ring(120.0)  # type: ignore[attr-defined]
        await stage.quiet()
        assert stage.desk.texts() == ["Order?", "E-mail?", "Never mind."]
        await say(stage, "ana@example.com", "return")
        assert stage.desk.texts()[3:] == ["re ana@example.com", "E-mail?"]
        await say(stage, "ana@example.com")
        assert data(stage)[-1] == {"Order": "123456", "Email": "ana@example.com"}
        assert stage.bot.counters.hook_failures == {}


async def test_each_field_may_have_its_own_patience() -> None:
    fields = [{**ORDER, "retries": 0, "timeout": 7.0}]
    async with asked(fields=fields) as stage:
        await say(stage, "return")
        assert stage.bells.asked == [7.0]  # type: ignore[attr-defined]
        await say(stage, "hm")
        assert stage.desk.texts() == ["Order?", "Never mind."]


async def test_an_optional_field_may_be_left_out_by_a_word_or_by_no_answer_that_fits() -> None:
    fields = [{**ORDER, "optional": True}, {**EMAIL, "optional": True, "retries": 0}]
    async with asked(fields=fields) as stage:
        await say(stage, "return", "Skip!", "none of your business")
        assert (stage.desk.texts(), data(stage)) == (["Order?", "E-mail?", "Noted."], [])


async def test_nobody_has_to_skip_what_is_not_optional() -> None:
    async with asked() as stage:
        await say(stage, "return", "skip")
        assert stage.desk.texts() == ["Order?", "Six digits."]


async def test_a_customer_may_stop_at_any_time() -> None:
    async with asked(stop=["stop", "an agent"]) as stage:
        await say(stage, "return", "123456", "An agent!", "hello?")
        assert stage.desk.texts() == ["Order?", "E-mail?", "As you like.", "re hello?"]
        assert data(stage) == [{"Order": "123456"}]


async def test_nothing_is_said_at_the_end_if_that_is_wanted() -> None:
    async with asked(done="", stopped="", give_up="", fields=[{**ORDER, "retries": 0}]) as stage:
        await say(stage, "return", "123456", "return", "stop", "return", "x")
        assert stage.desk.texts() == ["Order?"] * 3


CONFIRMED = {"fields": [ORDER], "confirm": "{summary}, right?"}


async def test_the_answers_may_be_confirmed_and_asked_for_again() -> None:
    async with asked(**CONFIRMED) as stage:
        await say(stage, "return", "111111", "well", "no, sorry", "222222", "Yes.")
        said = ["Order?", "Order: 111111, right?", "Pardon? Order: 111111, right?", "Order?"]
        assert stage.desk.texts() == [*said, "Order: 222222, right?", "Noted."]
        assert data(stage) == [{"Order": "111111"}, {"Order": "222222"}]


async def test_a_confirmation_that_comes_to_nothing_is_given_up() -> None:
    async with asked(**CONFIRMED, retries=0) as stage:
        await say(stage, "return", "111111", "perhaps")
        assert stage.desk.texts()[2:] == ["Never mind."]
        await say(stage, "return", "no", "222222", "no", "333333", "no")
        assert stage.desk.texts()[-1] == "Never mind."


async def test_who_gives_no_answer_may_be_handed_to_somebody_else(caplog: pytest.LogCaptureFixture) -> None:
    async with asked(queue="Support", retries=0) as stage:
        await say(stage, "return")
        stage.desk.answer("Transfer", code(100))
        await say(stage, "what?")
        assert stage.desk.texts() == ["Order?", "Never mind."]
        assert any(line.startswith("chat c1 cannot be transferred: ") for line in caplog.messages)
        await say(stage, "return", "what?")
        [*_, last] = [body for body in stage.desk.bodies if body.get("operationName") == "Transfer"]
        assert (last["queueName"], last["text"], stage.bot.chats) == ("Support", "Never mind.", 0)


async def test_what_the_server_does_not_take_is_told_and_comes_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with asked() as stage:
        stage.desk.answer("UpdateUserData", code(11))
        await say(stage, "return", "123456", "ana@example.com")
        assert stage.desk.texts()[-1] == "Noted."
        assert data(stage)[-1] == {"Order": "123456", "Email": "ana@example.com"}
        [told] = [line for line in caplog.messages if "details" in line]
        assert told.startswith("chat c1: details are not in the user data: ")
        assert "123456" not in caplog.text


async def test_the_form_goes_on_with_what_is_missing_after_a_crash() -> None:
    desk, drawer = Desk(), Drawer()
    async with asked(desk=desk, journal=drawer) as stage:
        await say(stage, "return", "123456")
        await stage.crash(drawer)
    async with asked(desk=desk, journal=drawer, first=False) as stage:
        await say(stage, "ana@example.com")
        assert desk.texts() == ["Order?", "E-mail?", "E-mail?", "Noted."]
        assert data(stage)[-1] == {"Order": "123456", "Email": "ana@example.com"}


async def test_what_was_answered_while_no_process_ran_is_not_asked_again() -> None:
    desk, drawer = Desk(), Drawer()
    async with asked(desk=desk, journal=drawer) as stage:
        await say(stage, "return", "123456")
        await stage.crash(drawer)
    with nobody_listening(desk):
        desk.says("ana@example.com")
    async with asked(desk=desk, journal=drawer, first=False) as stage:
        assert desk.texts() == ["Order?", "E-mail?", "Noted."]
        assert data(stage)[-1] == {"Order": "123456", "Email": "ana@example.com"}


async def test_an_answer_in_the_hands_of_the_form_at_a_crash_is_taken_after_it() -> None:
    desk, drawer = Desk(), Drawer()
    async with asked(desk=desk, journal=drawer) as stage:
        await say(stage, "return")
        gate = desk.holding("UpdateUserData", effect=False)
        desk.says("123456")
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    async with asked(desk=desk, journal=drawer, first=False) as stage:
        await say(stage, "ana@example.com")
        assert desk.texts() == ["Order?", "E-mail?", "Noted."]
        assert data(stage)[-1] == {"Order": "123456", "Email": "ana@example.com"}


async def test_a_confirmation_is_asked_for_again_after_a_crash() -> None:
    desk, drawer = Desk(), Drawer()
    async with asked(desk=desk, journal=drawer, **CONFIRMED) as stage:
        await say(stage, "return", "123456")
        await stage.crash(drawer)
    async with asked(desk=desk, journal=drawer, first=False, **CONFIRMED) as stage:
        await say(stage, "yes")
        assert desk.texts() == ["Order?", *["Order: 123456, right?"] * 2, "Noted."]


async def test_a_form_that_is_over_is_not_taken_up_after_a_crash() -> None:
    desk, drawer = Desk(), Drawer()
    async with asked(desk=desk, journal=drawer) as stage:
        await say(stage, "return", "stop", "ok")
        await stage.crash(drawer)
    async with asked(desk=desk, journal=drawer, first=False):
        assert desk.texts() == ["Order?", "As you like.", "re ok"]


async def test_a_bot_that_stops_leaves_the_form_to_the_next_process() -> None:
    desk, drawer = Desk(), Drawer()
    async with asked(desk=desk, journal=drawer, on_stop="keep") as stage:
        await say(stage, "return", "123456")
        await stage.stop()
        assert stage.bot.counters.hook_failures == {}
    async with asked(desk=desk, journal=drawer, first=False) as stage:
        await say(stage, "ana@example.com")
        assert desk.texts()[2:] == ["E-mail?", "Noted."]


async def test_a_human_who_joins_ends_the_form_and_it_does_not_come_back_by_itself() -> None:
    desk, drawer = Desk(), Drawer()
    async with asked(desk=desk, journal=drawer) as stage:
        await say(stage, "return", "123456")
        desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME, HELENA])
        await stage.quiet()
        assert nothing_is_left(stage)
        await say(stage, "ana@example.com")
        desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME])
        await stage.quiet()
        await stage.crash(drawer)
    async with asked(desk=desk, journal=drawer, first=False) as stage:
        await say(stage, "back")
        assert desk.texts() == ["Order?", "E-mail?", "re back"]
        await say(stage, "return")
        assert desk.texts()[3:] == ["E-mail?"]


async def test_where_the_bot_may_not_talk_over_a_human_the_form_ends_at_the_next_question() -> None:
    async with asked(on_agent_joined="observe") as stage:
        await say(stage, "return")
        stage.desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME, HELENA])
        await stage.quiet()
        await say(stage, "123456")
        assert (stage.desk.texts(), data(stage)) == (["Order?"], [{"Order": "123456"}])
        assert stage.bot.counters.hook_failures == {}


async def test_a_chat_that_ends_ends_the_form() -> None:
    async with asked() as stage:
        await say(stage, "return")
        stage.desk.end()
        await stage.quiet()
        assert (stage.bot.chats, stage.bot.counters.hook_failures) == (0, {})
        assert not stage.bot._aside.tasks


AT_ONCE: dict[str, Any] = {"start": "chat", "keywords": []}


async def test_a_form_may_begin_with_the_chat_and_is_asked_once() -> None:
    async with asked(**AT_ONCE) as stage:
        assert stage.desk.texts() == ["Order?"]
        await say(stage, "123456", "ana@example.com", "hi")
        assert stage.desk.texts()[1:] == ["E-mail?", "Noted.", "re hi"]


async def test_what_was_said_before_is_no_answer() -> None:
    async with asked(first=False, **AT_ONCE) as stage:
        stage.desk.says("order 654321 is late")
        await stage.chatting()
        assert stage.desk.texts() == ["Order?"]
        assert data(stage) == []


@pytest.mark.parametrize(
    ("kind", "said", "kept"),
    [
        ("text", "  a b ", "a b"),
        ("text", " \n", None),
        ("email", "Ana.B+x@mail.example.org, please", "Ana.B+x@mail.example.org"),
        ("email", "ana@example", None),
        ("number", "about -1,5 I think", "-1.5"),
        ("number", "12", "12"),
        ("number", "1.2.3", None),
        ("number", "A12", None),
        ("date", "on 2026-2-3", "2026-02-03"),
        ("date", "31.12.2026", "2026-12-31"),
        ("date", "31. 12. 2026", "2026-12-31"),
        ("date", "31.02.2026", None),
        ("date", "tomorrow", None),
        ("phone", "call +49 (30) 12-34/56!", "+4930123456"),
        ("phone", "030 123456", "030123456"),
        ("phone", "12345", None),
        ("phone", "1" * 16, None),
    ],
)
async def test_answers_are_read_by_their_kind(kind: str, said: str, kept: str | None) -> None:
    async with asked(fields=[{"key": "K", "question": "?", "kind": kind}]) as stage:
        await say(stage, "return", said)
        assert data(stage) == ([] if kept is None else [{"K": kept}])


async def test_of_a_pattern_the_first_group_that_is_found_counts_or_all() -> None:
    for pattern, kept in (("a(b)|a(c)", "c"), ("ac", "ac"), ("x*", None)):
        async with asked(fields=[{**ORDER, "pattern": pattern}]) as stage:
            await say(stage, "return", "AC".lower())
            assert data(stage) == ([] if kept is None else [{"Order": kept}])


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"fields": []}, "fields: expected at least 1"),
        ({"fields": [ORDER, ORDER]}, "fields: two fields have the key 'Order'"),
        ({"fields": [{**EMAIL, "pattern": "x"}]}, "give a pattern or a kind, not both"),
        ({"fields": [{**ORDER, "pattern": "("}]}, "pattern: not a regular expression: "),
        ({"fields": [{**EMAIL, "kind": "mail"}]}, "[[fields]] kind: expected"),
        ({"fields": [{**EMAIL, "retries": 21}]}, "[[fields]] retries: "),
        ({"timeout": float("inf")}, "timeout: "),
        ({"keywords": []}, 'start = "keywords" needs keywords; start = "chat" takes none'),
        ({"start": "chat"}, 'start = "keywords" needs keywords; start = "chat" takes none'),
        ({"queue": "a", "target": "b"}, "give a queue or a target, not both"),
        ({"keyword": "x"}, "has no key 'keyword'\n  fix: rename keyword to keywords"),
    ],
)
def test_wrong_settings_are_told(table: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plugin(**table)
    assert expected in told(caught.value, WHERE)
    assert str(caught.value).startswith("CB10")


async def test_over_the_simulator_the_answers_are_in_the_user_data() -> None:
    async with on_real_stage(with_settings(plugin())) as stage, stage.customer() as ana:
        await ana.sees_agent()
        await ana.says("return, please")
        await ana.hears("^Order[?]$")
        await ana.says("the blue one")
        await ana.hears("^Six digits[.]$")
        await ana.says("123456")
        await ana.hears("^E-mail[?]$")
        await ana.says("ana@example.com")
        await ana.hears("^Noted[.]$")
        await stage.seen.event(UserDataChanged, lambda event: "Email" in {*event.added, *event.changed})
        kept = {key: stage.chat.user_data[key] for key in ("Order", "Email")}
        assert kept == {"Order": "123456", "Email": "ana@example.com"}
