from collections.abc import Awaitable, Callable

import pytest

from chatbot import Bot, Chat, Receipt, Refused
from chatbot.model.actions import Action
from chatbot.model.agent_actions import BargeIn, CancelSupervisorMonitoring, Coach, Intrude, Monitor, NotReady
from tests.hooks.stage import RecordingSender, Stage

USER = "429a55994ef64991a77acb77c1cf9041"

METHODS: list[tuple[Callable[[Bot], Awaitable[Receipt]], Action]] = [
    (lambda bot: bot.monitor(USER), Monitor(user_id=USER)),
    (
        lambda bot: bot.monitor(USER, mode="NextChat", nickname="sup"),
        Monitor(user_id=USER, supervisor_monitoring_mode="NextChat", nickname="sup"),
    ),
    (lambda bot: bot.coach(USER), Coach(user_id=USER)),
    (
        lambda bot: bot.coach(USER, mode="AllChats", nickname="sup"),
        Coach(user_id=USER, supervisor_monitoring_mode="AllChats", nickname="sup"),
    ),
    (lambda bot: bot.barge_in(USER), BargeIn(user_id=USER)),
    (
        lambda bot: bot.barge_in(USER, mode="AllChats", nickname="sup"),
        BargeIn(user_id=USER, supervisor_monitoring_mode="AllChats", nickname="sup"),
    ),
    (lambda bot: bot.cancel_monitoring(USER), CancelSupervisorMonitoring(user_id=USER)),
    (lambda bot: bot.intrude(USER, "0001"), Intrude(user_id=USER, chat_id="0001")),
    (
        lambda bot: bot.intrude(USER, "0001", mode="Coach"),
        Intrude(user_id=USER, chat_id="0001", supervisor_visibility_mode="Coach"),
    ),
    (lambda bot: bot.perform(NotReady()), NotReady()),
]


@pytest.mark.parametrize(("method", "action"), METHODS, ids=[action.operation for _, action in METHODS])
async def test_a_method_performs_its_operation_on_no_own_chat(
    method: Callable[[Bot], Awaitable[Receipt]], action: Action
) -> None:
    stage = Stage()
    receipt = await method(stage.bot)
    assert stage.sender.sent == [(action, None)]
    assert receipt.action == action


async def test_a_refusal_reaches_the_plugin() -> None:
    stage = Stage()
    stage.sender.refused[Monitor] = Refused("no", action="Monitor", status=5)
    with pytest.raises(Refused, match=r"^CB330 no$"):
        await stage.bot.monitor(USER)


async def test_an_id_that_would_change_the_path_is_never_sent() -> None:
    stage = Stage()
    with pytest.raises(ValueError, match="user_id"):
        await stage.bot.monitor("../me")
    assert stage.sender.sent == []


def test_a_bot_knows_its_name_its_chats_and_what_its_plugins_keep() -> None:
    stage = Stage()
    stage.bot.memory["seen"] = 1
    assert (stage.bot.name, stage.bot.nickname, stage.bot.chats, stage.bot.memory) == (
        "concierge",
        "Concierge",
        {"A": stage.chat},
        {"seen": 1},
    )
    assert repr(stage.bot) == "<Bot concierge>"


def test_the_chats_of_a_bot_are_there_to_be_read() -> None:
    chats: dict[str, Chat] = {}
    bot = Bot("concierge", nickname=None, chats=chats, sender=RecordingSender(), memory={})
    stage = Stage()
    chats["A"] = stage.chat
    assert bot.chats == {"A": stage.chat}
    with pytest.raises(AttributeError):
        bot.chats.clear()  # type: ignore[attr-defined]
