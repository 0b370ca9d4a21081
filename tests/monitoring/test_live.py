"""Rules and dashboard beside the metrics of a bot at work against the simulator."""

import asyncio
import random
import re
from functools import partial
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot.journal_sqlite import SqliteStore
from chatbot.bot.journal_writer import GroupCommit
from chatbot.bot.runner import World
from chatbot.console.admin import create_admin
from chatbot.service.supervisor import Service
from chatbot.service.system import WriterThread, system_watchdog
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.monitoring.files import ALERTS, PANELS
from tests.monitoring.promql import Asked, asked_for, pattern_of
from tests.service.house import QuickClock, at_work, bot_at, until

# Prometheus adds these to all series, and this metric of its own
OF_PROMETHEUS = {"instance", "job"}
UP = Sample("up", {}, 1.0)
# what is told from its first time on, and is not made to happen here
RARE = {"chatbot_handed_over_total": {"bot", "reason"}}


class Chatterbox:
    """A plugin that talks too much, and fails."""

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        for number in range(3):
            await chat.send_text(f"{number}: {event.text}")
        raise RuntimeError("on purpose")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """What is told while a customer is in a chat."""
    return asyncio.run(told(tmp_path_factory.mktemp("journal") / "journal"))


async def told(place: Path) -> list[Sample]:
    clock = QuickClock()
    opening = partial(SqliteStore.open, place, lambda: clock.now().timestamp())
    journal = GroupCommit(opening, WriterThread("journal"), clock)
    async with serve(Simulator().asgi) as server:
        bot = bot_at(
            server, "maid", Chatterbox(), journal=journal.of("maid"), guards={"sends_per_trigger": 1}
        )
        world = World(clock=clock, rng=random.Random(7), run_in_thread=asyncio.to_thread)
        service = Service([bot], world=world, drain_timeout=1, journal=journal)
        service.watchdog = system_watchdog()
        async with at_work(service), Customer(server) as customer:
            await customer.sees_agent()
            await customer.says("hello")
            await until(lambda: bool(bot.measures.seconds and bot.counters.guards))
            transport = httpx.ASGITransport(create_admin(service))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                text = (await http.get("/metrics")).text
    return [UP, *(sample for family in text_string_to_metric_families(text) for sample in family.samples)]


def unknown(asked: list[Asked], page: list[Sample]) -> list[str]:
    """What is asked for, and is not told."""
    labels = {name: RARE.get(name, set()) for name in {one.metric for one in asked if one.metric}}
    for sample in page:
        if sample.name in labels:
            labels[sample.name] = {*labels[sample.name], *sample.labels}
    found = [name for name in labels if name not in RARE and not any(one.name == name for one in page)]
    everywhere = set().union(*labels.values()) | OF_PROMETHEUS
    for one in asked:
        known = labels[one.metric] | OF_PROMETHEUS if one.metric else everywhere
        found += [f"{one.metric}{{{label}}}" for label in one.labels if label not in known]
    return found


@pytest.mark.parametrize("alert", ALERTS)
def test_alerts_ask_for_what_is_told(alert: str, page: list[Sample]) -> None:
    assert unknown(asked_for(ALERTS[alert]["expr"]), page) == []


@pytest.mark.parametrize("alert", ALERTS)
def test_alerts_speak_of_labels_that_they_have(alert: str, page: list[Sample]) -> None:
    asked = asked_for(ALERTS[alert]["expr"])
    names = {one.metric for one in asked}
    known = {label for sample in page if sample.name in names for label in sample.labels}
    known |= OF_PROMETHEUS.union(*(RARE.get(name, set()) for name in names))
    words = " ".join(ALERTS[alert]["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", words)) <= known


@pytest.mark.parametrize("title", PANELS)
def test_panels_show_values_of_a_bot_at_work(title: str, page: list[Sample]) -> None:
    for target in PANELS[title]["targets"]:
        asked = asked_for(target["expr"])
        assert unknown(asked, page) == []
        for one in asked:
            assert not one.metric or one.metric in RARE or values_of(one, page), one.metric


def values_of(asked: Asked, page: list[Sample]) -> list[float]:
    """Of the series that it selects."""
    patterns = {label: pattern_of(operator, value) for label, operator, value in asked.values}
    return [
        sample.value
        for sample in page
        if sample.name == asked.metric
        and all(
            label in OF_PROMETHEUS or pattern is None or pattern.fullmatch(sample.labels.get(label, ""))
            for label, pattern in patterns.items()
        )
    ]


@pytest.mark.parametrize(
    ("expression", "missing"),
    [
        ("chatbot_redy == 0", ["chatbot_redy"]),
        ('chatbot_ready{bto="x"}', ["chatbot_ready{bto}"]),
        ("sum by (plugin) (chatbot_ready)", ["{plugin}"]),
    ],
)
def test_a_wrong_name_is_found(expression: str, missing: list[str], page: list[Sample]) -> None:
    assert unknown(asked_for(expression), page) == missing
