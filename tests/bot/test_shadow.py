"""Shadow: what plugins do is shown and not sent, whoever asks for it."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from chatbot import Bot, Chat, Receipt, TextReceived, hookimpl
from chatbot.bot.presence import Colleagues
from chatbot.bot.runner import BotRunner, World
from chatbot.bot.shadow import Shadow, describe
from chatbot.model import actions as do
from chatbot.model.actions import Action
from chatbot.model.agent_actions import NotReady
from chatbot.model.handoff import Accepted, Outcome, Queued
from chatbot.service.system import SystemClock
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.bot.desk import ANA, CAN_TALK, HELENA, ME, Desk
from tests.bot.drawer import Drawer
from tests.bot.stage import as_loaded, on_stage, settings
from tests.cli.programs import BOUND_S, until


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (do.SendMessage(text="secret"), "SendMessage to the customer text=<6 characters>"),
        (do.SendToAgents(text="secret"), "SendToAgents to the agents text=<6 characters>"),
        (do.Accept(nickname="Robo"), "Accept nickname='Robo'"),
        (do.Transfer(queue_name="Sales"), "Transfer to the customer queue_name='Sales'"),
        (do.UpdateUserData(user_data={"a": "secret"}), "UpdateUserData user_data={a: …}"),
        (do.DeleteUserData(keys=("a",)), "DeleteUserData keys=['a']"),
        (do.AddComment(comment="secret"), "AddComment comment=<6 characters>"),
        (do.Complete(save_lar=True), "Complete to the customer save_lar=True"),
    ],
)
def test_an_action_is_told_without_what_is_private(action: Action, told: str) -> None:
    assert describe(action, with_texts=False) == told
    assert "secret" not in told


def test_texts_are_told_only_if_asked_for() -> None:
    shown = describe(do.SendMessage(text="secret"), with_texts=True)
    assert shown == "SendMessage to the customer text='secret'"


def test_by_default_it_goes_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "chatbot")
    receipt = Shadow().perform("maid", "c1", do.SendMessage(text="secret"), None)
    assert (receipt.state, receipt.is_shadow) == ("accepted", True)
    assert caplog.messages == ["shadow: SendMessage is not sent"]  # the bot's own


@dataclass
class Busy:
    """A plugin that does all it can."""

    receipts: list[Receipt] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @hookimpl
    async def on_bot_started(self, bot: Bot) -> None:
        self.receipts.append(await bot.perform(NotReady()))

    @hookimpl
    async def on_text(self, chat: Chat) -> str:
        for action in (do.SendUrl(url="https://example.com"), do.Invite(target_uri="x"), do.Leave()):
            self.receipts.append(await (await chat.perform(action)).confirmed(timeout=60))
        self.ended.set()
        return "Bye"


@asynccontextmanager
async def shadowing(server: str, plugin: object, shown: list[str], **given: Any) -> AsyncIterator[BotRunner]:
    chosen = settings(mode="shadow", **given).model_copy(update={"server": server})
    world = World(SystemClock(), random.Random(1), asyncio.to_thread, shadow=Shadow(shown.append))
    bot = BotRunner("maid", chosen, [as_loaded("busy", plugin)], world)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bot.run(1.0))
        yield bot
        bot.stop()


@pytest.mark.parametrize("cometd", ["httpx", "aiocometd"])
async def test_nothing_that_a_bot_or_its_plugins_do_is_sent(cometd: str) -> None:
    simulator, shown, plugin = Simulator(), list[str](), Busy()
    world = simulator.world
    world.add_agent("robo")
    world.operate("robo", {"operationName": "StartContactCenterSession", "channels": ["chat"]})
    world.operate_channel("robo", "chat", {"operationName": "Ready"})
    fallback = {"queue": "x"}
    async with serve(simulator.asgi) as server:
        given = {"fallback": fallback, "reply_timeout": 0.1, "on_customer_left": "complete", "cometd": cometd}
        async with (
            shadowing(server, plugin, shown, **given) as bot,
            Customer(server, endpoint="robo") as customer,
        ):
            await until(lambda: bot.chats > 0)
            world.perform("robo", world.chats()[0].id, {"operationName": "Accept"})
            await customer.says("Hello")
            await asyncio.wait_for(plugin.ended.wait(), BOUND_S)
            await customer.ends()
        methods = {(one.method, one.path) for one in simulator.requests if one.agent == "robo"}
    assert {path for method, path in methods if method != "GET"} == {"/api/v2/notifications"}
    assert [line.partition(": [bots.maid] busy.")[2].split(" ")[0] for line in shown][:4] == [
        "on_bot_started",
        *("on_text",) * 3,
    ]
    assert [receipt.state for receipt in plugin.receipts] == ["accepted"] * 4
    # what plugins asked for, and nothing of the bot's own
    assert dict(bot.counters.actions) == {
        (name, "shadow"): 1 for name in ("NotReady", "SendUrl", "Invite", "Leave", "SendMessage")
    }
    assert world.agents.get("robo").state == "Ready"


async def test_what_a_live_run_has_left_open_stays_open() -> None:
    desk, drawer = Desk(), Drawer()

    class Says:
        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            await chat.send_text("hello")

    async with on_stage(Says(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        gate = desk.holding("SendMessage")
        desk.says("one")
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    async with on_stage(Says(), desk=desk, journal=drawer, mode="shadow") as stage:
        await stage.later(30)
        await stage.quiet()
    assert desk.texts() == []
    assert drawer.states() == ["intent"]


class Greets:
    """Answers what it hears, and keeps count."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str:
        self.heard.append(event.text)
        chat.memory["heard"] = len(self.heard)
        return f"You said {event.text}"


async def test_what_was_only_shown_is_no_answer_to_a_later_live_run() -> None:
    desk, drawer, plugin = Desk(), Drawer(), Greets()
    async with on_stage(plugin, desk=desk, journal=drawer, mode="shadow") as stage:
        desk.running()
        desk.status("c1")
        await stage.later(30)
        desk.says("one")
        await stage.until(lambda: plugin.heard)
        await stage.quiet()
    assert (desk.texts(), drawer.units) == ([], [])
    async with on_stage(plugin, desk=desk, journal=drawer) as stage:
        await stage.until(desk.texts)
    assert (plugin.heard, desk.texts()) == (["one", "one"], ["You said one"])


async def test_whoever_shares_its_login_with_a_bot_in_shadow_is_a_human_to_other_bots() -> None:
    desk, plugin, colleagues = Desk(), Greets(), Colleagues()
    other = Desk()
    other.user = {"id": "U-helena"}
    async with (
        on_stage(Greets(), desk=other, mode="shadow", colleagues=colleagues) as shadow,
        on_stage(plugin, desk=desk, colleagues=colleagues) as stage,
    ):
        other.running("c1", ANA, HELENA)
        other.status("c1")
        await shadow.quiet()
        await stage.chatting()
        desk.change(participants=[ANA, ME, HELENA])
        await stage.quiet()
        desk.says("one")
        await stage.quiet()
    assert desk.texts() == []


@pytest.mark.parametrize(
    ("place", "outcome"),
    [({"target": "Helena"}, Accepted()), ({"queue": "Sales"}, Queued("Sales"))],
    ids=["target", "queue"],
)
@pytest.mark.parametrize("can_invite", [True, False])
async def test_nobody_is_waited_for_whom_nobody_has_called(
    place: dict[str, str], outcome: Outcome, *, can_invite: bool
) -> None:
    outcomes: list[Outcome] = []

    class Hands:
        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            outcomes.append(await chat.handoff(**place))

    desk = Desk()
    can = [word for word in CAN_TALK if can_invite or word != "Invite"]
    desk.running(capabilities=can)
    async with on_stage(Hands(), desk=desk, mode="shadow") as stage:
        desk.says("help")
        await stage.until(lambda: stage.bot.counters.actions)
        await stage.quiet()
        assert outcomes == [outcome]
