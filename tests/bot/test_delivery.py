"""How one operation is brought to its end. What is verified, and how: test_verify."""

import asyncio

import pytest

from chatbot import ChatGone, OperationFailed, Refused, TextReceived, Unconfirmed, hookimpl
from chatbot.hooks.chat import Chat
from chatbot.model.actions import (
    Action,
    AddComment,
    Complete,
    Invite,
    Leave,
    SendMessage,
    SendStartTypingNotification,
    Transfer,
)
from chatbot.model.errors import ActionError
from chatbot.wire.http import Reply
from tests.bot.desk import LOST, NOT_SENT, Desk, Reaction, code, reply
from tests.bot.drawer import Drawer
from tests.bot.stage import on_stage


async def test_the_intent_is_durable_before_the_request() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        chat = await stage.chatting()
        found: list[list[str]] = []

        async def look() -> None:
            found.append(drawer.states())

        stage.desk.answer("SendMessage", look)
        receipt = await chat.send_text("hello")
        await receipt.confirmed(1)
        assert found == [["intent"]]
        assert [state for state in drawer.states() if state != "accepted"] == ["intent", "confirmed"]


async def test_nothing_is_sent_while_the_disk_is_busy() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        chat = await stage.chatting()
        drawer.hold()
        sending = asyncio.create_task(chat.send_text("hello"))
        await stage.later(60)
        assert stage.asked("SendMessage") == 0
        drawer.let_go()
        await sending
        assert stage.desk.texts() == ["hello"]


@pytest.mark.parametrize(("change", "told"), [({}, "NotAllowed"), ({"state": "Completed"}, "ChatGone")])
async def test_what_is_not_allowed_any_more_when_the_disk_is_well_is_not_sent(
    change: dict[str, str], told: str
) -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        chat = await stage.chatting()
        drawer.hold()
        sending = asyncio.create_task(told_of(chat, SAY))
        await stage.turns()
        stage.desk.change(capabilities=["Complete"], **change)
        await stage.turns()
        asked = stage.asked("chat")
        drawer.let_go()
        await stage.quiet()
        assert await sending == told
        assert (stage.asked("SendMessage"), stage.asked("chat")) == (0, asked)
    assert ("SendMessage", "failed") in drawer.fates()


async def test_typing_does_not_wait_for_the_disk() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        chat = await stage.chatting()
        stage.desk.change(capabilities=["SendStartTypingNotification"])
        await stage.quiet()
        drawer.hold()
        await chat.perform(SendStartTypingNotification())
        assert stage.asked("SendStartTypingNotification") == 1
        drawer.let_go()
    assert drawer.states("SendStartTypingNotification") == []


async def test_one_operation_at_a_time_is_on_its_way_in_a_chat() -> None:
    async with on_stage() as stage:
        one, other = await stage.chatting("c1"), await stage.chatting("c2")
        gate = stage.desk.holding("SendMessage")
        tasks = [asyncio.create_task(chat.send_text("x")) for chat in (one, one, other)]
        await gate.reached.wait()
        await stage.turns()
        assert (stage.asked("SendMessage"), stage.desk.texts("c1"), stage.desk.texts("c2")) == (2, [], ["x"])
        gate.open.set()
        await asyncio.gather(*tasks)
        assert stage.desk.texts("c1") == ["x", "x"]


async def told_of(chat: Chat, action: Action) -> str:
    """What the sender is told."""
    try:
        await chat.perform(action)
    except ActionError as error:
        return type(error).__name__
    return "fine"


SAY, ASK, NOTE = SendMessage(text="x"), Invite(target_uri="agent:x"), AddComment(comment="x")
PAGE = Reply(200, {"content-type": "text/html"}, b"<html>Maintenance</html>")
OUTCOMES: dict[str, tuple[Action, list[Reaction], str, str, int]] = {
    "refused": (SAY, [code(100)], "Refused", "failed", 1),
    "not sent, then fine": (SAY, [NOT_SENT, NOT_SENT], "fine", "confirmed", 3),
    "busy, then fine": (SAY, [reply(429, {"retry-after": "2"})], "fine", "confirmed", 2),
    "busy for good": (SAY, [reply(429, {"retry-after": "1"})] * 11, "RateLimited", "failed", 11),
    "the chat is gone": (SAY, [reply(404)], "ChatGone", "failed", 1),
    "nobody answered, and it may not be done twice": (ASK, [LOST], "Unconfirmed", "abandoned", 1),
    "nobody answered, and twice is as once": (NOTE, [LOST, LOST], "fine", "accepted", 3),
    "nobody ever answers, and twice is as once": (NOTE, [LOST] * 10, "Unconfirmed", "abandoned", 10),
    "a page, and it may not be done twice": (ASK, [PAGE], "Unconfirmed", "abandoned", 1),
    "a page, and twice is as once": (NOTE, [PAGE, PAGE], "fine", "accepted", 3),
    "only pages, and twice is as once": (NOTE, [PAGE] * 10, "Unconfirmed", "abandoned", 10),
    "only pages": (SAY, [PAGE] * 10, "Unconfirmed", "abandoned", 10),
    "nobody answered, then refused": (SAY, [LOST, code(100)], "Refused", "abandoned", 2),
}


@pytest.mark.parametrize(("action", "reactions", "told", "fate", "asked"), OUTCOMES.values(), ids=OUTCOMES)
async def test_every_operation_gets_its_end(
    action: Action, reactions: list[Reaction], told: str, fate: str, asked: int
) -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        chat = await stage.chatting()
        stage.desk.change(capabilities=["SendMessage", "Invite", "AddComment"])
        await stage.quiet()
        stage.desk.answer(action.operation, *reactions)
        live = stage.live()
        found = await told_of(chat, action)
        await stage.quiet()
        assert (found, drawer.fates()[-1][1], stage.asked(action.operation)) == (told, fate, asked)
        assert not live.sending.locked()


async def test_a_chat_that_ends_before_the_second_try_is_not_spoken_in() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        chat = await stage.chatting()

        async def ends() -> None:
            stage.desk.end()
            raise NOT_SENT

        stage.desk.answer("SendMessage", ends)
        sending = asyncio.create_task(chat.send_text("x"))
        await asyncio.wait([sending])
        assert isinstance(sending.exception(), ChatGone)
        assert (stage.asked("SendMessage"), drawer.fates()[-1][1]) == (1, "failed")


DENIALS: dict[str, tuple[Reply, int]] = {
    "401": (reply(401), 401),
    "code 20": (code(20), 20),
    "403 for the token": (Reply(403, {}, b"Missing or invalid Csrf token"), 403),
    "403 of a proxy": (Reply(403, {}, b"<html>Forbidden by policy</html>"), 403),
    "403 without a code": (reply(403, message="no"), 403),
    "402": (Reply(402, {}, b""), 402),
    "a redirect": (Reply(302, {"location": "/login"}, b""), 302),
}


@pytest.mark.parametrize(("answer", "status"), DENIALS.values(), ids=DENIALS)
async def test_what_no_login_helps_is_refused_and_the_chat_is_not_mute(answer: Reply, status: int) -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        chat = await stage.chatting()
        stage.desk.always("SendMessage", answer)
        began = stage.clock.time
        sending = asyncio.create_task(chat.send_text("x"))
        await stage.until(sending.done)
        error = sending.exception()
        assert isinstance(error, Refused)
        assert (error.status, drawer.fates()[-1]) == (status, ("SendMessage", "failed"))
        assert 60 <= stage.clock.time - began < 90
        assert 5 <= stage.asked("SendMessage") < 20
        stage.desk.always("SendMessage", None)
        await chat.send_text("next")
        assert stage.desk.texts() == ["next"]


async def test_a_session_that_is_lost_again_for_minutes_costs_no_answer() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", *[reply(403)] * 30)

        async def well() -> None:
            """As the server answers when it is well."""

        stage.desk.answer("me", *[reply(503), reply(503), well] * 30)
        began = stage.clock.time
        await chat.send_text("x")
        assert (stage.desk.texts(), stage.asked("SendMessage")) == (["x"], 31)
        assert stage.clock.time - began > 300


async def test_what_may_be_done_twice_waits_for_the_session_that_a_login_page_asks_for() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("UpdateUserData", PAGE)
        stage.desk.answer("me", *[PAGE] * 20)
        before = len(stage.desk.requests)
        await chat.update_user_data({"a": "b"})
        asked = stage.desk.requests[before:]
        assert asked == ["UpdateUserData", *["me"] * 21, "UpdateUserData"]


async def test_an_operation_of_no_chat_is_not_done_twice_for_a_page() -> None:
    async with on_stage() as stage:
        bot = stage.seen.bot
        assert bot is not None
        stage.desk.answer("CancelSupervisorMonitoring", PAGE)
        with pytest.raises(Unconfirmed):
            await bot.cancel_monitoring("u2")
        assert stage.asked("CancelSupervisorMonitoring") == 1


@pytest.mark.parametrize("answer", [reply(429, {"retry-after": "60"}), reply(403)], ids=["429", "403"])
async def test_nobody_waits_for_a_chat_that_has_ended(answer: Reply) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", *[answer] * 6)

        async def ends() -> Reply:
            stage.desk.end()
            return answer

        stage.desk.answer("SendMessage", ends)
        sending = asyncio.create_task(told_of(chat, SAY))
        await stage.until(lambda: stage.asked("SendMessage") == 7)
        began = stage.clock.time
        assert await sending == "ChatGone"
        assert stage.clock.time - began < (50 if answer.status == 429 else 9)


class Failures:
    """Keeps what it is told of failures."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @hookimpl
    async def on_operation_failed(self, event: OperationFailed) -> None:
        self.heard.append(event.message)


async def test_a_chat_that_waits_for_its_turn_holds_nothing_else() -> None:
    async with on_stage(failures := Failures()) as stage:
        slow, other = await stage.chatting("c1"), await stage.chatting("c2")
        stage.desk.answer("SendMessage", reply(429, {"retry-after": "60"}))
        gate = asyncio.Event()
        patient = stage.clock.sleep

        async def sleep(seconds: float) -> None:
            await gate.wait()
            await patient(seconds)

        stage.clock.sleep = sleep  # type: ignore[method-assign]
        sending = asyncio.create_task(slow.send_text("slow"))
        await stage.until(lambda: stage.asked("SendMessage") == 1)
        await other.send_text("other")
        stage.desk.publish({"messageType": "ChatError", "notificationType": "Error", "errorMessage": "no"})
        await stage.turns(500)
        assert (failures.heard, stage.desk.texts("c2"), sending.done()) == (["no"], ["other"], False)
        gate.set()
        await sending
        assert stage.desk.texts("c1") == ["slow"]


class Ends:
    """Ends the chat in a way of its own."""

    def __init__(self, action: Action) -> None:
        self._action = action

    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await chat.perform(self._action)


ENDINGS = [Transfer(queue_name="q"), Complete(), Leave()]


@pytest.mark.parametrize("action", ENDINGS, ids=lambda it: it.operation)
@pytest.mark.parametrize("took_effect", [True, False])
async def test_a_crash_amid_the_end_of_a_chat_leaves_no_doubt(action: Action, *, took_effect: bool) -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Ends(action), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        name = action.operation
        gate = desk.unanswered(name) if took_effect else desk.holding(name, effect=False)
        desk.says("one")
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    async with on_stage(Ends(action), desk=desk, journal=drawer) as stage:
        await stage.later(12)  # a chat that is not listed is looked for twice
        assert stage.asked(action.operation) == (1 if took_effect else 2)
    assert (action.operation, "confirmed") in drawer.fates()


class Hello(SendMessage):
    """A plugin's own kind of text."""


class Loud(SendMessage):
    """A kind that no later run can read."""

    volume: int = 11


class Greets:
    """Answers with a kind of its own."""

    def __init__(self, kind: type[SendMessage]) -> None:
        self.told: list[str] = []
        self._kind = kind

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        self.told.append(await told_of(chat, self._kind(text=f"re {event.text}")))


@pytest.mark.parametrize("took_effect", [True, False])
@pytest.mark.parametrize(("kind", "told"), [(Hello, "fine"), (Loud, "Unconfirmed")])
async def test_a_crash_amid_a_plugins_own_kind_of_text_has_it_said_once(
    kind: type[SendMessage], told: str, *, took_effect: bool
) -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Greets(kind), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        gate = desk.unanswered("SendMessage") if took_effect else desk.holding("SendMessage", effect=False)
        desk.says("one")
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    async with on_stage(again := Greets(kind), desk=desk, journal=drawer) as stage:
        await stage.quiet()
        is_said = took_effect or told == "fine"
        assert (again.told, desk.texts()) == ([told], ["re one"] * is_said)


class Impatient:
    """Does not wait for what it has sent."""

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        try:
            async with asyncio.timeout(0):
                await chat.send_text(f"re {event.text}")
        except TimeoutError:
            await chat.send_text("that took long")


async def test_what_a_hook_has_given_up_is_still_delivered_first() -> None:
    drawer = Drawer()
    async with on_stage(Impatient(), journal=drawer) as stage:
        await stage.chatting()
        stage.desk.answer("SendMessage", LOST)
        stage.desk.says("one")
        await stage.quiet()
        assert stage.desk.texts() == ["re one", "that took long"]
        assert [state for name, state in drawer.fates() if name == "SendMessage"] == ["confirmed"] * 2


async def test_what_waits_for_a_server_in_trouble_is_not_sent_to_a_chat_that_ends_meanwhile() -> None:
    async with on_stage(Ends(SAY)) as stage:
        await stage.chatting()
        turn = stage.hold_turn()
        stage.desk.says("one")
        await stage.until(turn.reached.is_set)
        stage.desk.end(state="Revoked")
        await stage.until(lambda: stage.live().is_over)
        turn.open.set()
        await stage.quiet()
        assert (stage.asked("SendMessage"), stage.names()[-1]) == (0, "ChatEnded")
