import pytest

from chatbot import ChatStarted, TextReceived
from chatbot.model.errors import ConnectionLost
from chatbot.wire.http import Reply
from tests.bot.desk import ANA, HELENA, LOST, NOT_SENT, Desk, Reaction, code, reply
from tests.bot.stage import Stage, on_stage


def heard(stage: Stage) -> list[str]:
    return [event.text for event in stage.all(TextReceived)]


async def test_a_line_that_was_not_heard_is_read_before_the_next_one() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.mute = True
        stage.desk.says("lost")
        stage.desk.mute = False
        stage.desk.says("heard")
        await stage.quiet()
        assert heard(stage) == ["lost", "heard"]
        assert stage.bot.counters.gaps == 0


TROUBLES: dict[str, list[Reaction]] = {
    "out of reach for long": [NOT_SENT] * 40,
    "no answer for long": [LOST] * 40,
    "HTTP 503 for 30 s": [reply(503)] * 10,
    "HTTP 429": [reply(429)] * 6,
    "internal failure": [code(4)] * 6,
    "session gone and gone again": [reply(403)] * 12,
}


@pytest.mark.parametrize("answers", TROUBLES.values(), ids=TROUBLES)
async def test_a_text_that_was_not_heard_is_waited_for_while_the_server_is_in_trouble(
    answers: list[Reaction],
) -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.mute = True
        stage.desk.says("lost")
        stage.desk.answer("messages", *answers)
        stage.desk.mute = False
        stage.desk.says("heard")
        await stage.quiet()
        assert heard(stage) == ["lost", "heard"]


async def test_trouble_that_lasts_does_not_keep_a_chat_waiting_for_ever() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.always("messages", reply(503))
        stage.desk.hint("c1", {"type": "Text", "text": "heard", "from": ANA, "index": 9})
        began = stage.clock.time
        await stage.until(lambda: heard(stage))
        assert 60.0 <= stage.clock.time - began < 90.0
        assert stage.bot.counters.gaps == 1


async def test_a_line_that_was_announced_and_is_never_shown_is_passed_over_after_asking() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.hint("c1", {"type": "Text", "text": "ghost", "from": ANA, "index": 9})
        await stage.until(lambda: heard(stage))
        assert heard(stage) == ["ghost"]
        assert stage.bot.counters.gaps == 1
        stage.desk.line("c1", {"type": "Text", "text": "next", "from": ANA, "index": 10})
        await stage.quiet()
        assert heard(stage) == ["ghost", "next"]


async def test_an_absurd_index_costs_some_questions_and_no_text() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.hint("c1", {"type": "Text", "text": "absurd", "from": ANA, "index": 10**9})
        await stage.until(lambda: stage.bot.counters.gaps)
        stage.desk.says("sane")
        await stage.quiet()
        assert heard(stage) == ["sane"]


async def test_a_chat_in_step_goes_on_although_its_transcript_is_refused() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.always("messages", code(3))
        await stage.reconciled()
        assert stage.bot.counters.gaps == 0
        stage.desk.says("hi")
        await stage.quiet()
        assert heard(stage) == ["hi"]


async def test_a_start_index_that_counts_places_hides_no_line() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        desk = stage.desk
        desk.line("c1", {"type": "Text", "text": "a", "from": ANA, "index": 4})
        await stage.quiet()
        for index, words in ((7, "b"), (10, "c"), (13, "d"), (16, "e"), (19, "f")):
            desk.mute = index < 19

            async def by_place() -> Reply:
                start = int(desk._path.partition("startIndex=")[2])
                return reply(messages=desk.lines["c1"][start - 1 :])

            desk.always("messages", by_place)
            desk.line("c1", {"type": "Text", "text": words, "from": ANA, "index": index})
        await stage.quiet()
        assert heard(stage) == ["a", "b", "c", "d", "e", "f"]


async def test_asking_ends_with_the_chat() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        desk = stage.desk

        async def ends() -> Reply:
            desk.end()
            raise ConnectionLost("x", sent=False)

        desk.answer("messages", NOT_SENT, ends)
        desk.always("messages", NOT_SENT)
        desk.hint("c1", {"type": "Text", "text": "last", "from": ANA, "index": 9})
        await stage.until(lambda: stage.bot.chats == 0)
        assert heard(stage) == ["last"]


@pytest.mark.parametrize("answers", TROUBLES.values(), ids=TROUBLES)
async def test_history_stays_history_however_long_it_takes_to_read_it(answers: list[Reaction]) -> None:
    desk = Desk()
    desk.running("c1", ANA, HELENA)
    desk.lines["c1"] = [
        {"type": "Text", "text": "old", "from": ANA, "index": 1},
        {"type": "Text", "text": "answered", "from": HELENA, "index": 2},
        {"type": "Text", "text": "waiting", "from": ANA, "index": 3},
    ]
    desk.answer("messages", *answers)
    async with on_stage(desk=desk) as stage:
        await stage.until(lambda: heard(stage))
        await stage.reconciled()
        assert heard(stage) == ["waiting"]


async def test_a_bot_begins_with_what_it_heard_if_the_transcript_is_refused() -> None:
    async with on_stage() as stage:
        stage.desk.always("messages", code(3))
        began = stage.clock.time
        stage.desk.offer()
        stage.desk.says("first")
        await stage.until(lambda: heard(stage))
        assert stage.clock.time - began < 30.0
        assert stage.names()[:2] == ["ChatOffered", "ChatStarted"]
        assert heard(stage) == ["first"]


async def test_a_chat_that_ends_before_its_history_could_be_read_never_starts() -> None:
    async with on_stage() as stage:
        desk = stage.desk

        async def ends() -> Reply:
            desk.end()
            raise NOT_SENT

        desk.answer("messages", NOT_SENT, ends)
        desk.always("messages", NOT_SENT)
        desk.offer()
        await stage.until(lambda: "ChatEnded" in stage.names())
        assert stage.all(ChatStarted) == []


async def test_a_server_that_shows_no_transcripts_keeps_no_chat_waiting() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.always("messages", reply(404))
        began, asked = stage.clock.time, stage.asked("messages")
        await stage.reconciled()
        stage.desk.hint("c1", {"type": "Text", "text": "heard", "from": ANA, "index": 9})
        await stage.quiet()
        assert heard(stage) == ["heard"]
        assert (stage.clock.time - began, stage.asked("messages") - asked) == (0.0, 2)


async def test_a_server_that_refuses_to_show_what_nobody_misses_keeps_no_chat_waiting() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.always("messages", code(3))
        began, asked = stage.clock.time, stage.asked("messages")
        await stage.reconciled()
        assert (stage.clock.time - began, stage.asked("messages") - asked) == (0.0, 1)


async def test_a_line_whose_turn_it_is_waits_for_no_more_than_one_answer() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.always("messages", LOST)
        stage.bot.resync()
        await stage.turns(50)
        began = stage.clock.time
        stage.desk.says("one")
        await stage.until(lambda: heard(stage) == ["one"])
        assert stage.clock.time - began < 5.0


async def test_a_chat_begins_although_the_server_keeps_its_transcript_to_itself() -> None:
    async with on_stage() as stage:
        stage.desk.always("messages", LOST)
        stage.desk.offer()
        await stage.until(lambda: "c1" in stage.bot._pipeline.chats)
        await stage.until(lambda: stage.clock.time >= 1100.0)
        assert stage.names() == ["ChatOffered"]  # the server may be out of reach
        stage.desk.says("one")
        await stage.until(lambda: heard(stage))
        assert stage.names() == ["ChatOffered", "ChatStarted", "TextReceived"]


async def test_the_whole_is_read_where_the_server_refuses_to_show_what_is_beyond_its_end() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        for text in "abcdefghij":
            stage.desk.says(text)
            await stage.quiet()
        await stage.reconciled()
        del stage.desk.lines["c1"][2:]
        stage.desk.mute = True
        stage.desk.says("in place of b")
        stage.desk.answer("messages", code(6))
        await stage.reconciled()
        assert (heard(stage)[-1], stage.bot.counters.rewinds) == ("in place of b", 1)


async def test_a_gap_behind_the_next_line_is_asked_for_although_an_earlier_answer_was_lost() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        gate = stage.desk.holding("messages", effect=False)
        stage.bot.resync()
        await stage.until(gate.reached.is_set)
        for text in ("told", "not told", "told again"):
            stage.desk.mute = text == "not told"
            stage.desk.says(text)
        await stage.until(lambda: stage.live().order.highest == 4)
        gate.open.set()
        await stage.quiet()
        assert heard(stage) == ["told", "not told", "told again"]
        assert stage.bot.counters.gaps == 0
