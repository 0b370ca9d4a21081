import pytest

from chatbot.simulator.chats import ChatState
from tests.simulator.stage import Stage


def test_a_chat_waits_until_somebody_is_ready() -> None:
    stage = Stage()
    stage.world.add_agent("bot")
    chat = stage.request()
    stage.world.operate("bot", {"operationName": "StartContactCenterSession", "channels": ["chat"]})
    assert chat.is_waiting
    stage.world.operate_channel("bot", "chat", {"operationName": "Ready"})
    assert not chat.is_waiting
    assert stage.kinds() == ["StatusChange Invited"]


def test_a_chat_is_offered_to_one_agent_only() -> None:
    stage = Stage()
    stage.agent("one")
    stage.agent("two")
    stage.request()
    assert sorted([stage.kinds("one"), stage.kinds("two")]) == [[], ["StatusChange Invited"]]


def test_the_agent_with_the_fewest_chats_is_asked() -> None:
    stage = Stage()
    stage.agent("one")
    stage.agent("two")
    owners = [next(iter(stage.request().legs)) for _ in range(4)]
    assert sorted(owners) == ["one", "one", "two", "two"]


def test_a_queue_reaches_only_those_who_serve_it() -> None:
    stage = Stage()
    stage.agent("bot")
    stage.agent("eva", queues=("sales",))
    assert list(stage.request(endpoint="sales").legs) == ["eva"]
    assert list(stage.request(endpoint="bot").legs) == ["bot"]
    assert stage.request(endpoint="nobody").is_waiting


def test_capacity_is_kept_and_freed() -> None:
    stage = Stage()
    first = stage.chatting(capacity=1)
    second = stage.request()
    assert second.is_waiting
    stage.do("bot", first, "Complete")
    assert second.legs["bot"].state is ChatState.INVITED


def test_a_refused_chat_goes_to_somebody_else() -> None:
    stage = Stage()
    stage.agent("one")
    chat = stage.request()
    stage.do("one", chat, "Reject")
    assert chat.is_waiting
    stage.agent("two")
    assert chat.legs["two"].state is ChatState.INVITED


def test_reject_is_told_as_printed() -> None:
    stage = Stage()
    stage.agent()
    chat = stage.request()
    stage.take("bot")
    stage.do("bot", chat, "Reject")
    [note] = stage.take("bot")
    assert note.kind == "StatusChange Completed"
    assert note.data["chat"]["participants"] == []
    assert "referenceId" in note.data


@pytest.mark.parametrize("state", ["Revoked", "Completed"])
def test_an_offer_ends_after_its_time(state: str) -> None:
    stage = Stage(offer_timeout=10.0, offer_timeout_state=state)
    stage.agent("one")
    chat = stage.request()
    stage.agent("two")
    stage.take("one")
    assert stage.world.due_at() == stage.clock() + 10
    stage.clock.advance(9.9)
    stage.world.tick()
    assert stage.kinds("one") == []
    stage.clock.advance(0.1)
    stage.world.tick()
    assert stage.kinds("one") == [f"StatusChange {state}"]
    assert chat.legs["two"].state is ChatState.INVITED


def test_nothing_is_due_without_an_offer() -> None:
    assert Stage().world.due_at() is None


@pytest.mark.parametrize("punished", [True, False])
def test_who_lets_it_ring_may_be_made_not_ready(*, punished: bool) -> None:
    stage = Stage(not_ready_after_timeout=punished)
    stage.agent()
    stage.request()
    stage.clock.advance(30)
    stage.world.tick()
    assert stage.world.agents.get("bot").is_ready is not punished


def test_a_customer_who_gives_up_takes_the_offer_back() -> None:
    stage = Stage()
    stage.agent()
    chat = stage.request()
    stage.take("bot")
    stage.world.customer_leaves(chat.id)
    assert stage.kinds() == ["StatusChange Revoked"]
    assert chat.is_finished


def test_a_customer_who_gives_up_waiting_is_not_routed_any_more() -> None:
    stage = Stage()
    chat = stage.request()
    stage.world.customer_leaves(chat.id)
    stage.agent()
    assert stage.kinds() == []


def test_an_invitation_that_is_refused_is_an_error_for_the_asker() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=())
    reference = stage.do("bot", chat, "Invite", targetUri=stage.uri("eva"))["referenceId"]
    stage.do("eva", chat, "Reject")
    [note] = stage.take("bot")
    assert note.data == {
        "notificationType": "Error",
        "errorMessage": "Request failed",
        "referenceId": reference,
    }
    assert not chat.is_waiting


def test_a_refused_transfer_goes_back_to_the_queue() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=())
    stage.do("bot", chat, "Transfer", targetUri=stage.uri("eva"))
    stage.do("eva", chat, "Reject")
    assert chat.legs["bot"].state is ChatState.INVITED
