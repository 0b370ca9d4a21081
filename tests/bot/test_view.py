from chatbot.bot.view import read_view
from chatbot.model.words import ChatState
from tests.bot.stage import on_stage


async def test_a_view_that_was_overtaken_by_a_notification_is_read_again() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        asked, gate = stage.asked("chat"), stage.desk.unanswered("chat")
        reading = stage.bot._tasks.create_task(read_view(stage.bot._parts.platform, stage.live()))
        await stage.until(gate.reached.is_set)
        stage.desk.change(comment="newer")
        await stage.until(lambda: stage.live().resource.comment == "newer")
        gate.open.set()
        resource = await reading
        assert resource is not None
        assert (resource.comment, stage.asked("chat") - asked) == ("newer", 2)


async def test_a_chat_of_which_something_is_heard_all_the_time_is_taken_as_it_is() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        gates = [stage.desk.unanswered("chat") for _ in range(4)]
        reading = stage.bot._tasks.create_task(read_view(stage.bot._parts.platform, stage.live()))
        for number, gate in enumerate(gates[:3]):
            await stage.until(gate.reached.is_set)
            stage.desk.change(comment=f"{number}")
            await stage.until(lambda n=number: stage.live().resource.comment == f"{n}")
            gate.open.set()
        resource = await reading
        assert resource is not None
        assert (resource.comment, gates[3].reached.is_set()) == ("1", False)


async def test_a_chat_that_is_not_there_has_no_view() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        del stage.desk.chats["c1"]
        assert await read_view(stage.bot._parts.platform, stage.live()) is None
        assert stage.live().resource.state is ChatState.CHATTING
