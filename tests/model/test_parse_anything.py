"""Whatever a server sends comes out as events: a property, over all JSON and over spoilt samples."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot import Event, TextReceived, UnknownMessage
from chatbot.model.answers import Answer, read_answer
from chatbot.model.events import ChatUpdated
from chatbot.model.fields import is_safe_id
from chatbot.model.parse import parse_chat, parse_lines
from chatbot.model.resources import ChatResource
from tests.model.payloads import ABOUT, all_samples, parsed

Place = tuple[int | str, ...]

WORDS = st.sampled_from(
    [
        "chat",
        "id",
        "messages",
        "type",
        "Text",
        "text",
        "from",
        "state",
        "Chatting",
        "index",
        "Error",
        "userData",
    ]
)
TEXTS = WORDS | st.text(st.characters(codec=None), max_size=8)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
SAMPLES = [value.get("data", value) for value in all_samples().values() if isinstance(value, dict)]
GONE = object()


def places(value: object, here: Place = ()) -> Iterator[Place]:
    """All places in a JSON value but its root."""
    inner = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for key, below in inner:
        yield (*here, key)
        yield from places(below, (*here, key))


def spoil(value: Any, place: Place, by: object) -> None:
    """Put something else at a place, or nothing."""
    for key in place[:-1]:
        value = value[key]
    if by is GONE:
        del value[place[-1]]
    else:
        value[place[-1]] = by


@st.composite
def spoilt_samples(draw: st.DrawFn) -> Any:
    value = copy.deepcopy(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 4))):
        if choice := list(places(value)):
            spoil(value, draw(st.sampled_from(choice)), draw(st.just(GONE) | JSON))
    return value


def check(data: object) -> None:
    events = parsed(data)
    assert events or isinstance(data, dict)
    for event in events:
        assert isinstance(event, Event)
        assert event.hook or isinstance(event, ChatUpdated)
        assert event.chat_id is None or is_safe_id(event.chat_id)
        assert (event.bot, event.received_at) == (ABOUT["bot"], ABOUT["received_at"])


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_any_json_value_comes_out_as_events(data: object) -> None:
    check(data)
    assert isinstance(read_answer(data), Answer)
    assert isinstance(parse_chat(data), ChatResource | None)


@settings(max_examples=150, deadline=None)
@given(spoilt_samples())
def test_a_spoilt_sample_comes_out_as_events(data: object) -> None:
    check(data)


@settings(max_examples=100, deadline=None)
@given(JSON | st.dictionaries(WORDS, JSON, max_size=6))
def test_an_odd_line_does_not_cost_its_neighbours(odd: object) -> None:
    good = {"type": "Text", "text": "hi", "index": 1}
    first, middle, last = parse_lines({"messages": [good, odd, good]}, chat_id="A", **ABOUT)
    assert first == last == TextReceived(text="hi", index=1, chat_id="A", **ABOUT)
    assert not isinstance(middle, UnknownMessage) or middle.raw == odd


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["state", "participants", "userData", "comment", "chatType"]), JSON))
def test_an_odd_field_does_not_cost_the_chat(odd: dict[str, object]) -> None:
    found = parse_chat({"id": "A", "capabilities": ["Leave"], **odd})
    assert found is not None
    assert (found.id, found.capabilities) == ("A", ("Leave",))
