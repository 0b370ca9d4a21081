import asyncio

from chatbot import TextReceived, hookimpl
from chatbot.hooks.chat import Chat
from tests.bot.desk import NOT_SENT, reply
from tests.bot.stage import on_stage


async def test_a_bot_takes_leave_in_order() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        before = len(stage.desk.requests)
        await stage.stop()
        assert stage.desk.requests[before:] == ["NotReady", "unsubscribe", "EndContactCenterSession"]
        assert stage.seen.life == ["started", "stopping"]
        assert "stopping" in stage.bot.health.problems()


async def test_a_bot_that_keeps_its_session_only_disconnects() -> None:
    async with on_stage(on_stop="keep") as stage:
        before = len(stage.desk.requests)
        await stage.stop()
        assert stage.desk.requests[before:] == ["unsubscribe"]


async def test_a_server_that_does_not_answer_does_not_keep_a_bot_from_leaving() -> None:
    async with on_stage() as stage:
        for request_kind in ("NotReady", "unsubscribe", "EndContactCenterSession"):
            stage.desk.always(request_kind, reply(503))
        await stage.stop()


class Slow:
    """A hook that runs until it is told to end."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.ended = ""

    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        self.ended = "cancelled"
        await self.go.wait()
        await chat.send_text("finished")
        self.ended = "finished"


async def test_running_hooks_finish_and_no_other_begins() -> None:
    slow = Slow()
    async with on_stage(slow) as stage:
        await stage.chatting()
        stage.desk.says("one")
        stage.desk.says("two")
        await stage.until(lambda: slow.ended)
        stage.bot.stop()
        await stage.until(lambda: "stopping" in stage.seen.life)
        stage.desk.offer("c2")
        slow.go.set()
        await stage.until(stage.running.done)
        assert (slow.ended, [event.text for event in stage.all(TextReceived)]) == ("finished", ["one"])
        assert stage.desk.requests[-1] == "EndContactCenterSession"


async def test_a_hook_that_does_not_finish_is_cancelled_after_the_drain_time() -> None:
    slow = Slow()
    async with on_stage(slow, drain=0.01) as stage:
        chat = await stage.chatting()
        chat.spawn(asyncio.Event().wait())
        stage.desk.says("one")
        await stage.until(lambda: slow.ended)
        stage.bot.stop()
        async with asyncio.timeout(5):
            await stage.running
        assert slow.ended == "cancelled"
        assert stage.desk.requests[-1] == "EndContactCenterSession"


async def test_a_stop_while_the_server_is_out_of_reach_ends() -> None:
    async with on_stage() as stage:
        stage.desk.always("handshake", NOT_SENT)
        stage.desk.always("NotReady", NOT_SENT)
        stage.desk.forget_client()
        await stage.until(lambda: stage.asked("handshake") > 5)
        await stage.stop()


async def test_a_bot_that_leaves_is_not_made_ready_again() -> None:
    slow = Slow()
    async with on_stage(slow, drain=600.0, hook_timeout=600.0) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.until(lambda: slow.ended)
        stage.bot.stop()
        await stage.until(lambda: "stopping" in stage.seen.life)
        compared = stage.asked("chats")
        await stage.later(65)
        assert stage.asked("chats") == compared + 2
        stage.desk.forget_client()
        await stage.until(lambda: stage.asked("chats") == compared + 3)
        await stage.turns()
        assert stage.desk.agent_state == "NotReady"
        slow.go.set()
        await stage.until(stage.running.done)
        after = stage.desk.requests[stage.desk.requests.index("NotReady") :]
        assert {"Ready", "StartContactCenterSession"}.isdisjoint(after)
        assert (slow.ended, after[-1]) == ("finished", "EndContactCenterSession")
