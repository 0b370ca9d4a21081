"""The trace of one event, from its receipt to the confirmation of what was done for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from opentelemetry import trace

import chatbot as api
from chatbot.bot.world import World
from chatbot.model.errors import Refused
from chatbot.model.quoting import Quoting
from chatbot.service.otel import OtelTracer
from chatbot.testing import staged_bot
from chatbot.testing.kit import Kit
from tests.spans import Spans, texts, trace_of

WORDS = "canary, my card is 4111"
EVENT, HOOK, ACTION, REQUEST = "chatbot.event", "chatbot.hook", "chatbot.action", "chatbot.request"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    spans = Spans()
    monkeypatch.setattr(staged_bot, "World", partial(World, tracer=spans.tracer))
    return spans


class Greeter:
    """Says something, with a span of its own."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    @api.hookimpl
    async def on_text(self, chat: api.Chat, event: api.TextReceived) -> None:
        with self._tracer.start_as_current_span("lookup"):
            pass
        await chat.send_text(f"You said {event.text}")


async def test_one_event_is_one_trace_to_the_confirmation(spans: Spans, chatbot: Kit) -> None:
    await chatbot.start(Greeter(spans.provider.get_tracer("author")))
    customer = await chatbot.customer()
    await customer.says(WORDS)
    await customer.hears("You said")
    await chatbot.sleep(1)
    root = spans.one(EVENT, **{"event.type": "TextReceived"})
    action = (ACTION, [(REQUEST, []), ("chatbot.confirmation", [])])
    assert spans.tree(root) == (EVENT, [(HOOK, [("lookup", []), action])])
    assert root.attributes is not None
    index = root.attributes["chatbot.event"]
    assert root.attributes == {
        "chatbot.bot": "bot",
        "chatbot.chat": customer.chat.id,
        "chatbot.event": index,
        "chatbot.event.type": "TextReceived",
    }
    assert str(index).isdigit()
    hook, sent = spans.one(HOOK, hook="on_text"), spans.one(ACTION, operation="SendMessage")
    assert hook.attributes == {
        "chatbot.plugin": "greeter",
        "chatbot.hook": "on_text",
        "chatbot.outcome": "acted",
    }
    assert sent.attributes is not None
    assert sent.attributes["chatbot.result"] == "accepted"
    confirmed = spans.one("chatbot.confirmation", operation="SendMessage")
    assert confirmed.attributes == {"chatbot.operation": "SendMessage", "chatbot.result": "confirmed"}
    assert {trace_of(one) for one in spans.all if one.name == "lookup"} == {trace_of(root)}
    assert "canary" not in texts(spans.all)


async def test_two_chats_do_not_mix(spans: Spans, chatbot: Kit) -> None:
    await chatbot.start(Greeter(spans.provider.get_tracer("author")))
    ana, bob = await chatbot.customer("Ana"), await chatbot.customer("Bob")
    await asyncio.gather(ana.says("one"), bob.says("two"))
    await ana.hears("You said one")
    await bob.hears("You said two")
    by_trace: dict[int, set[Any]] = {}
    for span in spans.all:
        about = dict(span.attributes or {})
        if "chatbot.chat" in about:
            by_trace.setdefault(trace_of(span), set()).add(about["chatbot.chat"])
    assert [chats for chats in by_trace.values() if len(chats) > 1] == []
    assert {ana.chat.id, bob.chat.id} <= {chat for chats in by_trace.values() for chat in chats}


class Failing:
    @api.hookimpl
    async def on_text(self, event: api.TextReceived) -> None:
        raise ValueError(event.text)


async def test_a_hook_that_fails_is_an_error_without_its_words(spans: Spans, chatbot: Kit) -> None:
    bot = await chatbot.start(Failing())
    customer = await chatbot.customer()
    await customer.says(WORDS)
    await chatbot.sleep(1)
    hook = spans.one(HOOK, hook="on_text")
    assert (hook.status.is_ok, hook.status.description) == (False, f"ValueError: <{len(WORDS)} characters>")
    assert dict(hook.attributes or {})["chatbot.outcome"] == "failed"
    (told,) = hook.events
    assert dict(told.attributes or {})["exception.type"] == "ValueError"
    assert "raise ValueError(event.text)" in str(dict(told.attributes or {})["exception.stacktrace"])
    assert "canary" not in texts(spans.all)
    bot.errors.clear()


class Asking:
    @api.hookimpl
    async def on_text(self, chat: api.Chat) -> None:
        answer = await chat.ask("Which order?", timeout=60)
        chat.spawn(self._thank(chat, answer))

    async def _thank(self, chat: api.Chat, words: str) -> None:
        await chat.send_text(f"Thank you for {words}")


async def test_a_hook_that_waits_stays_in_its_trace_and_is_linked_from_the_answer(
    spans: Spans, chatbot: Kit
) -> None:
    await chatbot.start(Asking())
    customer = await chatbot.customer()
    await customer.says("Hello")
    await customer.hears("Which order?")
    await customer.says("4711")
    await customer.hears("Thank you for 4711")
    await chatbot.sleep(1)
    first, answer = spans.named(EVENT, **{"event.type": "TextReceived"})[::-1]
    hook = spans.one(HOOK, hook="on_text")
    if trace_of(first) != trace_of(hook):
        first, answer = answer, first
    assert trace_of(first) == trace_of(hook) != trace_of(answer)
    assert [link.context.span_id for link in answer.links] == [hook.context.span_id]
    said = spans.named(ACTION, operation="SendMessage")
    assert {trace_of(one) for one in said} == {trace_of(hook)}


class Reviewing:
    @api.hookimpl
    async def on_chat_started(self, chat: api.Chat) -> None:
        await chat.send_text("Hello")

    @api.hookimpl
    def on_action(self) -> None:
        raise KeyError(WORDS)


async def test_who_looks_at_an_action_is_below_it(spans: Spans, chatbot: Kit) -> None:
    bot = await chatbot.start(Reviewing())
    await chatbot.customer()
    await chatbot.sleep(1)
    review = spans.named(HOOK, hook="on_action")[-1]
    above = spans.parent_of(review)
    assert above is not None
    assert (above.name, dict(above.attributes or {})["chatbot.result"]) == (ACTION, "NotAllowed")
    assert not review.status.is_ok
    assert "canary" not in texts(spans.all)
    bot.errors.clear()


def test_a_span_begins_when_the_event_was_received_and_outside_of_what_is_current() -> None:
    spans, began = Spans(), datetime.now(UTC) - timedelta(seconds=5)
    with spans.tracer.span("outer", {}), spans.tracer.span(EVENT, {}, began=began):
        assert spans.tracer.is_tracing
    assert spans.one(EVENT).parent is None
    assert spans.one(EVENT).start_time == int(began.timestamp() * 1_000_000_000)


def test_what_a_server_says_is_no_part_of_a_trace() -> None:
    spans = Spans()
    with spans.tracer.span(ACTION, {}) as span:
        span.fail(Refused(Quoting("status code 6", WORDS), action="Accept"))
    assert "canary" not in texts(spans.all)


def test_an_open_span_is_not_current_and_ends_once() -> None:
    spans = Spans()
    assert spans.tracer.open("chatbot.confirmation", {}).is_recorded is False
    with spans.tracer.span(ACTION, {}):
        before = spans.tracer.ids()
        span = spans.tracer.open("chatbot.confirmation", {"chatbot.operation": "Accept"})
        assert (spans.tracer.ids(), span.is_recorded) == (before, True)
    span.end()
    span.end()
    span.link(span)
    span.fail(ValueError())
    assert spans.one("chatbot.confirmation").parent is not None


async def test_a_task_that_is_detached_is_in_no_trace() -> None:
    spans = Spans()

    async def work() -> None:
        spans.tracer.detach()
        assert (spans.tracer.is_tracing, spans.tracer.ids()) == (False, None)

    with spans.tracer.span(EVENT, {}):
        await asyncio.create_task(work())
        assert spans.tracer.is_tracing
        trace_id, span_id = spans.tracer.ids() or ("", "")
    root = spans.one(EVENT)
    assert (int(trace_id, 16), int(span_id, 16)) == (root.context.trace_id, root.context.span_id)
    assert (len(trace_id), len(span_id)) == (32, 16)


def test_without_the_sdk_nothing_is_recorded() -> None:
    tracer = OtelTracer(trace.NoOpTracerProvider())
    with tracer.span(EVENT, {}, began=datetime.now(UTC)) as span:
        span.note("chatbot.result", "accepted")
        span.fail(ValueError(WORDS))
        span.link(span)
        assert (span.is_recorded, tracer.is_tracing, tracer.ids()) == (False, False, None)
