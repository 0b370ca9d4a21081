from typing import Any

import pytest

from chatbot import CapabilitiesChanged, NotAllowed, Refused, TextReceived, UserDataChanged
from chatbot.hooks.manager import CallResult
from chatbot.model.actions import Action, SendToAgents, UpdateUserData
from chatbot.model.errors import ConfigError
from tests.bot.desk import CAN_TALK, HELENA, Desk
from tests.bot.drawer import Drawer
from tests.bot.stage import on_stage
from tests.flow.stage import on_stage as on_real_stage
from tests.hooks.stage import ANA, ME, Stage, answering, hooks, loaded, manager
from tests.plugins.stage import ABOUT, WHERE, load, with_settings
from tests.told import told

ALERTS: list[dict[str, Any]] = [
    {"name": "legal", "pattern": "lawyer|sue you", "text": "Legal steps."},
    {"name": "anger", "pattern": r"\bangry\b"},
]
NOBODY = NotAllowed("SendToAgents", needed="SendToAgents", have=(), reason="nobody is there")


def says(text: str, **fields: Any) -> TextReceived:
    return TextReceived(text=text, chat_id="A", index=1, **{"sender": ANA, **ABOUT, **fields})


async def alerts(*texts: str, refused: dict[type[Action], Any] | None = None, **table: Any) -> list[Action]:
    """What is done about these texts of one chat."""
    stage = Stage()
    stage.sender.refused = refused or {}
    plugins = manager(load("supervisor_alert", **{"alerts": ALERTS, **table}))
    for text in texts:
        assert (await stage.call(plugins, says(text))).failed == []
    return stage.sent


async def test_agents_are_alerted_once_by_each_alert() -> None:
    texts = ["hi", "My LAWYER will call", "lawyer", "I am angry", "angry lawyer"]
    assert await alerts(*texts) == [SendToAgents(text="Legal steps."), SendToAgents(text="Alert: anger")]
    both = [SendToAgents(text="Legal steps."), SendToAgents(text="Alert: anger")]
    assert await alerts("an angry lawyer") == both


async def test_where_no_agent_is_the_user_data_tells_all_alerts_so_far() -> None:
    sent = await alerts("lawyer", "angry", "lawyer", refused={SendToAgents: NOBODY}, key="Alerts")
    assert sent == [
        UpdateUserData(user_data={"Alerts": "legal"}),
        UpdateUserData(user_data={"Alerts": "legal, anger"}),
    ]


async def test_if_nothing_works_the_log_tells_and_holds_no_word_of_the_customer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    no = Refused("read only", action="UpdateUserData", status=11)
    refused = {SendToAgents: NOBODY, UpdateUserData: no}
    assert await alerts("my lawyer Smith", "my lawyer Smith", refused=refused) == []
    assert caplog.messages == ["chat A: alerts reach nobody: legal (CB330 read only)"]


async def test_nothing_of_this_answers_the_customer() -> None:
    log: list[str] = []
    plugins = manager(
        load("supervisor_alert", alerts=ALERTS), loaded("next", hooks(on_text=answering(None, log, "next")))
    )
    result = await Stage().call(plugins, says("lawyer"))
    assert (result, log) == (CallResult(performed=[SendToAgents(text="Legal steps.")]), ["next"])


@pytest.mark.parametrize("text", ["", "flawy er", "hangry", "\ud800", "x" * 4000 + "lawyer"])
async def test_anything_else_alerts_nobody(text: str) -> None:
    assert await alerts(text) == []


async def test_only_customers_are_listened_to() -> None:
    stage = Stage()
    await stage.call(manager(load("supervisor_alert", alerts=ALERTS)), says("lawyer", sender=ME))
    assert stage.sent == []


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({}, "needs the key 'alerts'"),
        ({"alerts": []}, "alerts: expected at least 1"),
        ({"alerts": [{"name": "a", "pattern": "("}]}, "[[alerts]] pattern: not a regular expression: "),
        ({"alerts": [{"name": "a", "pattern": ""}]}, "[[alerts]] pattern: expected at least 1 character"),
        ({"alerts": [ALERTS[0], ALERTS[0]]}, "alerts: two alerts are named 'legal'"),
        ({"alerts": ALERTS, "keys": "x"}, "has no key 'keys'\n  fix: rename keys to key"),
    ],
)
def test_wrong_settings_are_told(table: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load("supervisor_alert", **table)
    assert expected in told(caught.value, WHERE)
    assert str(caught.value).startswith("CB10")


async def test_an_alert_is_given_once_over_a_restart() -> None:
    desk, drawer = Desk(), Drawer()
    plugin = with_settings(load("supervisor_alert", alerts=ALERTS))
    async with on_stage(plugin, desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.change(
            capabilities=[*CAN_TALK, "SendToAgents"], participants=[*desk.chats["c1"]["participants"], HELENA]
        )
        desk.says("lawyer")
        await stage.quiet()
        await stage.crash(drawer)
    async with on_stage(plugin, desk=desk, journal=drawer) as stage:
        desk.says("lawyer")
        await stage.quiet()
    assert desk.requests.count("SendToAgents") == 1


async def test_the_agent_in_the_chat_reads_it_and_the_customer_does_not() -> None:
    plugin = with_settings(load("supervisor_alert", alerts=ALERTS))
    async with on_real_stage(plugin) as stage, stage.customer() as ana:
        await ana.sees_agent()
        world = stage.simulator.world
        chat = world.chats()[0]
        await ana.says("I am angry")
        await stage.seen.event(UserDataChanged)
        world.human_joins(chat.id, "helena")
        await stage.seen.event(CapabilitiesChanged, lambda event: "SendToAgents" in event.granted)
        await ana.says("and my lawyer is too")
        await stage.seen.event(TextReceived, lambda event: "lawyer" in event.text)
        world.human_says(chat.id, "helena", "I see")
        await ana.hears("I see")
        assert stage.chat.user_data["SupervisorAlert"] == "anger"
        assert "Legal steps." not in [line.text for line in ana.lines]
    assert stage.operations().count("SendToAgents") == 1
