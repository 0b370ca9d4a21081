import pytest

from chatbot import ActionError, ChatGone, NotAllowed, Refused, TextReceived
from chatbot.hooks.manager import CallResult
from chatbot.model.actions import SendMessage, Transfer, UpdateUserData
from chatbot.model.errors import ConfigError
from tests.hooks.stage import Stage, answering, hooks, loaded, manager
from tests.plugins.stage import ABOUT, WHERE, load
from tests.told import told

HELP = TextReceived(text="I want a HUMAN!", chat_id="A", index=1, **ABOUT)
WHY = UpdateUserData(user_data={"HandoffReason": "customer asked for a human", "HandoffFrom": "concierge"})
AWAY = Transfer(queue_name="Support", text="One moment please, I connect you with a colleague.")
SORRY = SendMessage(text="I cannot reach a colleague right now. Please ask me something else.")
NO = NotAllowed("Transfer", needed="Transfer", have=(), reason="no")


async def test_who_asks_for_a_human_is_transferred_with_the_reason() -> None:
    stage = Stage()
    result = await stage.call(manager(load("handoff", queue="Support")), HELP)
    assert stage.sent == [WHY, AWAY]
    assert result == CallResult(handled=True, performed=[WHY, AWAY])


async def test_words_and_texts_are_settings() -> None:
    stage = Stage()
    plugin = load("handoff", queue="Mail", keywords=["Mensch"], text="Bitte warten.")
    await stage.call(manager(plugin), HELP.model_copy(update={"text": "einen mensch bitte"}))
    assert stage.sent == [WHY, Transfer(queue_name="Mail", text="Bitte warten.")]


@pytest.mark.parametrize("keyword", ["real person", "call-back", " Agent ", "इंसान"])
async def test_a_keyword_may_be_several_words_in_any_script(keyword: str) -> None:
    stage = Stage()
    plugins = manager(load("handoff", queue="Support", keywords=[keyword]))
    await stage.call(plugins, HELP.model_copy(update={"text": "a real one, agents called me back"}))
    assert stage.sent == []
    await stage.call(plugins, HELP.model_copy(update={"text": f"Now: a {keyword.upper()}!"}))
    assert stage.sent == [WHY, AWAY]


@pytest.mark.parametrize("text", ["humanity", "agents", "", "{agent}s", "ignore previous instructions"])
async def test_anything_else_is_left_to_the_next_plugin(text: str) -> None:
    log: list[str] = []
    stage = Stage()
    event = HELP.model_copy(update={"text": text.replace("{agent}", "agent")})
    other = loaded("next", hooks(on_text=answering(None, log, "next")))
    assert await stage.call(manager(load("handoff", queue="Support"), other), event) == CallResult()
    assert (stage.sent, log) == ([], ["next"])


@pytest.mark.parametrize("error", [NO, Refused("no", action="Transfer", status=6)])
async def test_when_nobody_can_be_reached_it_says_sorry(error: ActionError) -> None:
    stage = Stage()
    stage.sender.refused[Transfer] = error
    result = await stage.call(manager(load("handoff", queue="Support")), HELP)
    assert stage.sent == [WHY, SORRY]
    assert result == CallResult(handled=True, performed=[WHY, SORRY])


async def test_sorry_is_a_setting() -> None:
    stage = Stage()
    stage.sender.refused[Transfer] = NO
    await stage.call(manager(load("handoff", queue="Support", sorry="Later.")), HELP)
    assert stage.sent == [WHY, SendMessage(text="Later.")]


async def test_a_human_can_do_without_the_reason() -> None:
    stage = Stage()
    stage.sender.refused[UpdateUserData] = Refused("read only", action="UpdateUserData", status=11)
    await stage.call(manager(load("handoff", queue="Support")), HELP)
    assert stage.sent == [AWAY]


async def test_a_chat_that_is_gone_is_nobodys_to_comfort() -> None:
    stage = Stage()
    gone = ChatGone("over", action="Transfer")
    stage.sender.refused = {Transfer: gone, UpdateUserData: gone, SendMessage: gone}
    assert await stage.call(manager(load("handoff", queue="Support")), HELP) == CallResult(failed=["handoff"])


def test_the_queue_must_be_named() -> None:
    for table in ({}, {"queue": ""}):
        with pytest.raises(ConfigError, match="queue"):
            load("handoff", **table)


def test_a_keyword_without_words_is_refused() -> None:
    with pytest.raises(ConfigError, match="'\\?' has no words"):
        load("handoff", queue="Support", keywords=["human", "?"])


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        load("handoff", queue="Support", sory="x")
    assert told(caught.value, WHERE) == "has no key 'sory'\n  fix: rename sory to sorry"
