import pytest

from chatbot import ChatStarted, Participant
from chatbot.hooks.manager import CallResult
from chatbot.model.actions import SendMessage
from chatbot.model.errors import ConfigError
from chatbot.model.words import ParticipantType
from tests.hooks.stage import ME, Stage, answering, hooks, loaded, manager
from tests.plugins.stage import ABOUT, WHERE, load
from tests.told import told

STARTED = ChatStarted(chat_id="A", **ABOUT)


def customer(nickname: str) -> Participant:
    return Participant(nickname=nickname, type=ParticipantType.CUSTOMER, participant_id="1")


async def test_a_customer_is_greeted_by_name() -> None:
    stage = Stage()
    result = await stage.call(manager(load("greeter", text="Good evening {customer}.")), STARTED)
    assert stage.sent == [SendMessage(text="Good evening Ana.")]
    assert result == CallResult(handled=True, performed=[SendMessage(text="Good evening Ana.")])


async def test_without_settings_the_greeting_asks_for_the_question() -> None:
    stage = Stage()
    await stage.call(manager(load("greeter")), STARTED)
    assert stage.sent == [SendMessage(text="Hello Ana. How may I help you?")]


@pytest.mark.parametrize(
    "nickname",
    ["{0.__class__}", "{customer}", "%(x)s", "{{7*7}}", "$(id)", "<b>x</b>", "a\nb", "\\1", ""],
)
async def test_a_nickname_is_only_text(nickname: str) -> None:
    stage = Stage(participants=(customer(nickname), ME))
    await stage.call(manager(load("greeter", text="Hello, {customer}!")), STARTED)
    assert stage.sent == [SendMessage(text=f"Hello, {nickname}!")]


async def test_braces_in_the_greeting_are_only_text() -> None:
    stage = Stage()
    await stage.call(manager(load("greeter", text="{bot} {0} {customer} {")), STARTED)
    assert stage.sent == [SendMessage(text="{bot} {0} Ana {")]


async def test_a_customer_who_left_at_once_is_no_reason_to_fail() -> None:
    stage = Stage(participants=(ME,))
    await stage.call(manager(load("greeter", text="Hello {customer}")), STARTED)
    assert stage.sent == [SendMessage(text="Hello")]


async def test_other_plugins_may_have_something_to_say_too() -> None:
    log: list[str] = []
    other = loaded("other", hooks(on_chat_started=answering(None, log, "other")))
    await Stage().call(manager(load("greeter"), other), STARTED)
    assert log == ["other"]


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        load("greeter", txt="x")
    assert told(caught.value, WHERE) == "has no key 'txt'\n  fix: rename txt to text"


async def test_where_there_is_nothing_to_say_nothing_is_said() -> None:
    stage = Stage(participants=(customer(" "), ME))
    assert await stage.call(manager(load("greeter", text="{customer}")), STARTED) == CallResult()
    assert stage.sent == []


def test_an_empty_greeting_is_refused() -> None:
    with pytest.raises(ConfigError, match="text"):
        load("greeter", text="")
