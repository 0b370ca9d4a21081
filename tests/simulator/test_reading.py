import pytest

from chatbot.simulator.reading import chosen, listing, number, subresources
from chatbot.simulator.status import OperationError

ITEMS: list[dict[str, object]] = [
    {"id": "1", "name": "a", "channel": "chat", "uri": "/1"},
    {"id": "2", "name": "b", "channel": "voice", "uri": "/2"},
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"uris": ["/1", "/2"]}),
        ({"channel": "chat"}, {"uris": ["/1"]}),
        ({"fields": "*"}, {"queues": ITEMS}),
        ({"fields": "id,nothing", "channel": "voice"}, {"queues": [{"id": "2"}]}),
    ],
)
def test_lists(query: dict[str, str], expected: dict[str, object]) -> None:
    assert listing("queues", ITEMS, query) == expected


def test_fields_of_one_resource() -> None:
    assert chosen(ITEMS[0], "*") == chosen(ITEMS[0], "") == ITEMS[0]
    assert chosen(ITEMS[0], "name") == {"name": "a"}


def test_subresources() -> None:
    available = {"chats": [], "calls": []}
    assert subresources(available, "*") == available
    assert subresources(available, "chats,nothing") == {"chats": []}
    assert subresources(available, "") == {}


def test_numbers() -> None:
    assert number({"count": "5"}, "count", None) == 5
    assert number({}, "count", 7) == 7
    with pytest.raises(OperationError) as caught:
        number({"count": "x"}, "count", None)
    assert caught.value.status == 10
