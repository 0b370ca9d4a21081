from chatbot import TextReceived
from tests.bot.desk import LOST, code, reply
from tests.bot.stage import Stage, on_stage


def heard(stage: Stage) -> list[str]:
    return [event.text for event in stage.all(TextReceived)]


async def test_a_line_that_was_never_announced_is_found_by_asking() -> None:
    async with on_stage() as stage:
        stage.rng.share = 0.5
        await stage.chatting()
        stage.desk.mute = True
        stage.desk.says("never announced")
        await stage.later(9)
        assert heard(stage) == []
        await stage.later(21)
        assert heard(stage) == ["never announced"]
        assert (10.0, 25.0) in stage.rng.asked


async def test_a_busy_chat_is_not_asked_after() -> None:
    async with on_stage() as stage:
        await stage.chatting("c1")
        await stage.chatting("c2")
        before = stage.asked("messages")
        for number in range(6):
            stage.desk.says(f"{number}", "c1")
            await stage.later(5)
        stage.desk.mute = True
        assert stage.asked("messages") - before <= 1
        assert len(heard(stage)) == 6


async def test_a_chat_that_the_bot_is_not_in_yet_is_not_asked_after() -> None:
    async with on_stage(auto_accept=False) as stage:
        stage.desk.offer()
        await stage.later(60)
        assert stage.asked("messages") == 0


async def test_after_each_new_session_all_transcripts_are_read() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.mute = True
        stage.desk.says("lost with the session")
        stage.desk.mute = False
        stage.desk.forget_client()
        await stage.until(lambda: stage.bot.counters.sessions == 2)
        await stage.quiet()
        assert heard(stage) == ["lost with the session"]


async def test_transcripts_are_read_also_if_the_chats_cannot_be_listed() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.mute = True
        stage.desk.says("lost")
        stage.desk.answer("chats", reply(503), LOST)
        await stage.reconciled()
        await stage.until(lambda: heard(stage) == ["lost"])


async def test_a_chat_that_is_not_listed_any_more_is_looked_for() -> None:
    async with on_stage() as stage:
        await stage.chatting("c1")
        await stage.chatting("c2")
        stage.desk.unlisted.add("c1")
        del stage.desk.chats["c2"]
        await stage.reconciled()
        await stage.reconciled()
        assert stage.names("c2").count("ChatEnded") == 0  # once more, but not at once
        await stage.later(12)
        assert stage.names("c1").count("ChatEnded") == 0
        assert stage.names("c2").count("ChatEnded") == 1


async def test_the_agent_is_kept_ready() -> None:
    async with on_stage() as stage:
        stage.desk.agent_state = "LoggedOut"
        await stage.reconciled()
        assert stage.desk.agent_state == "Ready"
        assert stage.bot.health.problems() == []


async def test_a_list_that_is_older_than_what_was_told_meanwhile_does_not_undo_it() -> None:
    async with on_stage() as stage:
        accepting = stage.desk.holding("Accept")
        stage.desk.offer()
        await stage.until(accepting.reached.is_set)
        listing = stage.desk.unanswered("chats")
        stage.bot.resync()
        await stage.until(listing.reached.is_set)
        transcript = stage.desk.holding("messages")
        accepting.open.set()
        await stage.until(transcript.reached.is_set)  # told that it is in the chat, and not begun yet
        listing.open.set()
        await stage.turns()
        transcript.open.set()
        await stage.quiet()
        assert (stage.names().count("ChatStarted"), stage.live().is_live) == (1, True)


async def test_what_a_list_says_of_a_chat_that_was_heard_of_meanwhile_is_read_again() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        listing = stage.desk.unanswered("chats")
        stage.bot.resync()
        await stage.until(listing.reached.is_set)
        stage.desk.change(comment="newer")
        await stage.until(lambda: stage.live().resource.comment == "newer")
        stage.desk.chats["c1"]["comment"] = "newest"
        listing.open.set()
        await stage.quiet()
        assert (stage.live().resource.comment, stage.asked("chat")) == ("newest", 1)


async def test_a_chat_that_begins_while_the_list_is_on_its_way_is_not_undone() -> None:
    async with on_stage() as stage:
        listing = stage.desk.unanswered("chats")
        stage.desk.mute = True
        stage.desk.offer()
        stage.bot.resync()
        await stage.until(listing.reached.is_set)
        stage.desk.mute = False
        stage.desk.status("c1")
        await stage.until(lambda: stage.names().count("ChatStarted"))
        listing.open.set()
        await stage.quiet()
        assert (stage.names().count("ChatOffered"), stage.asked("Accept")) == (1, 1)
        assert stage.live().is_live


async def test_a_chat_whose_state_is_told_all_the_time_is_asked_after_all_the_same() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.mute = True
        stage.desk.says("never announced")
        stage.desk.mute = False
        for number in range(8):
            stage.desk.change(kind="PropertiesUpdated", comment=f"{number}")
            await stage.later(5)
        assert heard(stage) == ["never announced"]


async def test_lines_that_are_told_again_do_not_put_the_asking_off() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.quiet()
        stage.desk.mute = True
        stage.desk.says("never announced")
        stage.desk.mute = False
        for _ in range(8):
            stage.desk.hint("c1", stage.desk.lines["c1"][1])
            await stage.later(5)
        assert heard(stage) == ["one", "never announced"]


async def test_a_list_that_is_empty_for_a_moment_ends_no_chat() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.quiet()
        stage.desk.answer("chats", *[reply(statusCode=0, chats=[])] * 2)
        stage.desk.answer("chat", code(6))
        stage.desk.forget_client()
        await stage.until(lambda: stage.bot.counters.sessions == 2)
        await stage.quiet()
        stage.desk.says("two")
        await stage.later(10)
        assert (heard(stage), stage.names().count("ChatEnded")) == (["one", "two"], 0)
