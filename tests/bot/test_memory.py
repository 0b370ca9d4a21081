from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.bot.memory import KeptMemory

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def itself() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


STRANGE: dict[str, tuple[Any, type[Exception]]] = {
    "an object": (object(), TypeError),
    "a set": ({1}, TypeError),
    "bytes deep within": ({"a": [b"x"]}, TypeError),
    "not a number": (float("nan"), ValueError),
    "no end": (float("inf"), ValueError),
    "itself": (itself(), ValueError),
}


@pytest.mark.parametrize(("value", "error"), STRANGE.values(), ids=STRANGE)
def test_what_json_does_not_know_is_refused_at_once(value: Any, error: type[Exception]) -> None:
    memory = KeptMemory({"a": 1})
    with pytest.raises(error):
        memory["b"] = value
    with pytest.raises(error):
        memory.update(a=value)
    with pytest.raises(error):
        memory.setdefault("c", value)
    assert (dict(memory), memory.news()) == ({"a": 1}, None)


def test_a_key_is_a_string() -> None:
    memory = KeptMemory()
    with pytest.raises(TypeError, match="a key of memory is a string, not int"):
        memory[1] = 2  # type: ignore[index]
    assert memory.news() is None


def test_news_is_told_once() -> None:
    memory = KeptMemory({"step": 1})
    assert memory.news() is None
    memory["step"] = 2
    assert memory.news() == '{"step":2}'
    assert memory.news() is None
    del memory["step"]
    assert (memory.news(), memory.news()) == ("{}", None)


def test_what_is_changed_within_a_value_is_news_too() -> None:
    memory = KeptMemory({"seen": ["a"]})
    memory["seen"].append("b")
    assert memory.news() == '{"seen":["a","b"]}'


def test_a_value_that_was_changed_and_changed_back_is_no_news() -> None:
    memory = KeptMemory({"step": 1})
    memory["step"] = 2
    memory["step"] = 1
    assert memory.news() is None


def test_what_was_saved_is_copied() -> None:
    saved = {"step": 1}
    KeptMemory(saved)["step"] = 2
    assert saved == {"step": 1}


def test_what_is_put_into_a_value_and_is_no_json_costs_what_changed_since_the_last_news(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory = KeptMemory({"seen": ["a"]})
    memory["step"] = 1
    assert memory.news() == '{"seen":["a"],"step":1}'
    memory["step"] = 2
    memory["seen"].append("b")
    memory.setdefault("times", []).append(datetime.now(UTC))
    assert memory.news() is None
    assert dict(memory) == {"seen": ["a"], "step": 1}
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("ERROR", "a plugin keeps something that is no JSON: what it changed in memory is dropped")
    ]
    memory["seen"].append("c")
    assert (memory.news(), memory.news()) == ('{"seen":["a","c"],"step":1}', None)


def test_what_is_no_json_costs_nothing_that_was_saved() -> None:
    memory = KeptMemory({"ring": []})
    memory["ring"].append(memory["ring"])
    assert (memory.news(), dict(memory)) == (None, {"ring": []})


@given(st.dictionaries(st.text(), JSON, min_size=1, max_size=4))
def test_any_json_is_kept(values: dict[str, Any]) -> None:
    memory = KeptMemory()
    memory.update(values)
    assert dict(memory) == values
    assert memory.news() is not None
    assert KeptMemory(values).news() is None
