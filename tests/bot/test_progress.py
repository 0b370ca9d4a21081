from dataclasses import replace

from chatbot.bot.identity import Identity
from chatbot.bot.journal import Checkpoint, Forget, Memory, SavedChat
from chatbot.bot.order import LineOrder
from chatbot.bot.ownership import Ownership
from chatbot.bot.prints import Print, Times
from chatbot.bot.progress import MOST_ATTEMPTS, Progress
from tests.bot.drawer import Drawer
from tests.bot.make import NOW, text
from tests.bot.stage import settings


class Followed:
    """What is known of a chat, and how far the bot has come in it."""

    id = "c1"

    def __init__(self, drawer: Drawer, saved: SavedChat | None = None, run: int = 1) -> None:
        self.order = LineOrder()
        self.identity = Identity("U-me", None)
        self.ownership = Ownership(settings(), ())
        self.progress = Progress(self, run=run, journal=drawer, saved=saved, times=Times())


async def began(drawer: Drawer) -> Followed:
    """As a bot that has just begun to work."""
    saved = (await drawer.load()).chats.get("c1")
    return Followed(drawer, saved, drawer.run)


async def test_that_hooks_start_is_durable_before_they_do() -> None:
    drawer = Drawer()
    chat = await began(drawer)
    chat.progress.phase = "started"
    assert await chat.progress.begin("7:print")
    assert drawer.units == [(Forget("c1"), Checkpoint("c1", "started", trigger="7:print", attempts=1))]


async def test_to_begin_the_same_once_more_in_one_run_is_one_attempt() -> None:
    drawer = Drawer()
    chat = await began(drawer)
    chat.progress.phase = "started"
    await chat.progress.begin("7:print")
    assert await chat.progress.begin("7:print")
    assert (chat.progress.attempts, len(drawer.units)) == (1, 1)


async def test_each_crash_counts_as_an_attempt_and_after_three_it_is_enough() -> None:
    drawer = Drawer()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        chat = await began(drawer)
        chat.progress.phase = "started"
        assert (chat.progress.is_poisoned, await chat.progress.begin("7:print")) == (False, True)
        assert (drawer.checkpoint().attempts, chat.progress.is_poisoned) == (attempt, False)
    chat = await began(drawer)
    assert (chat.progress.is_poisoned, await chat.progress.begin("7:print")) == (True, False)
    assert await chat.progress.begin("8:print")
    assert drawer.checkpoint().attempts == 1


async def test_hooks_that_were_stopped_from_outside_are_no_attempt() -> None:
    drawer = Drawer()
    chat = await began(drawer)
    chat.progress.phase = "started"
    await chat.progress.begin("7:print")
    chat.progress.withdraw()
    chat.progress.withdraw()
    assert drawer.checkpoint() == Checkpoint("c1", "started", trigger="7:print", attempts=0)


async def test_the_end_of_hooks_is_written_with_the_cursor() -> None:
    drawer = Drawer()
    chat = await began(drawer)
    chat.progress.phase = "started"
    line = text(7, "hi")
    await chat.progress.begin(chat.progress.trigger_of(line))
    chat.progress.end()
    chat.progress.passed(line)
    assert drawer.checkpoint().cursor == 0
    chat.progress.flush()
    wanted = Checkpoint("c1", "started", cursor=7, prints=(Print.of(line).code,))
    assert drawer.checkpoint() == wanted
    chat.progress.flush()
    assert len(drawer.units) == 2


async def test_nothing_is_written_of_a_chat_that_the_bot_has_not_begun() -> None:
    drawer = Drawer()
    chat = await began(drawer)
    chat.progress.memory["step"] = 1
    chat.progress.passed(text(1))
    chat.progress.flush()
    await chat.progress.save()
    assert drawer.units == []
    chat.progress.end("started")
    chat.progress.flush()
    assert drawer.all(Memory) == [Memory("c1", '{"step":1}')]


async def test_memory_is_written_with_the_checkpoint_or_alone() -> None:
    drawer = Drawer()
    chat = await began(drawer)
    chat.progress.memory["step"] = 1
    chat.progress.end("started")
    chat.progress.flush()
    chat.progress.memory["step"] = 2
    chat.progress.flush()
    first = Forget("c1"), Checkpoint("c1", "started"), Memory("c1", '{"step":1}')
    assert drawer.units == [first, (Memory("c1", '{"step":2}'),)]


async def test_a_chat_that_begins_anew_forgets_its_earlier_life_once() -> None:
    drawer = Drawer()
    chat = await began(drawer)
    chat.progress.end("ended")
    chat.progress.flush()
    chat = await began(drawer)
    chat.progress.end("started")
    chat.progress.flush()
    chat.progress.end()
    chat.progress.flush()
    assert len(drawer.all(Forget)) == 2
    chat = await began(drawer)
    await chat.progress.begin("7:print")
    assert len(drawer.all(Forget)) == 2


async def test_an_earlier_run_is_taken_over_whole() -> None:
    drawer = Drawer()
    line = text(7, "hi")
    kept = Checkpoint(
        "c1",
        "started",
        cursor=7,
        trigger="8:print",
        attempts=2,
        history_to=3,
        unanswered=(2, 3),
        prints=(Print.of(line).code,),
        own_ids=("P-1", "P-2"),
    )
    chat = Followed(drawer, SavedChat(kept, memory={"step": 1}))
    chat.order.cursor = 7
    chat.identity.remember(kept.own_ids)
    assert (dict(chat.progress.memory), chat.progress.is_done(line)) == ({"step": 1}, True)
    assert not chat.progress.is_done(text(8, "hi"))
    await chat.progress.begin("8:print")
    assert drawer.units == [(replace(kept, attempts=3),)]


def test_names_are_never_used_twice_also_over_runs() -> None:
    drawer = Drawer()
    names = [Followed(drawer, run=run).progress.name("notice") for run in (1, 2)]
    progress = Followed(drawer, run=3).progress
    names += [progress.name("notice"), progress.name("notice")]
    assert len(set(names)) == 4


def test_a_line_keeps_the_trigger_under_which_its_hooks_began() -> None:
    announced = Print.of(text(7, "hi"))
    saved = SavedChat(Checkpoint("c1", "started", cursor=6, trigger=announced.code, attempts=1))
    progress = Followed(Drawer(), saved).progress
    assert progress.trigger_of(text(7, "hi", timestamp=NOW)) == announced.code
    assert progress.trigger_of(text(7, "other")) == Print.of(text(7, "other")).code
    assert progress.trigger_of(text(8, "hi")) == Print.of(text(8, "hi")).code
