import asyncio
from collections.abc import Awaitable, Callable

import pytest

from chatbot import Chat, ChatState, NotAllowed, Participant, Receipt, Refused, TextReceived, Visibility
from chatbot.hooks.run import HookRun, current_run
from chatbot.model import actions as do
from chatbot.model.actions import Action
from chatbot.model.errors import ConnectionLost
from chatbot.model.words import ParticipantType
from tests.hooks.stage import ANA, HELLO, ME, NOW, Stage

EVA = Participant(
    nickname="Eva", type=ParticipantType.AGENT, participant_id="3", path="/users/7", uri="http://x/users/7"
)
FAR = EVA.model_copy(update={"path": ""})
BOSS = Participant(
    nickname="Boss", type=ParticipantType.AGENT, participant_id="4", visibility=Visibility.SUPERVISORS
)
COACH = BOSS.model_copy(update={"participant_id": "5", "visibility": Visibility.AGENTS})

Method = Callable[[Chat], Awaitable[Receipt]]
METHODS: list[tuple[Method, Action]] = [
    (lambda chat: chat.send_text("hi"), do.SendMessage(text="hi")),
    (
        lambda chat: chat.send_text("hi", message_type="Greeting", treat_as="System"),
        do.SendMessage(text="hi", message_type="Greeting", treat_as="System"),
    ),
    (lambda chat: chat.send_to_agents("psst"), do.SendToAgents(text="psst")),
    (lambda chat: chat.send_url("https://x.example"), do.SendUrl(url="https://x.example")),
    (lambda chat: chat.send_notice("n"), do.SendCustomNotice(notice_text="n")),
    (lambda chat: chat.send_notice_to_agents("n"), do.SendCustomNoticeToAgents(notice_text="n")),
    (lambda chat: chat.rename("Max"), do.SendNicknameUpdatedNotice(notice_text="Max")),
    (lambda chat: chat.start_typing(), do.SendStartTypingNotification()),
    (lambda chat: chat.stop_typing(), do.SendStopTypingNotification()),
    (lambda chat: chat.invite("/users/7"), do.Invite(target_uri="/users/7")),
    (lambda chat: chat.consult("/users/7"), do.Consult(target_uri="/users/7")),
    (lambda chat: chat.cancel_consult(), do.CancelConsult()),
    (lambda chat: chat.transfer(target="/users/7"), do.Transfer(target_uri="/users/7")),
    (
        lambda chat: chat.transfer(queue="Support", text="Bye"),
        do.Transfer(queue_name="Support", text="Bye"),
    ),
    (lambda chat: chat.remove(EVA), do.RemoveParticipantFromConference(target_path="/users/7")),
    (lambda chat: chat.remove(FAR), do.RemoveParticipantFromConference(target_uri="http://x/users/7")),
    (lambda chat: chat.attach_user_data({"a": 1}), do.AttachUserData(user_data={"a": 1})),
    (lambda chat: chat.update_user_data({"a": None}), do.UpdateUserData(user_data={"a": None})),
    (lambda chat: chat.delete_user_data("a", "b"), do.DeleteUserData(keys=("a", "b"))),
    (lambda chat: chat.set_disposition("done"), do.SetDisposition(disposition="done")),
    (
        lambda chat: chat.set_disposition("done", key="DISP"),
        do.SetDisposition(disposition="done", disposition_key="DISP"),
    ),
    (lambda chat: chat.add_comment("well"), do.AddComment(comment="well")),
    (lambda chat: chat.accept(), do.Accept()),
    (lambda chat: chat.accept("Max"), do.Accept(nickname="Max")),
    (lambda chat: chat.reject(), do.Reject()),
    (lambda chat: chat.leave(), do.Leave()),
    (lambda chat: chat.leave("Bye"), do.Leave(text="Bye")),
    (lambda chat: chat.complete(), do.Complete()),
    (lambda chat: chat.complete(queue="Mail", text="Bye"), do.Complete(queue_name="Mail", text="Bye")),
    (lambda chat: chat.perform(do.SwitchToCoach()), do.SwitchToCoach()),
]


@pytest.mark.parametrize(
    ("method", "action"), METHODS, ids=[f"{n} {action.operation}" for n, (_, action) in enumerate(METHODS)]
)
async def test_a_method_performs_its_operation_on_the_chat(method: Method, action: Action) -> None:
    stage = Stage()
    receipt = await method(stage.chat)
    assert stage.sender.sent == [(action, "A")]
    assert receipt.action == action


def test_every_operation_that_needs_no_raw_action_has_a_method() -> None:
    raw = {"SendStartTypingToAgentsNotification", "SendStopTypingToAgentsNotification", "SetInFocus"}
    raw |= {"SwitchToMonitor", "SwitchToBargeIn", "LeaveAndComplete"}
    operations = {kind.operation for kind in vars(do).values() if getattr(kind, "operation", "")}
    assert {action.operation for _, action in METHODS} == operations - raw


@pytest.mark.parametrize(
    ("capabilities", "action"),
    [(("LeaveAndComplete",), do.LeaveAndComplete()), (("Complete",), do.Complete()), (None, do.Complete())],
)
async def test_leaving_and_completing_takes_one_step_only_where_the_server_lists_it(
    capabilities: tuple[str, ...] | None, action: Action
) -> None:
    stage = Stage(capabilities=capabilities)
    await stage.chat.leave_and_complete()
    assert stage.sent == [action]


async def test_only_who_has_an_address_can_be_removed() -> None:
    stage = Stage()
    with pytest.raises(ValueError, match="only agents can be removed"):
        await stage.chat.remove(ANA)
    assert stage.sent == []


async def test_a_refusal_reaches_the_plugin() -> None:
    stage = Stage()
    refusal = NotAllowed("SendMessage", needed="SendMessage", have=(), reason="no")
    stage.sender.refused[do.SendMessage] = refusal
    with pytest.raises(NotAllowed) as caught:
        await stage.chat.send_text("hi")
    assert caught.value is refusal


# typing

TYPING = [do.SendStartTypingNotification(), do.SendMessage(text="hi"), do.SendStopTypingNotification()]


async def test_typing_is_shown_round_the_block() -> None:
    stage = Stage()
    async with stage.chat.typing():
        await stage.chat.send_text("hi")
    assert stage.sent == TYPING


async def test_typing_is_taken_down_after_an_error() -> None:
    stage = Stage()
    with pytest.raises(ZeroDivisionError):
        async with stage.chat.typing():
            raise ZeroDivisionError
    assert stage.sent == [TYPING[0], TYPING[2]]


@pytest.mark.parametrize("error", [Refused("no", action="x"), ConnectionLost("cable")])
async def test_that_typing_cannot_be_shown_is_no_reason_to_be_silent(error: Exception) -> None:
    stage = Stage()
    stage.sender.refused = {do.SendStartTypingNotification: error, do.SendStopTypingNotification: error}  # type: ignore[dict-item]
    async with stage.chat.typing():
        await stage.chat.send_text("hi")
    assert stage.sent == [TYPING[1]]


async def test_typing_is_taken_down_when_the_hook_is_cancelled_while_it_is_being_shown() -> None:
    stage = Stage()
    stage.sender.gate = asyncio.Event()

    async def hook() -> None:
        async with stage.chat.typing():
            raise AssertionError("the block must not run")

    task = asyncio.create_task(hook())
    await asyncio.sleep(0)
    task.cancel()
    stage.sender.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stage.sent == [TYPING[2]]


# what is known


def test_a_chat_shows_what_the_bot_knows() -> None:
    stage = Stage(
        participants=(ANA, ME, EVA, BOSS, COACH),
        capabilities=("Leave",),
        user_data={"Subject": "Hours"},
    )
    chat = stage.chat
    assert (chat.id, chat.state, chat.customer, chat.me, chat.started_at) == ("A", "Chatting", ANA, ME, NOW)
    assert chat.participants == (ANA, ME, EVA, BOSS, COACH)
    assert (chat.capabilities, chat.user_data) == (("Leave",), {"Subject": "Hours"})
    assert repr(chat) == "<Chat A Chatting>"


def test_the_other_agents_are_those_that_the_customer_can_see() -> None:
    stage = Stage(participants=(ANA, ME, EVA, BOSS, COACH))
    assert stage.chat.agents == (EVA,)


def test_while_the_bot_does_not_know_itself_every_visible_agent_is_another_one() -> None:
    stage = Stage(participants=(ANA, ME, EVA))
    stage.view.me = None
    assert stage.chat.agents == (ME, EVA)


def test_a_namesake_of_the_bot_is_another_agent() -> None:
    namesake = ME.model_copy(update={"participant_id": "9"})
    assert Stage(participants=(ANA, namesake, ME)).chat.agents == (namesake,)


def test_of_a_chat_that_is_only_heard_of_nothing_is_known() -> None:
    chat = Stage(state=None, participants=None).chat
    assert (chat.state, chat.participants, chat.customer, chat.agents) == ("", (), None, ())
    assert (chat.capabilities, chat.user_data) == ((), {})
    with pytest.raises(TypeError, match=r"use chat[.]update_user_data"):
        chat.user_data["a"] = 1  # type: ignore[index]
    assert isinstance(chat.state, ChatState)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (do.SendMessage, True),
        ("SendMessage", True),
        (do.SetInFocus, True),
        ("SetInFocus", True),
        (do.Transfer, False),
        ("Transfer", False),
        (do.AddComment, True),
        ("AddComment", True),
        ("PlaceInQueue", False),
    ],
)
def test_a_chat_says_what_can_be_done(action: type[Action] | str, expected: bool) -> None:  # noqa: FBT001 (a column of the table)
    assert Stage(capabilities=("SendMessage", "InFocus")).chat.can(action) is expected


def test_plugins_keep_values_in_the_chat() -> None:
    stage = Stage()
    stage.chat.memory["step"] = 2
    assert stage.view.memory == {"step": 2}


async def test_a_coroutine_beside_the_hooks_is_the_bots_to_run() -> None:
    stage = Stage()
    coroutine = asyncio.sleep(0)
    stage.chat.spawn(coroutine)
    assert stage.view.spawned == [coroutine]
    coroutine.close()


# reading


async def test_the_transcript_is_read_whole_or_in_part() -> None:
    stage = Stage()
    assert await stage.chat.messages() == [HELLO]
    assert await stage.chat.messages(start=5, count=2) == [HELLO]
    assert stage.view.asked == [(1, None), (5, 2)]


async def test_reading_does_not_count_against_the_hook() -> None:
    stage = Stage()
    stage.view.gate = asyncio.Event()
    hook = HookRun("faq", "on_text", HELLO)
    current_run.set(hook)
    async with asyncio.timeout(0.01) as deadline:
        with hook.limited(deadline):
            asyncio.get_running_loop().call_later(0.03, stage.view.gate.set)
            assert await stage.chat.messages() == [HELLO]


# natural typing, and waiting


async def test_natural_typing_shows_for_as_long_as_the_text_takes() -> None:
    stage = Stage()
    await stage.chat.send_text("x" * 60, typing="natural")
    assert stage.view.pauses == [(2.0, None)]
    assert stage.sent == [TYPING[0], do.SendMessage(text="x" * 60), TYPING[2]]


async def test_a_text_that_the_customer_interrupts_is_not_said() -> None:
    stage = Stage()
    stage.view.is_interrupted = True
    with pytest.raises(NotAllowed, match="the customer said something meanwhile"):
        await stage.chat.send_text("x", typing="natural", interruptible=True)
    assert stage.sent == [TYPING[0], TYPING[2]]
    assert stage.view.pauses == [(0.5, 7)]
    await stage.chat.send_text("hi", typing="natural")
    assert stage.sent[2:] == TYPING


async def test_typing_is_taken_down_if_the_text_is_refused() -> None:
    stage = Stage()
    stage.sender.refused[do.SendMessage] = Refused("no", action="SendMessage")
    with pytest.raises(Refused):
        await stage.chat.send_text("hi", typing="natural")
    assert stage.sent == [TYPING[0], TYPING[2]]


async def test_there_is_one_way_to_type() -> None:
    stage = Stage()
    with pytest.raises(ValueError, match="typing is 'natural' or None, not 'fast'"):
        await stage.chat.send_text("hi", typing="fast")  # type: ignore[arg-type]
    assert stage.sent == []


async def test_what_is_waited_for_is_handed_on() -> None:
    stage = Stage()
    stage.view.coming.append(HELLO)
    assert await stage.chat.wait_for(TextReceived, where=lambda event: event.index == 3, timeout=5) is HELLO
    assert stage.view.waits == [(TextReceived, 5)]
