from typing import Any

import pytest

from chatbot import CapabilitiesChanged, Event, Participant, ParticipantsChanged, UserDataChanged
from chatbot.model.changes import changes
from chatbot.model.resources import ChatResource
from tests.model.payloads import ABOUT, notification

WHERE = {**ABOUT, "chat_id": "A"}
ANA = Participant(nickname="Ana", participant_id="1")
EVA = Participant(nickname="Eva", participant_id="2")


def chat(**fields: Any) -> ChatResource:
    return ChatResource(id="A", **fields)


def told(before: ChatResource | None, after: ChatResource) -> list[Event]:
    return list(changes(before, after, **ABOUT))


def test_of_a_chat_seen_first_nothing_has_changed() -> None:
    assert told(None, chat(participants=(ANA,), user_data={"a": 1}, capabilities=("Leave",))) == []


def test_the_same_view_again_changes_nothing() -> None:
    view = chat(participants=(ANA,), user_data={"a": 1}, capabilities=("Leave",))
    assert told(view, view) == []


def test_people_data_and_capabilities_change_in_this_order() -> None:
    before = chat(participants=(ANA,), user_data={"a": 1, "b": 2, "c": 3}, capabilities=("Leave", "Invite"))
    after = chat(
        participants=(ANA, EVA), user_data={"a": 1, "b": "2", "d": None}, capabilities=("Leave", "Transfer")
    )
    assert told(before, after) == [
        ParticipantsChanged(**WHERE),
        UserDataChanged(added={"d": None}, changed={"b": "2"}, removed=("c",), **WHERE),
        CapabilitiesChanged(granted=("Transfer",), withdrawn=("Invite",), **WHERE),
    ]


def test_what_a_view_does_not_mention_has_not_changed() -> None:
    before = chat(participants=(ANA,), user_data={"a": 1}, capabilities=("Leave",))
    assert told(before, chat()) == []


def test_what_is_mentioned_for_the_first_time_is_new() -> None:
    after = chat(participants=(ANA,), user_data={"a": 1}, capabilities=("Leave",))
    assert told(chat(), after) == [
        ParticipantsChanged(**WHERE),
        UserDataChanged(added={"a": 1}, **WHERE),
        CapabilitiesChanged(granted=("Leave",), **WHERE),
    ]


def test_emptied_lists_are_changes() -> None:
    before = chat(participants=(ANA,), user_data={"a": 1}, capabilities=("Leave",))
    assert told(before, chat(participants=(), user_data={}, capabilities=())) == [
        ParticipantsChanged(**WHERE),
        UserDataChanged(removed=("a",), **WHERE),
        CapabilitiesChanged(withdrawn=("Leave",), **WHERE),
    ]


def test_the_order_of_capabilities_means_nothing() -> None:
    assert told(chat(capabilities=("A", "B")), chat(capabilities=("B", "A", "A"))) == []


@pytest.mark.parametrize("gone", [None, {}])
def test_no_data_before_and_none_after_is_no_change(gone: dict[str, Any] | None) -> None:
    assert told(chat(user_data=gone), chat(user_data={})) == []


def test_a_value_that_changes_its_type_has_changed() -> None:
    before = ChatResource.model_validate(notification("notif_attach_user_data")["chat"])
    after = ChatResource.model_validate(notification("notif_update_user_data")["chat"])
    assert told(before, after) == [
        UserDataChanged(
            chat_id="0000Wa9CAM6W00J",
            changed={"UserData1": 987654321, "UserData2": "DATAUPDATE-@123"},
            **ABOUT,
        )
    ]
