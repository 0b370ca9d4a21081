from chatbot.bot.turn import Turn
from chatbot.hooks.run import HookRun, current_run
from tests.bot.bells import Tells, asks, say
from tests.bot.stage import on_stage


async def test_what_has_to_be_done_after_hooks_is_done_once() -> None:
    done: list[str] = []
    async with on_stage() as stage:
        await stage.chatting()
        turn = Turn(stage.live(), lambda: done.append("then"), lambda: done.append("left"))
        turn.end()
        turn.end()
        assert (done, turn.is_left, turn.chat_id) == (["then"], False, "c1")


async def test_a_turn_that_is_left_is_done_with_and_the_worker_stands_aside() -> None:
    async with on_stage(Tells(ask=asks)) as stage:
        await stage.chatting()
        stage.desk.says("ask")
        await stage.until(lambda: stage.live().runs)
        [run] = stage.live().runs
        [worker] = stage.bot._busy.values()
        turn = run.turn
        assert isinstance(turn, Turn)
        turn.leave()
        turn.leave()
        turn.end()
        assert (turn.is_left, stage.bot._aside.workers) == (True, {worker})
        assert [*stage.bot._busy.values()] != [worker]
        turn.disown()
        assert (stage.bot._aside.workers, stage.bot._aside.tasks) == (set(), [worker])
        await say(stage)


async def test_nobody_but_a_hook_asks_for_its_turn_back() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        turn = Turn(stage.live(), lambda: None)
        await turn.ask_back()
        run = HookRun("faq", "on_text", None, turn=turn)
        token = current_run.set(run)
        await turn.ask_back()
        current_run.reset(token)
        await stage.turns()
        # the mailbox stands still
        assert [*stage.bot._busy] == ["c1"]
        run.give_back()
        await stage.quiet()
