import pytest

from chatbot.bot.platform import Platform, has_answered
from chatbot.model.actions import SendMessage
from chatbot.model.errors import ConnectionLost, LoginRefused, ProtocolViolation, SessionLost, WireError
from chatbot.wire.http import Reply
from chatbot.wire.outcomes import Accepted, SessionFault
from tests.bot.desk import Desk, code, reply
from tests.bot.stage import EvenRng, VirtualClock, connected, settings


def platform(desk: Desk) -> Platform:
    return connected(desk, VirtualClock(), EvenRng(), settings()).platform


SESSION_FAULTS = {
    "401": reply(401),
    "403": reply(403),
    "20": code(20),
    "5": code(5),
    "login page": Reply(200, {}, b"<html>"),
}


@pytest.mark.parametrize("fault", SESSION_FAULTS.values(), ids=SESSION_FAULTS)
async def test_a_read_logs_in_again_once_and_then_reads(fault: Reply) -> None:
    desk = Desk()
    desk.running()
    desk.answer("chats", fault)
    assert [chat.id for chat in await platform(desk).chats()] == ["c1"]
    assert desk.requests == ["chats", "me", "chats"]


async def test_a_read_that_is_refused_again_is_not_tried_for_ever() -> None:
    desk = Desk()
    desk.always("messages", reply(403))
    with pytest.raises(SessionLost):
        await platform(desk).lines("c1")
    assert desk.requests == ["messages", "me", "messages"]


async def test_a_read_fails_with_the_login() -> None:
    desk = Desk()
    desk.always("chat", reply(401))
    desk.always("me", reply(401))
    with pytest.raises(LoginRefused):
        await platform(desk).chat("c1")
    assert desk.requests == ["chat", "me"]


async def test_a_chat_that_only_the_list_knows_is_found() -> None:
    desk = Desk()
    desk.running()
    desk.always("chat", code(6))
    found = await platform(desk).chat("c1")
    assert found is not None
    assert await platform(desk).chat("c2") is None


async def test_an_operation_is_sent_once_and_the_next_one_after_a_login() -> None:
    desk = Desk()
    desk.running()
    desk.answer("SendMessage", code(20))
    bot = platform(desk)
    assert isinstance(await bot.perform(SendMessage(text="a"), "c1"), SessionFault)
    assert isinstance(await bot.perform(SendMessage(text="a"), "c1"), Accepted)
    assert desk.requests == ["SendMessage", "me", "SendMessage"]


ANSWERS: dict[str, tuple[WireError, bool]] = {
    "not found": (ProtocolViolation("x", status=6), True),
    "HTTP 404": (ProtocolViolation("x", status=404), True),
    "not JSON": (ProtocolViolation("x"), False),
    "JSON of another shape": (ProtocolViolation("x", retryable=False), True),
    "HTTP 503": (ProtocolViolation("x", status=503), False),
    "HTTP 429": (ProtocolViolation("x", status=429), False),
    "internal failure": (ProtocolViolation("x", status=4), False),
    "not finished": (ProtocolViolation("x", status=9), False),
    "no answer": (ConnectionLost("x"), False),
    "no session": (SessionLost("x", status=403), False),
}


@pytest.mark.parametrize(("error", "is_answer"), ANSWERS.values(), ids=ANSWERS)
def test_a_server_in_trouble_has_not_answered(error: WireError, *, is_answer: bool) -> None:
    assert has_answered(error) is is_answer
