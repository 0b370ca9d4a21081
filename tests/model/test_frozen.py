import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from chatbot.model.actions import UpdateUserData
from chatbot.model.events import OperationFailed, UnknownMessage, UserDataChanged
from chatbot.model.frozen import FrozenDict, frozen
from chatbot.model.resources import ChatResource
from tests.bot.make import NOW

PLAIN = {"a": [1, {"b": None}], "c": "x"}


def changes_of_a_dict(it: Any) -> list[Callable[[], object]]:
    return [
        lambda: it.__setitem__("a", 1),
        lambda: it.__delitem__("a"),
        lambda: it.__ior__({"z": 1}),
        it.clear,
        lambda: it.pop("a"),
        it.popitem,
        lambda: it.setdefault("z", 1),
        lambda: it.update(z=1),
    ]


def changes_of_a_list(it: Any) -> list[Callable[[], object]]:
    return [
        lambda: it.__setitem__(0, 2),
        lambda: it.__delitem__(0),
        lambda: it.__iadd__([1]),
        lambda: it.__imul__(2),
        lambda: it.append(1),
        it.clear,
        lambda: it.extend([1]),
        lambda: it.insert(0, 1),
        it.pop,
        lambda: it.remove(1),
        it.reverse,
        it.sort,
    ]


def test_nothing_of_it_can_be_changed_and_the_error_says_what_to_do() -> None:
    value = frozen(PLAIN)
    tries = [*changes_of_a_dict(value), *changes_of_a_list(value["a"]), *changes_of_a_dict(value["a"][1])]
    for change in tries:
        with pytest.raises(TypeError, match=r"cannot be changed\n  fix: change a copy"):
            change()
    assert value == PLAIN


def test_every_method_that_changes_a_dict_or_a_list_is_known() -> None:
    for plain, made in ((dict, frozen({})), (list, frozen([]))):
        kept = set(dir(type(made))) - {"__doc__", "__module__", "__dict__", "__weakref__", "__reduce__"}
        same = {name for name in kept if getattr(type(made), name) is getattr(plain, name, None)}
        readers = {name for name in same if not name.startswith("_")}
        assert readers <= {"copy", "fromkeys", "get", "items", "keys", "values", "count", "index"}


def test_it_is_a_copy_equal_to_the_value_and_written_like_it() -> None:
    source = copy.deepcopy(PLAIN)
    value = frozen(source)
    source["a"].append(7)  # type: ignore[attr-defined]
    assert value == PLAIN
    assert json.loads(json.dumps(value)) == PLAIN


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_of_it_can_be_changed(copied: Callable[[Any], Any]) -> None:
    value = copied(frozen(PLAIN))
    value["a"][1]["b"] = 5
    value["a"].append(6)
    assert value == {"a": [1, {"b": 5}, 6], "c": "x"}
    flat = copy.copy(frozen(PLAIN))
    flat["c"] = "y"
    assert {**flat, "c": "x"} == frozen(PLAIN).copy() == PLAIN


def test_what_is_nested_without_end_is_no_fault() -> None:
    value: Any = []
    for _ in range(5000):
        value = [value]
    assert frozen(value)[0][0] is not None


def test_events_resources_and_actions_hold_such_values() -> None:
    about: dict[str, Any] = {"received_at": NOW}
    changed = UserDataChanged(added=PLAIN, **about)
    action = UpdateUserData(user_data=PLAIN)
    failed = OperationFailed(action=action, **about)
    assert isinstance(failed.action, UpdateUserData)
    chat = ChatResource(id="c1", user_data=PLAIN)
    odd = UnknownMessage(raw=[PLAIN], **about)
    for value in (changed.added, changed.changed, failed.action.user_data, chat.user_data, odd.raw[0]):
        assert isinstance(value, FrozenDict)
    assert action.body()["userData"] == PLAIN
    assert chat.model_dump(mode="json")["user_data"] == PLAIN
    assert chat.model_copy(update={"state": None}).user_data is chat.user_data
