"""A customer who waits: for an answer that nobody gives, or for somebody to ask after them."""

import gc
from datetime import timedelta

from chatbot import Chat, ChatIdle, Participant, TextReceived, hookimpl
from chatbot.bot.identity import Identity
from chatbot.bot.presence import Colleagues
from chatbot.model.config_care import FallbackSettings
from chatbot.testing import Kit
from tests.bot.desk import ANA, HELENA, LOST, ME, code
from tests.bot.drawer import Drawer
from tests.bot.stage import Stage, on_stage

TO_HUMANS = FallbackSettings(queue="humans", give_up_after=40.0)


class Idle:
    """Keeps how long each silence was, and says something to it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    @hookimpl
    async def on_idle(self, chat: Chat, event: ChatIdle) -> str:
        self.seconds.append(event.seconds)
        return f"Still there after {event.seconds:g} s?"


class Picky:
    """Answers only what begins with a question mark."""

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> bool | None:
        if event.text.startswith("?"):
            await chat.send_text("yes")
        return True if event.text.startswith("!") else None


async def a_while(stage: Stage, seconds: int) -> None:
    await stage.later(seconds)
    await stage.quiet()


async def test_silence_is_told_each_time_that_as_much_has_passed() -> None:
    async with on_stage(idle := Idle(), idle_after=10.0) as stage:
        await stage.chatting()
        await a_while(stage, 9)
        assert idle.seconds == []
        await a_while(stage, 2)
        assert idle.seconds == [10.0]
        await a_while(stage, 10)
        assert (idle.seconds, len(stage.desk.texts())) == ([10.0, 20.0], 2)


async def test_silence_that_is_due_is_told_once_whatever_is_lost_by_rounding() -> None:
    began, after = 1797.1, 8.8
    assert began + after - began < after
    async with on_stage(idle := Idle(), idle_after=after) as stage:
        stage.clock.time = began
        await stage.chatting()
        await a_while(stage, 8)
        stage.clock.time, stage.shift = began + after, stage.shift + 0.9
        await stage.quiet()
        await a_while(stage, 3)
        assert idle.seconds == [after]


async def test_what_the_customer_says_ends_it_and_what_the_bot_says_does_not() -> None:
    async with on_stage(idle := Idle(), idle_after=10.0) as stage:
        await stage.chatting()
        await a_while(stage, 8)
        stage.desk.says("here I am")
        await stage.quiet()
        await a_while(stage, 8)
        assert idle.seconds == []
        await a_while(stage, 3)
        assert idle.seconds == [10.0]


async def test_nobody_is_asked_after_while_a_human_is_there_or_the_customer_is_not() -> None:
    async with on_stage(idle := Idle(), idle_after=10.0, on_customer_left="stay") as stage:
        await stage.chatting()
        await stage.chatting("c2")
        stage.desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME, HELENA])
        stage.desk.line("c2", {"type": "ParticipantLeft", "from": ANA})
        await stage.quiet()
        await a_while(stage, 30)
        assert (idle.seconds, stage.bot.chats) == ([], 2)


async def test_silence_goes_on_over_a_restart_and_nothing_is_told_twice() -> None:
    drawer = Drawer()
    async with on_stage(first := Idle(), idle_after=10.0, journal=drawer) as stage:
        await stage.chatting()
        at = stage.clock.now()
        stage.desk.says("one", timestamp=at.isoformat())
        await stage.quiet()
        await a_while(stage, 11)
        assert first.seconds == [10.0]
        await stage.crash(drawer)
    async with on_stage(again := Idle(), desk=stage.desk, idle_after=10.0, journal=drawer) as stage:
        # the second process begins at the time at which the first began
        await a_while(stage, 9)
        assert again.seconds == []
        await a_while(stage, 12)
        assert again.seconds == [20.0]
        assert drawer.checkpoint().idles == 2


async def test_a_server_whose_clock_is_hours_wrong_makes_no_long_silence() -> None:
    drawer = Drawer()
    async with on_stage(Idle(), idle_after=10.0, journal=drawer) as stage:
        await stage.chatting()
        hours_ago = stage.clock.now() - timedelta(hours=3)
        stage.desk.says("one", timestamp=hours_ago.isoformat())
        await stage.quiet()
        await stage.crash(drawer)
    async with on_stage(idle := Idle(), desk=stage.desk, idle_after=10.0, journal=drawer) as stage:
        await a_while(stage, 1)
        assert idle.seconds == [10.0]
        await a_while(stage, 10)
        assert idle.seconds == [10.0, 20.0]


async def test_a_silence_begins_anew_when_the_bot_has_the_chat_back() -> None:
    async with on_stage(idle := Idle(), idle_after=10.0) as stage:
        await stage.chatting()
        stage.desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME, HELENA])
        await stage.quiet()
        await a_while(stage, 30)
        stage.desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME])
        await stage.quiet()
        await a_while(stage, 8)
        assert idle.seconds == []
        await a_while(stage, 3)
        assert idle.seconds == [10.0]


async def test_a_text_that_no_plugin_handles_brings_somebody_else_after_a_while() -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        await stage.chatting()
        stage.desk.says("hm")
        await stage.quiet()
        await a_while(stage, 19)
        assert stage.asked("Transfer") == 0
        await a_while(stage, 2)
        assert stage.asked("Transfer") == 1
        told = [body["userData"] for body in stage.desk.bodies if body.get("userData")]
        assert told == [{"chatbot_fallback": "no answer"}]


async def test_who_is_a_human_only_now_is_waited_for_and_nothing_runs_in_a_circle() -> None:
    # another bot of the service, by its lines only, until its process forgets the chat
    helper = {"nickname": "Helper", "type": "Agent", "participantId": "P-helper"}
    identity, colleagues = Identity(None, "Helper"), Colleagues()
    identity.learn([Participant.model_validate(helper)])
    colleagues.meet(identity)
    given = {"fallback": TO_HUMANS, "reply_timeout": 3.0, "colleagues": colleagues}
    async with on_stage(Picky(), **given) as stage:
        await stage.chatting("c1", ANA, helper)
        stage.desk.says("hm")
        await stage.quiet()
        assert stage.live().ownership.human is None
        del identity
        gc.collect()
        assert stage.live().human is not None
        await a_while(stage, 4)
        assert stage.asked("Transfer") == 0


async def test_a_text_that_is_handled_or_answered_does_not() -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        chat = await stage.chatting()
        for words in ("?", "!", "hm"):
            stage.desk.says(words)
            await stage.quiet()
        await chat.send_text("what somebody says beside the hooks is an answer, too")
        await a_while(stage, 60)
        assert stage.asked("Transfer") == 0


async def test_the_oldest_text_counts_and_a_later_answer_settles_all() -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        await stage.chatting()
        for words in ("hm", "hm", "?", "hm"):
            stage.desk.says(words)
            await stage.quiet()
            await a_while(stage, 8)
        assert stage.asked("Transfer") == 0
        await a_while(stage, 13)
        assert stage.asked("Transfer") == 1


async def test_without_a_fallback_or_with_a_human_nobody_is_handed_over() -> None:
    async with on_stage(Picky(), reply_timeout=20.0) as stage:
        await stage.chatting()
        stage.desk.says("hm")
        await stage.quiet()
        await a_while(stage, 60)
        assert stage.asked("Transfer") == 0
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        await stage.chatting()
        stage.desk.says("hm")
        stage.desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME, HELENA])
        await stage.quiet()
        await a_while(stage, 60)
        assert stage.asked("Transfer") == 0


async def test_who_waits_when_the_process_dies_waits_still_for_the_next_one() -> None:
    drawer = Drawer()
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0, journal=drawer) as stage:
        await stage.chatting()
        stage.desk.says("hm")
        await stage.quiet()
        assert drawer.checkpoint().owed_at > 0
        await stage.crash(drawer)
    kept = {"fallback": TO_HUMANS, "reply_timeout": 20.0, "journal": drawer}
    async with on_stage(Picky(), desk=stage.desk, **kept) as stage:
        await a_while(stage, 19)
        assert stage.asked("Transfer") == 0
        await a_while(stage, 2)
        assert stage.asked("Transfer") == 1


async def test_a_transfer_that_is_refused_is_tried_again_and_given_up_in_the_end() -> None:
    drawer, settings = Drawer(), TO_HUMANS.model_copy(update={"say": "One moment."})
    async with on_stage(Picky(), fallback=settings, reply_timeout=20.0, journal=drawer) as stage:
        await stage.chatting()
        stage.desk.always("Transfer", code(100))
        stage.desk.says("hm")
        await stage.quiet()
        await a_while(stage, 21)
        assert (stage.asked("Transfer"), stage.desk.texts()) == (1, ["One moment."])
        await a_while(stage, 6)
        assert stage.asked("Transfer") == 2
        stage.desk.says("?")  # meanwhile the bot is there
        await stage.quiet()
        await a_while(stage, 60)
        assert (stage.asked("Transfer"), stage.desk.texts()) == (4, ["One moment.", "yes"])
        assert drawer.incidents() == [("given up", "no answer")]
        stage.desk.always("Transfer", None)
        stage.desk.says("hm")
        await stage.quiet()
        await a_while(stage, 21)
        assert stage.asked("Transfer") == 5


class Reminds:
    @hookimpl
    async def on_idle(self) -> str:
        return "still there?"


async def test_a_chat_in_which_a_human_was_first_is_not_read_again_and_again(chatbot: Kit) -> None:
    await chatbot.start(Reminds, options={"idle_after": 60})
    await chatbot.sleep(600)
    await chatbot.fault("slow-request", on="Accept", seconds=5)
    ana = await chatbot.customer()
    await ana.chat.agent_joins()
    before = len(chatbot.simulator.requests)
    await chatbot.sleep(30)
    assert len(chatbot.simulator.requests) - before < 40


async def test_a_chat_that_has_not_begun_is_not_read_again_and_again_while_nothing_is_heard() -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS) as stage:
        stage.desk.running("c1")
        stage.desk.chats["c1"]["participants"] = []  # nor does any line tell who is there
        stage.desk.status("c1")
        await stage.quiet()
        stage.desk.always("connect", LOST)
        stage.desk.always("handshake", LOST)
        stage.desk.forget_client()
        await stage.until(lambda: stage.live().due.rescue)
        assert stage.live().started_at is None
        before = stage.asked("chat", "messages")
        await stage.later(5)
        assert stage.asked("chat", "messages") - before <= 4
