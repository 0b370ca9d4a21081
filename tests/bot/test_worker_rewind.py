"""A transcript that does not stay as it was, and lines that come too late."""

from typing import Any

from chatbot import TextReceived
from chatbot.model.events import TypingStarted, TypingStopped
from tests.bot.desk import ANA, Desk
from tests.bot.drawer import Drawer
from tests.bot.mortal import Answers, nobody_listening
from tests.bot.stage import Stage, on_stage


def at(second: int) -> dict[str, Any]:
    return {"timestamp": f"2026-01-01T00:00:{second:02d}Z"}


def says(desk: Desk, second: int, text: str) -> None:
    desk.says(text, **at(second))


async def talked(stage: Stage) -> None:
    """Three texts, each answered; lines 1 to 7."""
    await stage.chatting()
    for second, text in enumerate(("one", "two", "three"), 1):
        says(stage.desk, second, text)
        await stage.quiet()


def lose_end(desk: Desk, keep: int) -> None:
    desk.lines["c1"] = desk.lines["c1"][:keep]


async def test_lines_that_take_the_place_of_lost_ones_are_answered_once() -> None:
    drawer = Drawer()
    async with on_stage(answers := Answers(), journal=drawer) as stage:
        await talked(stage)
        lose_end(stage.desk, 3)
        with nobody_listening(stage.desk):
            says(stage.desk, 11, "four")
        await stage.reconciled()
        says(stage.desk, 12, "five")
        await stage.quiet()
        await stage.reconciled()
        assert answers.heard == ["one", "two", "three", "four", "five"]
        assert stage.desk.texts() == ["re one", "re four", "re five"]
        assert stage.bot.counters.rewinds == 1
        assert [kind for kind, _ in drawer.incidents()] == ["rewind"]


async def test_a_lost_line_is_found_although_many_follow_that_are_heard() -> None:
    async with on_stage(answers := Answers()) as stage:
        await talked(stage)
        lose_end(stage.desk, 6)
        with nobody_listening(stage.desk):
            says(stage.desk, 11, "in place of the answer")
        for second in range(12, 17):
            says(stage.desk, second, f"at {second}")
        await stage.quiet()
        await stage.reconciled()
        assert answers.heard.count("in place of the answer") == 1
        assert sorted(answers.heard) == sorted(set(answers.heard))


async def test_a_chat_that_is_never_quiet_is_read_in_time() -> None:
    async with on_stage(answers := Answers()) as stage:
        await talked(stage)
        await stage.reconciled()
        lose_end(stage.desk, 6)
        with nobody_listening(stage.desk):
            says(stage.desk, 11, "in place of the answer")
        for second in range(12, 40):
            says(stage.desk, second, f"at {second}")
        await stage.quiet()
        assert "in place of the answer" in answers.heard


async def test_a_place_that_stays_empty_after_a_loss_makes_nobody_go_back_again() -> None:
    async with on_stage(Answers()) as stage:
        await talked(stage)
        await stage.reconciled()
        lose_end(stage.desk, 5)
        with nobody_listening(stage.desk):
            stage.desk.says("four", index=8, **at(11))
        await stage.reconciled()
        assert stage.bot.counters.rewinds == 1
        await stage.reconciled()
        assert stage.bot.counters.rewinds == 1


async def test_the_loss_may_happen_while_no_process_runs() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await talked(stage)
        await stage.crash(drawer)
    lose_end(desk, 3)
    with nobody_listening(desk):
        says(desk, 11, "four")
    async with on_stage(answers := Answers(), desk=desk, journal=drawer) as stage:
        assert (answers.heard, stage.bot.counters.rewinds) == (["four"], 1)
    assert desk.texts() == ["re one", "re four"]


async def test_a_read_that_is_only_stale_makes_nothing_run_twice() -> None:
    async with on_stage(answers := Answers()) as stage:
        await talked(stage)
        whole = stage.desk.lines["c1"]
        lose_end(stage.desk, 4)
        await stage.reconciled()
        stage.desk.lines["c1"] = whole
        await stage.reconciled()
        says(stage.desk, 9, "four")
        await stage.quiet()
        assert answers.heard == ["one", "two", "three", "four"]
        assert stage.desk.texts() == ["re one", "re two", "re three", "re four"]


async def test_a_transcript_that_stays_as_it_was_is_never_rewound() -> None:
    drawer = Drawer()
    async with on_stage(Answers(), journal=drawer) as stage:
        await talked(stage)
        for _ in range(3):
            await stage.reconciled()
        assert (stage.bot.counters.rewinds, drawer.incidents()) == (0, [])


async def test_typing_long_before_the_newest_line_is_not_handed_on() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        with nobody_listening(stage.desk):
            stage.desk.line("c1", {"type": "TypingStarted", "from": ANA, **at(1)})
            stage.desk.line("c1", {"type": "TypingStopped", "from": ANA, **at(3)})
            stage.desk.line("c1", {"type": "TypingStarted", "from": ANA, **at(5)})
            says(stage.desk, 10, "here I am")
        await stage.reconciled()
        assert [event.index for event in stage.all(TextReceived)] == [5]
        assert [event.index for event in stage.all(TypingStarted)] == [4]
        assert stage.all(TypingStopped) == []


async def test_typing_in_time_is_handed_on() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.line("c1", {"type": "TypingStarted", "from": ANA, **at(1)})
        await stage.quiet()
        stage.desk.line("c1", {"type": "TypingStopped", "from": ANA})
        await stage.quiet()
        assert (len(stage.all(TypingStarted)), len(stage.all(TypingStopped))) == (1, 1)


async def test_a_gap_that_the_server_cannot_fill_is_kept_once() -> None:
    drawer = Drawer()
    async with on_stage(answers := Answers(), journal=drawer) as stage:
        await stage.chatting()
        stage.desk.says("beyond", index=5)
        await stage.quiet()
        await stage.reconciled()
        stage.desk.hint("c1", stage.desk.lines["c1"][1])
        await stage.quiet()
        assert (answers.heard, stage.bot.counters.gaps) == (["beyond"], 1)
        assert drawer.incidents() == [("gap", "2 to 4")]
        await stage.crash(drawer)
    async with on_stage(desk=stage.desk, journal=drawer) as stage:
        assert stage.bot.counters.gaps == 0
        assert drawer.incidents() == [("gap", "2 to 4")]


async def test_typing_that_nobody_told_of_is_not_handed_on_if_nothing_tells_its_age() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        with nobody_listening(stage.desk):
            stage.desk.line("c1", {"type": "TypingStarted", "from": ANA, **at(1)})
        await stage.reconciled()
        assert stage.all(TypingStarted) == []
        stage.desk.line("c1", {"type": "TypingStarted", "from": ANA, **at(2)})
        await stage.quiet()
        assert [event.index for event in stage.all(TypingStarted)] == [3]


async def test_one_line_from_the_future_does_not_make_all_typing_old() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.says("from the future", timestamp="2099-01-01T00:00:00Z")
        says(stage.desk, 2, "now")
        stage.desk.line("c1", {"type": "TypingStarted", "from": ANA, **at(3)})
        await stage.quiet()
        assert [event.index for event in stage.all(TypingStarted)] == [4]


async def test_a_line_that_comes_late_into_a_gap_is_read_at_once() -> None:
    async with on_stage(answers := Answers()) as stage:
        await stage.chatting()
        stage.desk.says("three", index=3)
        await stage.quiet()
        stage.desk.lines["c1"].insert(1, line := {"index": 2, "type": "Text", "text": "two", "from": ANA})
        stage.desk.hint("c1", line)
        await stage.quiet()
        assert answers.heard == ["three", "two"]


async def test_an_index_far_beyond_the_end_makes_nobody_wait() -> None:
    async with on_stage(answers := Answers()) as stage:
        await stage.chatting()
        stage.desk.hint("c1", {"index": 500, "type": "Notice", "from": {}})
        await stage.quiet()
        stage.desk.says("one", **at(1))
        await stage.quiet()
        assert answers.heard == ["one"]


async def test_what_one_chat_has_shown_of_the_times_of_a_server_holds_for_all() -> None:
    async with on_stage(answers := Answers()) as stage:
        for chat in ("c1", "c2"):
            await stage.chatting(chat)
            for second in (10, 20) if chat == "c1" else (10,):
                index = len(stage.desk.lines[chat]) + 1
                line = {"index": index, "type": "Text", "text": f"{chat} at {second}", "from": ANA}
                stage.desk.lines[chat].append({**line, **at(second + 5)})
                stage.desk.hint(chat, {**line, **at(second)})
                await stage.quiet()
            await stage.reconciled()
        assert answers.heard == ["c1 at 10", "c1 at 20", "c2 at 10"]
