import pytest

from chatbot.bot.fallback import fall_back
from chatbot.hooks.run import current_run
from chatbot.model.config_care import FallbackSettings
from tests.bot.desk import code
from tests.bot.drawer import Drawer
from tests.bot.stage import Stage, on_stage

TO_HUMANS = FallbackSettings(queue="humans", say="One moment.")
TO_HELENA = FallbackSettings(target="agent:helena")


def done(stage: Stage) -> list[dict[str, object]]:
    """What was posted in the chat after it was accepted."""
    posted = [body for body in stage.desk.bodies if isinstance(body, dict) and "operationName" in body]
    names = [body["operationName"] for body in posted]
    return posted[names.index("Accept") + 1 :]


REASON = {"operationName": "UpdateUserData", "userData": {"chatbot_fallback": "dead letter"}}


@pytest.mark.parametrize(
    ("settings", "transfer"),
    [
        (TO_HUMANS, {"operationName": "Transfer", "queueName": "humans", "text": "One moment."}),
        (TO_HELENA, {"operationName": "Transfer", "targetUri": "agent:helena"}),
    ],
)
async def test_the_customer_is_transferred_with_the_reason(
    settings: FallbackSettings, transfer: dict[str, object]
) -> None:
    async with on_stage() as stage:
        await stage.chatting()
        await fall_back(stage.live(), settings, "dead letter", "7:print")
        assert done(stage) == [REASON, transfer]
        assert current_run.get() is None


async def test_nothing_is_done_where_nobody_has_said_where_to() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        await fall_back(stage.live(), None, "dead letter", "7:print")
        assert done(stage) == []


async def test_nothing_is_done_in_a_chat_that_is_not_the_bots_any_more() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        live = stage.live()
        stage.desk.end()
        await stage.quiet()
        await fall_back(live, TO_HUMANS, "dead letter", "7:print")
        assert [name for name, _ in stage.bot.counters.actions] == ["Accept"]


async def test_if_the_transfer_fails_the_customer_is_at_least_told() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.answer("Transfer", code(100))
        await fall_back(stage.live(), TO_HUMANS, "dead letter", "7:print")
        assert stage.desk.texts() == ["One moment."]


async def test_if_everything_fails_nothing_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    async with on_stage() as stage:
        await stage.chatting()
        for name in ("UpdateUserData", "Transfer", "SendMessage"):
            stage.desk.answer(name, code(100))
        await fall_back(stage.live(), TO_HUMANS, "dead letter", "7:print")
        assert [len(done(stage)), stage.desk.texts()] == [3, []]
        assert "the fallback came to nothing" in caplog.text


async def test_it_happens_once_for_each_trigger_over_a_crash() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        await stage.chatting()
        stage.desk.answer("Transfer", code(100))
        await fall_back(stage.live(), TO_HUMANS, "dead letter", "7:print")
        await stage.crash(drawer)
    async with on_stage(desk=stage.desk, journal=drawer) as stage:
        await fall_back(stage.live(), TO_HUMANS, "dead letter", "7:print")
        assert stage.asked("UpdateUserData", "Transfer", "SendMessage") == 3
        await fall_back(stage.live(), TO_HUMANS, "dead letter", "8:print")
        assert stage.asked("UpdateUserData", "Transfer", "SendMessage") == 5
