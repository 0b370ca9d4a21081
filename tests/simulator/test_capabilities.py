from typing import Any

import pytest

from chatbot.simulator.capabilities import DATA, TO_AGENTS, TO_CUSTOMER, capabilities
from chatbot.simulator.chats import Cause, Chat, ChatState, Leg
from chatbot.simulator.options import Options
from chatbot.simulator.transcript import Participant, Transcript, Visibility

PEOPLE = ["Invite", "Consult"]


def listed(leg: Leg, *others: Leg, customer: bool = True, **options: Any) -> list[str]:
    chat = Chat("id", "uuid", "default", 0.0, Transcript())
    if customer:
        chat.participants.append(Participant("A" * 16, "Ana", "Customer"))
    chat.legs = {one.username: one for one in (leg, *others)}
    return capabilities(chat, leg, Options(**options))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (ChatState.INVITED, ["Accept", "Reject"]),
        (ChatState.LEFT_CHAT, ["Transfer", "Complete", "Leave", "SetInFocus"]),
        (ChatState.JOIN_FAILED, ["SetInFocus", "Complete", *DATA]),
        (ChatState.COMPLETED, []),
        (ChatState.REVOKED, []),
        (
            ChatState.CHATTING,
            ["Transfer", "Leave", "Complete", *PEOPLE, "SetInFocus", *DATA, *TO_CUSTOMER],
        ),
    ],
)
def test_capabilities_follow_the_state(state: ChatState, expected: list[str]) -> None:
    assert listed(Leg("bot", state=state)) == expected


def test_the_three_for_agents_come_with_another_agent_only() -> None:
    eva = Leg("eva", state=ChatState.CHATTING)
    assert set(TO_AGENTS) <= set(listed(Leg("bot", state=ChatState.CHATTING), eva))


def test_a_silent_monitor_is_not_another_agent() -> None:
    monitor = Leg("sup", Cause.SUPERVISION, Visibility.SUPERVISORS, state=ChatState.CHATTING)
    assert not set(TO_AGENTS) & set(listed(Leg("bot", state=ChatState.CHATTING), monitor))


def test_without_the_customer_nothing_can_be_said_to_anybody() -> None:
    left = listed(Leg("bot", state=ChatState.CHATTING), customer=False)
    assert left == ["Transfer", "Leave", "Complete", "SetInFocus", *DATA]


def test_a_consultant_cannot_talk_to_the_customer() -> None:
    eva = Leg("eva", Cause.CONSULT, Visibility.AGENTS, state=ChatState.CHATTING)
    names = listed(eva, Leg("bot", state=ChatState.CHATTING))
    assert not set(TO_CUSTOMER) & set(names)
    assert set(TO_AGENTS) <= set(names)


@pytest.mark.parametrize(
    ("visibility", "expected"),
    [
        (Visibility.SUPERVISORS, ["Leave", "SetInFocus", "SwitchToCoach", "SwitchBargeIn"]),
        (Visibility.AGENTS, ["Leave", "SetInFocus", *TO_AGENTS, "SwitchToMonitor", "SwitchBargeIn"]),
        (
            Visibility.ALL,
            ["Leave", "SetInFocus", *TO_AGENTS, *TO_CUSTOMER, "SwitchToMonitor", "SwitchToCoach"],
        ),
    ],
)
def test_a_supervisor_may_do_what_the_mode_allows(visibility: Visibility, expected: list[str]) -> None:
    supervisor = Leg("sup", Cause.SUPERVISION, visibility, state=ChatState.CHATTING)
    assert listed(supervisor, Leg("bot", state=ChatState.CHATTING)) == expected


def test_odd_names_are_options() -> None:
    names = listed(Leg("bot", state=ChatState.CHATTING), focus_capability="InFocus", leave_and_complete=True)
    assert {"InFocus", "LeaveAndComplete"} <= set(names)
