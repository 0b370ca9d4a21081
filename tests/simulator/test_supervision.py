from typing import Any

import pytest

from chatbot.simulator.chats import Chat, ChatState
from chatbot.simulator.status import OperationError
from tests.simulator.stage import Stage


def supervised(**options: Any) -> Stage:
    stage = Stage(**options)
    stage.agent("bot")
    stage.agent("sup", supervisor=True, queues=())
    return stage


def watch(stage: Stage, operation: str, **given: str) -> None:
    bot = stage.world.agents.get("bot").id
    stage.world.operate_user("sup", bot, {"operationName": operation, **given})


def accepted(stage: Stage) -> Chat:
    chat = stage.request()
    stage.notes.clear()
    stage.do("bot", chat, "Accept", nickname="Bot")
    return chat


def intruded(stage: Stage, chat: Chat, mode: str | None = "Monitor", user: str = "bot") -> None:
    given = {} if mode is None else {"supervisorVisibilityMode": mode}
    stage.world.intrude("sup", user, chat.id, {"operationName": "Intrude", **given})


@pytest.mark.parametrize(
    ("operation", "visibility"),
    [("Monitor", "Supervisors"), ("Coach", "Agents"), ("BargeIn", "All")],
)
def test_a_watching_supervisor_comes_into_the_next_chat(operation: str, visibility: str) -> None:
    stage = supervised()
    watch(stage, operation, nickname="Boss")
    chat = accepted(stage)
    assert stage.kinds("sup")[:2] == ["StatusChange Chatting", "ParticipantsUpdated"]
    supervisor = chat.participants[-1]
    assert (supervisor.nickname, supervisor.type, supervisor.visibility) == ("Boss", "Agent", visibility)
    seen = [who["nickname"] for who in stage.world.customer_chat(chat.id)["participants"]]
    assert ("Boss" in seen) is (visibility == "All")


def test_next_chat_is_for_one_chat_and_all_chats_for_all() -> None:
    stage = supervised()
    watch(stage, "Monitor", supervisorMonitoringMode="NextChat")
    assert ["sup" in accepted(stage).legs for _ in range(2)] == [True, False]
    watch(stage, "Monitor")
    assert ["sup" in accepted(stage).legs for _ in range(2)] == [True, True]


def test_monitoring_ends_with_the_next_chat_when_cancelled() -> None:
    stage = supervised()
    watch(stage, "Monitor")
    running = accepted(stage)
    watch(stage, "CancelSupervisorMonitoring")
    assert running.legs["sup"].is_talking
    assert "sup" not in accepted(stage).legs
    with pytest.raises(OperationError) as caught:
        watch(stage, "CancelSupervisorMonitoring")
    assert caught.value.status == 2


def test_by_option_a_monitored_chat_is_offered_first() -> None:
    stage = supervised(monitoring_offers=True)
    watch(stage, "Monitor")
    chat = accepted(stage)
    assert stage.kinds("sup") == ["StatusChange Invited"]
    stage.do("sup", chat, "Accept")
    assert chat.legs["sup"].is_talking


def test_a_supervisor_sees_revoked_when_the_chat_is_completed() -> None:
    stage = supervised()
    watch(stage, "Monitor")
    chat = accepted(stage)
    stage.notes.clear()
    stage.do("bot", chat, "Complete")
    assert "StatusChange Revoked" in stage.kinds("sup")


def test_a_supervisor_may_leave_at_any_time() -> None:
    stage = supervised()
    watch(stage, "Monitor")
    chat = accepted(stage)
    stage.notes.clear()
    stage.do("sup", chat, "Leave")
    assert stage.kinds("sup") == ["StatusChange Completed"]
    assert stage.world.customer_chat(chat.id)["state"] == "Chatting"


def test_an_agent_watched_by_a_silent_monitor_is_still_alone_with_the_customer() -> None:
    stage = supervised()
    watch(stage, "Monitor")
    chat = accepted(stage)
    stage.do("bot", chat, "Leave")
    assert chat.legs["bot"].state is ChatState.LEFT_CHAT


def test_an_intruder_is_offered_the_chat_and_must_accept() -> None:
    stage = supervised()
    chat = accepted(stage)
    intruded(stage, chat, "Coach")
    assert stage.kinds("sup") == ["StatusChange Invited"]
    stage.do("sup", chat, "Accept", nickname="Boss")
    stage.do("sup", chat, "SendToAgents", text="be nice")
    assert stage.kinds("bot")[-1] == "NewMessages Text"
    assert stage.customer_texts(chat) == []


def test_an_intrusion_takes_the_running_mode() -> None:
    stage = supervised()
    chat = accepted(stage)
    with pytest.raises(OperationError) as caught:
        intruded(stage, chat, None)
    assert caught.value.status == 1
    watch(stage, "BargeIn")
    intruded(stage, chat, None)
    stage.do("sup", chat, "Accept")
    assert chat.participants[-1].visibility == "All"


def test_an_intrusion_needs_a_running_chat_and_no_part_in_it_yet() -> None:
    stage = supervised()
    chat = accepted(stage)
    with pytest.raises(OperationError) as caught:
        intruded(stage, chat, user="sup")
    assert caught.value.status == 6
    intruded(stage, chat)
    with pytest.raises(OperationError) as caught:
        intruded(stage, chat)
    assert caught.value.status == 2


def test_a_refused_intrusion_bothers_nobody() -> None:
    stage = supervised()
    chat = accepted(stage)
    intruded(stage, chat)
    stage.notes.clear()
    stage.do("sup", chat, "Reject")
    assert stage.kinds("bot") == []
    assert not chat.is_waiting


@pytest.mark.parametrize(
    ("operation", "visibility"),
    [("SwitchToCoach", "Agents"), ("SwitchToBargeIn", "All"), ("SwitchToMonitor", "Supervisors")],
)
def test_a_switch_is_told_with_people_and_a_line_of_the_new_visibility(
    operation: str, visibility: str
) -> None:
    stage = supervised()
    chat = accepted(stage)
    intruded(stage, chat)
    stage.do("sup", chat, "Accept")
    stage.notes.clear()
    stage.do("sup", chat, operation)
    people, line = stage.take("sup")
    assert people.kind == "ParticipantsUpdated"
    assert line.data["messages"][0]["visibility"] == visibility
    assert chat.legs["sup"].visibility == visibility


def test_only_supervisors_may() -> None:
    stage = supervised()
    chat = accepted(stage)
    with pytest.raises(OperationError) as caught:
        stage.world.operate_user("bot", "sup", {"operationName": "Monitor"})
    assert caught.value.status == 5
    with pytest.raises(OperationError) as caught:
        stage.world.intrude("bot", "bot", chat.id, {"operationName": "Intrude"})
    assert caught.value.status == 5
    with pytest.raises(OperationError) as caught:
        stage.do("bot", chat, "SwitchToCoach")
    assert caught.value.status == 3


def test_a_supervisor_who_is_in_already_is_not_brought_in_again() -> None:
    stage = supervised()
    chat = stage.request()
    stage.do("bot", chat, "Accept")
    stage.do("bot", chat, "Invite", targetUri=stage.uri("sup"))
    stage.do("sup", chat, "Accept")
    watch(stage, "Monitor")
    stage.agent("eva", queues=())
    stage.world.operate_user("sup", "eva", {"operationName": "Monitor"})
    stage.do("bot", chat, "Invite", targetUri=stage.uri("eva"))
    stage.do("eva", chat, "Accept")
    assert [who.nickname for who in chat.participants].count("sup") == 1


def test_a_supervisor_who_barged_in_and_is_left_alone_ends_the_chat_like_an_agent() -> None:
    stage = supervised()
    chat = accepted(stage)
    intruded(stage, chat, "BargeIn")
    stage.do("sup", chat, "Accept")
    stage.do("bot", chat, "Leave")
    assert chat.legs["bot"].state is ChatState.COMPLETED
    stage.do("sup", chat, "Leave")
    assert chat.legs["sup"].state is ChatState.LEFT_CHAT
    stage.do("sup", chat, "Complete")
    assert chat.is_finished
