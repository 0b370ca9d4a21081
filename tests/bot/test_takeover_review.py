"""Who talks to the customer, where a server tells it in ways that were not thought of at first."""

import logging

import pytest

from chatbot import Chat, NotAllowed, TextReceived, hookimpl
from chatbot.model.actions import Action
from tests.bot.desk import ANA, HELENA
from tests.bot.drawer import Drawer
from tests.bot.stage import Stage, on_stage
from tests.bot.test_takeover import Talks, helena_joins, helena_leaves, say


def comment(stage: Stage, words: str) -> None:
    """A view that tells nothing of who takes part, as documented for AddComment."""
    chat = {"id": "c1", "state": "Chatting", "comment": words}
    stage.desk.publish({"notificationType": "PropertiesUpdated", "chat": chat})


async def test_views_that_tell_of_nobody_are_no_sign_that_the_human_has_gone() -> None:
    async with on_stage(talks := Talks()) as stage:
        await stage.chatting()
        helena_joins(stage, "line")
        for words in "abcd":
            comment(stage, words)
        say(stage, "one")
        await stage.quiet()
        assert (talks.told, stage.desk.texts()) == (["Helena"], [])


async def test_views_that_tell_of_nobody_do_not_bring_back_who_has_left() -> None:
    async with on_stage(talks := Talks()) as stage:
        await stage.chatting()
        for how in ("list", "line"):
            helena_joins(stage, how)
        helena_leaves(stage, "line")
        comment(stage, "a")
        say(stage, "one")
        await stage.quiet()
        assert (talks.told, stage.desk.texts()) == (["Helena", "back"], ["re one"])


class OwnWords(Action):
    """The plugin's own idea of a message."""

    operation = "SendMessage"
    text: str


async def test_an_operation_by_a_class_of_the_plugins_own_is_not_said_over_a_human_either() -> None:
    refused: list[str] = []

    class Raw:
        @hookimpl
        async def on_text(self, chat: Chat, event: TextReceived) -> None:
            try:
                await chat.perform(OwnWords(text=f"re {event.text}"))
            except NotAllowed as error:
                refused.append(error.reason)

    async with on_stage(Raw()) as stage:
        await stage.chatting()
        say(stage, "one")
        await stage.quiet()
        helena_joins(stage, "line")
        say(stage, "two")
        await stage.quiet()
        assert (stage.desk.texts(), refused) == (["re one"], ["a human agent has the chat"])


class Unaware:
    """Answers all, one way or another, and knows of no humans."""

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str | None:
        if event.text == "beside":
            chat.spawn(chat.send_text("re beside"))
        elif event.text == "ask":
            await chat.ask("Which?", timeout=60)
        else:
            return "re"
        return None


@pytest.mark.parametrize("words", ["one", "beside", "ask"])
async def test_a_plugin_that_knows_of_no_humans_has_not_failed(
    words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with on_stage(Unaware()) as stage:
        await stage.chatting()
        helena_joins(stage, "line")
        say(stage, words)
        await stage.quiet()
        assert (stage.desk.texts(), stage.bot.counters.hook_failures.total()) == ([], 0)
    told = [one for one in caplog.records if "SendMessage is not allowed: a human agent has" in one.message]
    assert [(one.levelname, one.exc_info) for one in told] == [("INFO", None)]
    assert "p1" in told[0].message


@pytest.mark.parametrize("how", ["line", "list"])
async def test_what_was_on_its_way_in_a_crash_is_not_said_over_a_human_who_came_meanwhile(how: str) -> None:
    drawer = Drawer()
    async with on_stage(Talks(), journal=drawer) as stage:
        await stage.chatting()
        gate = stage.desk.holding("SendMessage", effect=False)
        say(stage, "one")
        await gate.reached.wait()
        await stage.crash(drawer)
        helena_joins(stage, how)
        stage.desk.lose_client()
    async with on_stage(talks := Talks(), desk=stage.desk, journal=drawer) as again:
        await again.quiet()
        assert (talks.told, again.desk.texts()) == (["Helena"], [])


@pytest.mark.parametrize(("policy", "said"), [("mute", []), ("stay", ["Hello"])])
async def test_a_human_who_is_there_before_the_bot_is_not_talked_over_by_the_hook_that_accepts(
    policy: str, said: list[str]
) -> None:
    class Accepts:
        @hookimpl
        async def on_chat_offered(self, chat: Chat) -> bool:
            await chat.accept()
            await chat.send_text("Hello")
            return True

    async with on_stage(Accepts(), on_agent_joined=policy) as stage:
        stage.desk.offer("c1", ANA, HELENA)
        await stage.quiet()
        assert stage.desk.texts() == said


async def test_a_chat_in_which_only_the_customer_is_known_to_have_gone_is_left_to_the_human() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        helena_joins(stage, "line")
        stage.desk.line("c1", {"type": "ParticipantLeft", "from": ANA})
        await stage.quiet()
        assert stage.asked("Leave") == 1


@pytest.mark.parametrize("mute", [False, True])
async def test_what_a_human_says_is_sign_enough(*, mute: bool) -> None:
    async with on_stage(talks := Talks()) as stage:
        await stage.chatting()
        stage.desk.mute = mute  # then it is read only
        stage.desk.says("I am with you.", who=HELENA)
        stage.desk.mute = False
        say(stage, "one")
        await stage.quiet()
        assert (talks.told, stage.desk.texts()) == (["Helena"], [])
        for _ in range(3):
            stage.desk.status("c1", "ParticipantsUpdated")  # she has gone, says the list
        say(stage, "two")
        await stage.quiet()
        assert (talks.told, stage.desk.texts()) == (["Helena", "back"], ["re two"])
