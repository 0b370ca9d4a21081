"""What a machine reads of a service: its metrics."""

from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest

from chatbot.bot.health import Counters, Health
from chatbot.console.admin import create_admin
from chatbot.console.metrics import ServiceMetrics
from chatbot.hooks.trace import HookCall
from chatbot.service.supervisor import Service
from tests.service.house import bot_at, world


@pytest.fixture
def service() -> Service:
    """Two bots that have not begun."""
    bots = [bot_at("http://127.0.0.1:1", name) for name in ("day", "night")]
    return Service(bots, world=world(), drain_timeout=1)


@pytest.fixture
async def admin(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_admin(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield http


async def test_metrics_tell_what_was_counted(admin: httpx.AsyncClient, service: Service) -> None:
    day, _ = service.bots
    day.health = Health(logged_in=True, subscribed=True, entered=True, polling=True)
    day.counters = Counters(
        events=Counter({"TextReceived": 3}),
        actions=Counter({("SendMessage", "accepted"): 2}),
        hook_failures=Counter({'f"a\\q\n': 1}),
        polls=7,
        troubles=1,
        deaf=8,
        sessions=2,
        gaps=4,
        rewinds=1,
        unseen=2,
        fuzzy_matches=3,
        replay_mismatches=4,
        dead_letters=5,
        takeovers=6,
        handed_over=Counter({"no answer": 2}),
        guards=Counter({("repeats", "warned"): 1}),
    )
    day.measures.observe(HookCall("faq", "on_text", None, "said", "", seconds=2.0, waited_s=1.25))
    day.counters.action_seconds["SendMessage"].add(0.2)
    answer = await admin.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = [line for line in answer.text.splitlines() if not line.startswith("#")]
    told = {
        'chatbot_ready{bot="day"} 1.0',
        'chatbot_ready{bot="night"} 0.0',
        'chatbot_chats{bot="day"} 0.0',
        'chatbot_chats{bot="night"} 0.0',
        'chatbot_polls_total{bot="day"} 7.0',
        'chatbot_polls_total{bot="night"} 0.0',
        'chatbot_troubles_total{bot="day"} 1.0',
        'chatbot_troubles_total{bot="night"} 0.0',
        'chatbot_deaf_total{bot="day"} 8.0',
        'chatbot_sessions_total{bot="day"} 2.0',
        'chatbot_sessions_total{bot="night"} 0.0',
        'chatbot_gaps_total{bot="day"} 4.0',
        'chatbot_gaps_total{bot="night"} 0.0',
        'chatbot_rewinds_total{bot="day"} 1.0',
        'chatbot_rewinds_total{bot="night"} 0.0',
        'chatbot_unseen_total{bot="day"} 2.0',
        'chatbot_unseen_total{bot="night"} 0.0',
        'chatbot_fuzzy_matches_total{bot="day"} 3.0',
        'chatbot_fuzzy_matches_total{bot="night"} 0.0',
        'chatbot_replay_mismatches_total{bot="day"} 4.0',
        'chatbot_replay_mismatches_total{bot="night"} 0.0',
        'chatbot_dead_letters_total{bot="day"} 5.0',
        'chatbot_dead_letters_total{bot="night"} 0.0',
        'chatbot_takeovers_total{bot="day"} 6.0',
        'chatbot_takeovers_total{bot="night"} 0.0',
        'chatbot_events_total{bot="day",event="TextReceived"} 3.0',
        r'chatbot_hook_failures_total{bot="day",plugin="f\"a\\q\n"} 1.0',
        'chatbot_actions_total{action="SendMessage",bot="day",result="accepted"} 2.0',
        'chatbot_handed_over_total{bot="day",reason="no answer"} 2.0',
        'chatbot_guards_total{bot="day",guard="repeats",step="warned"} 1.0',
        'chatbot_hook_calls_total{bot="day",hook="on_text",outcome="said",plugin="faq"} 1.0',
        'chatbot_hook_seconds_bucket{bot="day",hook="on_text",le="0.5",plugin="faq"} 0.0',
        'chatbot_hook_seconds_bucket{bot="day",hook="on_text",le="1.0",plugin="faq"} 1.0',
        'chatbot_hook_seconds_bucket{bot="day",hook="on_text",le="+Inf",plugin="faq"} 1.0',
        'chatbot_hook_seconds_sum{bot="day",hook="on_text",plugin="faq"} 0.75',
        'chatbot_action_seconds_count{action="SendMessage",bot="day"} 1.0',
        'chatbot_health{bot="day",check="polling"} 1.0',
        'chatbot_health{bot="night",check="polling"} 0.0',
        "chatbot_journal_writable 1.0",
    }
    assert told - {*samples} == set()
    assert not [line for line in samples if line.startswith('chatbot_poll_age_seconds{bot="night"')]


async def test_each_metric_has_its_type_and_a_text(admin: httpx.AsyncClient) -> None:
    lines = (await admin.get("/metrics")).text.splitlines()
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE chatbot_")}
    helped = {
        line.split()[2] for line in lines if line.startswith("# HELP chatbot_") and len(line.split()) > 3
    }
    assert typed == helped
    assert len(typed) == 40


def test_no_step_takes_many_chats_or_makes_many_lines(service: Service) -> None:
    for bot in service.bots:
        for number in range(100):
            bot.measures.observe(HookCall(f"p{number}", "on_text", None, "said", ""))
    parts = [part for part in ServiceMetrics(service).steps() if part is not None]
    assert max(len(part.samples) for part in parts) < 2000
    whole = {metric.name: len(metric.samples) for metric in ServiceMetrics(service).collect()}
    assert whole["chatbot_hook_seconds"] == 2 * 100 * 13
    assert len(whole) == len({part.name for part in parts})
