import pytest

from chatbot import (
    CapabilitiesChanged,
    ChatEnded,
    ChatOffered,
    ParticipantJoined,
    TextReceived,
    hookimpl,
)
from chatbot.hooks.chat import Chat
from tests.bot.desk import ANA, CAN_LEAVE, CAN_RING, CAN_TALK, HELENA, LOST, ME, Reaction, code, reply
from tests.bot.stage import Stage, on_stage


def texts(stage: Stage) -> list[str]:
    return [event.text for event in stage.all(TextReceived)]


# offers


async def test_an_offer_is_accepted_under_the_nickname() -> None:
    async with on_stage(nickname="Robo") as stage:
        await stage.chatting()
        assert {"operationName": "Accept", "nickname": "Robo"} in stage.desk.bodies
        assert stage.names() == ["ChatOffered", "ChatStarted"]


async def test_without_auto_accept_an_offer_is_left_ringing() -> None:
    async with on_stage(auto_accept=False) as stage:
        stage.desk.offer()
        await stage.quiet()
        await stage.reconciled()
        assert stage.asked("Accept", "Reject") == 0


@pytest.mark.parametrize("how", ["accepts", "rejects", "says handled"])
async def test_a_plugin_may_decide_an_offer_itself(how: str) -> None:
    class Choosy:
        @hookimpl
        async def on_chat_offered(self, chat: Chat) -> bool | None:
            if how == "accepts":
                await chat.accept("Another")
            elif how == "rejects":
                await chat.reject()
            return how == "says handled" or None

    async with on_stage(Choosy()) as stage:
        stage.desk.offer()
        await stage.quiet()
        await stage.reconciled()
        wanted = {"accepts": (1, 0), "rejects": (0, 1), "says handled": (0, 0)}[how]
        assert (stage.asked("Accept"), stage.asked("Reject")) == wanted


async def test_an_offer_that_is_taken_back_while_a_hook_thinks_is_not_accepted() -> None:
    class Slow:
        @hookimpl
        async def on_chat_offered(self) -> None:
            stage.desk.end(state="Revoked")
            await stage.turns()

    async with on_stage(Slow()) as stage:
        stage.desk.offer()
        await stage.quiet()
        assert stage.asked("Accept") == 0
        assert [event.reason for event in stage.all(ChatEnded)] == ["Revoked"]
        assert stage.bot._worker._beginning.taken == set()


async def test_an_offer_while_the_bot_stops_is_left_to_others() -> None:
    class Slow:
        @hookimpl
        async def on_chat_offered(self) -> None:
            stage.bot.stop()
            await stage.until(lambda: stage.seen.life[-1] == "stopping")

    async with on_stage(Slow()) as stage:
        stage.desk.offer()
        await stage.until(stage.running.done)
        assert stage.asked("Accept", "Reject") == 0


@pytest.mark.parametrize("answer", [code(10), code(2), reply(429, {"retry-after": "1"}), LOST])
async def test_an_accept_that_came_to_nothing_is_tried_again_later_and_not_at_once(answer: Reaction) -> None:
    async with on_stage() as stage:
        stage.desk.always("Accept", answer)
        stage.desk.offer()
        await stage.quiet()
        tried = stage.asked("Accept")
        assert tried <= 11
        assert stage.bot._worker._beginning.taken == set()
        await stage.turns(500)
        assert stage.asked("Accept") == tried
        stage.desk.always("Accept", None)
        await stage.reconciled()
        assert stage.names()[-1] == "ChatStarted"
        assert len(stage.all(ChatOffered)) == 1


async def test_beyond_max_chats_offers_are_rejected_until_a_chat_ends() -> None:
    async with on_stage(max_chats=1) as stage:
        await stage.chatting("c1")
        stage.desk.offer("c2")
        await stage.quiet()
        assert stage.asked("Reject") == 1
        stage.desk.end("c1")
        await stage.quiet()
        await stage.chatting("c3")


# beginnings


async def test_a_chat_that_could_not_be_joined_is_completed() -> None:
    async with on_stage() as stage:
        stage.desk.running(state="JoinFailed", capabilities=CAN_LEAVE)
        stage.desk.status("c1")
        await stage.quiet()
        assert (stage.asked("Complete"), stage.bot.chats) == (1, 0)


@pytest.mark.parametrize("state", ["JoinFailed", "LeftChat"])
@pytest.mark.parametrize("answer", [code(2), code(3), code(10), None])
async def test_a_dead_chat_that_cannot_be_completed_is_tried_again_later_and_not_at_once(
    state: str, answer: Reaction | None
) -> None:
    async with on_stage() as stage:
        stage.desk.running(state=state, capabilities=CAN_LEAVE if answer else ["InFocus"])
        stage.desk.always("Complete", answer)
        stage.desk.status("c1")
        await stage.quiet()
        await stage.turns(500)
        assert stage.asked("Complete", "chat") <= 3
        stage.desk.always("Complete", None)
        stage.desk.chats["c1"]["capabilities"] = CAN_LEAVE
        await stage.reconciled()
        assert stage.bot.chats == 0


async def test_a_chat_that_a_line_names_first_is_read() -> None:
    async with on_stage() as stage:
        stage.desk.running()
        stage.desk.says("hi")
        await stage.quiet()
        assert stage.names() == ["ChatResumed", "TextReceived"]


@pytest.mark.parametrize("state", [None, "Completed"])
async def test_a_line_of_a_chat_that_is_not_the_bots_begins_nothing(state: str | None) -> None:
    async with on_stage() as stage:
        if state:
            stage.desk.running(state=state)
        stage.desk.says("hi")
        await stage.quiet()
        assert (stage.bot.chats, stage.names()) == (0, [])


async def test_a_chat_that_cannot_be_read_yet_is_read_at_the_next_comparison() -> None:
    async with on_stage() as stage:
        stage.desk.running()
        stage.desk.answer("chat", LOST)
        stage.desk.says("hi")
        await stage.quiet()
        assert stage.names() == []
        await stage.reconciled()
        assert stage.names() == ["ChatResumed", "TextReceived"]


async def test_a_chat_of_a_state_that_nobody_knows_waits() -> None:
    async with on_stage() as stage:
        stage.desk.running(state="Dreaming")
        stage.desk.status("c1")
        await stage.quiet()
        assert stage.names() == []
        stage.desk.change(state="Chatting")
        await stage.quiet()
        assert stage.names() == ["ChatStarted"]


async def test_participants_that_were_not_filled_in_are_read() -> None:
    async with on_stage() as stage:
        stage.desk.running()
        view = {"id": "c1", "state": "Chatting", "participants": []}
        stage.desk.publish({"notificationType": "StatusChange", "chat": view})
        await stage.quiet()
        assert stage.live().handle.customer is not None
        assert stage.names() == ["ChatStarted"]


@pytest.mark.parametrize("answer", [None, LOST])
async def test_where_there_is_no_list_of_participants_the_transcript_tells(answer: Reaction | None) -> None:
    async with on_stage() as stage:
        stage.desk.running("c1")
        stage.desk.chats["c1"]["participants"] = []
        stage.desk.status("c1")
        await stage.quiet()
        assert stage.names() == []
        if answer:
            stage.desk.answer("chat", answer)
        stage.desk.line("c1", {"type": "ParticipantJoined", "from": ANA})
        await stage.quiet()
        assert stage.names()[0] == "ChatStarted"


# lines


async def test_only_the_customers_public_texts_reach_on_text() -> None:
    async with on_stage(on_agent_joined="stay") as stage:
        await stage.chatting("c1", ANA, HELENA)
        stage.desk.says("own", who=ME)
        stage.desk.says("agent", who=HELENA)
        stage.desk.says("whisper", visibility="Agents")
        stage.desk.says("public")
        stage.desk.line("c1", {"type": "ParticipantJoined", "from": HELENA})
        await stage.quiet()
        assert texts(stage) == ["public"]
        assert len(stage.all(ParticipantJoined)) == 1


async def test_who_listens_to_agents_hears_all_but_itself() -> None:
    async with on_stage(listen_to_agents=True, on_agent_joined="stay") as stage:
        await stage.chatting("c1", ANA, HELENA)
        for words, who in (("own", ME), ("agent", HELENA), ("public", ANA)):
            stage.desk.says(words, who=who)
        await stage.quiet()
        assert texts(stage) == ["agent", "public"]


async def test_a_control_notice_without_a_place_is_told_at_once() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.hint("c1", {"type": "TranscriptSaveDone", "index": -1})
        await stage.quiet()
        assert stage.names()[-1] == "TranscriptSaved"


async def test_a_text_that_waits_when_the_chat_ends_is_told_before_the_end() -> None:
    class Slow:
        @hookimpl
        async def on_text(self, event: TextReceived) -> None:
            if event.text == "one":
                desk.mute = True
                desk.says("lost")
                desk.mute = False
                desk.says("two")
                desk.end()
                await stage.turns()

    async with on_stage(Slow()) as stage:
        desk = stage.desk
        await stage.chatting()
        desk.says("one")
        await stage.quiet()
        assert texts(stage) == ["one", "lost", "two"]
        assert stage.names()[-1] == "ChatEnded"


async def test_changes_are_told_between_lines() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.change(kind="ParticipantsUpdated", capabilities=[*CAN_TALK, "Consult"])
        await stage.quiet()
        assert [event.granted for event in stage.all(CapabilitiesChanged)] == [("Consult",)]


async def test_an_offer_that_is_told_again_late_changes_nothing() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        told = {**stage.desk.chats["c1"], "state": "Invited", "capabilities": CAN_RING}
        stage.desk.publish({"notificationType": "StatusChange", "chat": told})
        await stage.quiet()
        stage.desk.says("still here?")
        await stage.quiet()
        assert [event.text for event in stage.all(TextReceived)] == ["still here?"]
        assert (stage.names().count("ChatStarted"), stage.names().count("ChatEnded")) == (1, 0)
        assert stage.live().is_live


async def test_a_chat_that_is_offered_anew_and_whose_end_was_missed_ends_and_begins() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.offer()
        await stage.quiet()
        names = [name for name in stage.names() if name in {"ChatOffered", "ChatStarted", "ChatEnded"}]
        assert names == ["ChatOffered", "ChatStarted", "ChatEnded", "ChatOffered", "ChatStarted"]
        assert stage.asked("Accept") == 2


async def test_a_late_offer_waits_for_a_server_that_cannot_be_asked() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.answer("chat", LOST)
        stage.desk.offer()
        await stage.quiet()
        assert stage.names().count("ChatEnded") == 0
        await stage.reconciled()
        assert (stage.names().count("ChatEnded"), stage.asked("Accept")) == (1, 2)
