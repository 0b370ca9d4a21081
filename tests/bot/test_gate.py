import pytest

from chatbot import ChatGone, NotAllowed
from chatbot.bot.gate import check_allowed, check_ours, check_still_allowed
from chatbot.model.actions import SendMessage, SetDisposition, Transfer
from tests.bot.desk import CAN_TALK, code, reply
from tests.bot.stage import Stage, on_stage

SAY = SendMessage(text="a")


async def check(stage: Stage, action: SendMessage | Transfer | SetDisposition = SAY) -> None:
    """As before an operation of the chat c1."""
    await check_allowed(stage.bot._parts, stage.bot._pipeline, stage.live(), action)


async def test_what_the_chat_allows_is_allowed_without_asking() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        await check(stage)
        assert stage.asked("chat") == 0


async def test_the_chat_is_read_once_more_before_refusing() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.change(capabilities=["Complete"])
        await stage.quiet()
        with pytest.raises(NotAllowed) as refused:
            await check(stage)
        assert (refused.value.needed, refused.value.have) == ("SendMessage", ("Complete",))
        stage.desk.mute = True
        stage.desk.change(capabilities=CAN_TALK)
        await check(stage)
        assert stage.asked("chat") == 2


async def test_where_the_chat_cannot_be_read_the_last_list_counts() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.change(capabilities=["Complete"])
        await stage.quiet()
        stage.desk.always("chat", reply(503))
        with pytest.raises(NotAllowed):
            await check(stage)


async def test_a_chat_that_turns_out_to_be_over_is_gone() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.change(capabilities=["Complete"])
        await stage.quiet()
        over = {"id": "c1", "state": "Completed", "capabilities": []}
        stage.desk.answer("chat", reply(statusCode=0, chat=over))
        live = stage.live()
        with pytest.raises(ChatGone):
            await check(stage)
        with pytest.raises(ChatGone):
            check_ours(live, SAY)


async def test_a_chat_that_ends_while_it_is_read_is_gone() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.change(capabilities=["Complete"])
        await stage.quiet()

        async def ends() -> None:
            stage.desk.end()
            await stage.turns()

        stage.desk.answer("chat", ends)
        with pytest.raises(ChatGone):
            await check(stage)


async def test_a_chat_that_cannot_be_found_any_more_leaves_the_refusal() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.change(capabilities=["Complete"])
        await stage.quiet()
        stage.desk.answer("chat", code(6))
        with pytest.raises(NotAllowed):
            await check(stage)


async def test_what_is_still_allowed_is_known_without_asking() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        live = stage.live()
        check_still_allowed(live, SAY)
        stage.desk.change(capabilities=["Complete"])
        await stage.quiet()
        with pytest.raises(NotAllowed) as refused:
            check_still_allowed(live, SAY)
        assert (refused.value.needed, refused.value.have) == ("SendMessage", ("Complete",))
        assert stage.asked("chat") == 0
        live.ended = True
        with pytest.raises(ChatGone):
            check_still_allowed(live, SAY)


async def test_a_chat_is_ours_until_it_ends() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        live = stage.live()
        check_ours(live, SAY)
        live.ended = True
        with pytest.raises(ChatGone, match="chat c1 has ended"):
            check_ours(live, SAY)
