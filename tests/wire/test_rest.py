"""Requests of one agent: where each goes, and what its answer is read as."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import ValidationError

from chatbot.model import actions, agent_actions
from chatbot.model.actions import Action
from chatbot.model.errors import ConnectionLost, ProtocolViolation, SessionLost, WireError
from chatbot.model.events import TextReceived, UnknownMessage
from chatbot.wire.http import Reply
from chatbot.wire.outcomes import Accepted, Gone, Later, NotSent, Refusal, SessionFault, Unknown
from chatbot.wire.rest import Rest, _as_error
from tests.wire.fakes import Answer, FakeClock, FakeHttp, Sent, envelope, json_reply, page

CHAT, USER = "0000Na9B26EF002G", "user_1~x-2"
OWN = f"/api/v2/me/chats/{CHAT}"
HOSTILE = [
    "",
    "../me",
    "a/b",
    "a?b",
    "a#b",
    "%2e%2e",
    "a b",
    "a\r\nb",
    "a\n",
    "ä",
    ".",
    "x" * 65,
    "{user_id}",
]


def rest(*script: Answer) -> tuple[Rest, FakeHttp]:
    clock = FakeClock()
    http = FakeHttp(clock, *script)
    return Rest(http, bot="concierge", clock=clock, timeout_s=7.0), http


def all_actions() -> set[type[Action]]:
    found = [value for module in (actions, agent_actions) for _, value in inspect.getmembers(module)]
    classes = [value for value in found if isinstance(value, type) and issubclass(value, Action)]
    return {one for one in classes if one.operation}


PLAIN = [
    actions.Reject,
    actions.SendStartTypingNotification,
    actions.SendStopTypingNotification,
    actions.SendStartTypingToAgentsNotification,
    actions.SendStopTypingToAgentsNotification,
    actions.CancelConsult,
    actions.Leave,
    actions.LeaveAndComplete,
    actions.SetInFocus,
    actions.SwitchToMonitor,
    actions.SwitchToCoach,
    actions.SwitchToBargeIn,
]
ROUTES: list[tuple[Action, str, dict[str, Any]]] = [
    *((one(), OWN, {}) for one in PLAIN),
    (actions.Accept(nickname="Bot", save_lar=True), OWN, {"nickname": "Bot", "saveLAR": True}),
    (actions.SendMessage(text="ä", treat_as="System"), OWN, {"text": "ä", "treatAs": "System"}),
    (actions.SendMessage(text="x", message_type="tag"), OWN, {"text": "x", "messageType": "tag"}),
    (actions.SendToAgents(text="x"), OWN, {"text": "x"}),
    (actions.SendUrl(url="https://a.example/b"), OWN, {"url": "https://a.example/b"}),
    (actions.SendCustomNotice(notice_text="x"), OWN, {"noticeText": "x"}),
    (actions.SendCustomNoticeToAgents(notice_text="x"), OWN, {"noticeText": "x"}),
    (actions.SendNicknameUpdatedNotice(notice_text="x"), OWN, {"noticeText": "x"}),
    (actions.Transfer(queue_name="q", text="bye"), OWN, {"queueName": "q", "text": "bye"}),
    (actions.Transfer(target_uri="http://x/users/u"), OWN, {"targetUri": "http://x/users/u"}),
    (actions.Consult(target_uri="u"), OWN, {"targetUri": "u"}),
    (actions.Invite(target_uri="u"), OWN, {"targetUri": "u"}),
    (actions.RemoveParticipantFromConference(target_path="/users/u"), OWN, {"targetPath": "/users/u"}),
    (actions.Leave(text="bye", message_type="t"), OWN, {"text": "bye", "messageType": "t"}),
    (actions.Complete(queue_name="q", save_lar=False), OWN, {"queueName": "q", "saveLAR": False}),
    (actions.AttachUserData(user_data={"a b": None}), OWN, {"userData": {"a b": None}}),
    (actions.UpdateUserData(user_data={"k": 1}), OWN, {"userData": {"k": 1}}),
    (actions.DeleteUserData(keys=("k",)), OWN, {"keys": ["k"]}),
    (
        actions.SetDisposition(disposition="d", disposition_key="k"),
        OWN,
        {"disposition": "d", "dispositionKey": "k"},
    ),
    (actions.AddComment(comment="c"), OWN, {"comment": "c"}),
    (
        agent_actions.StartContactCenterSession(place="p", login_code="1"),
        "/api/v2/me",
        {"channels": ["chat"], "place": "p", "loginCode": "1"},
    ),
    (agent_actions.EndContactCenterSession(), "/api/v2/me", {}),
    (agent_actions.Ready(), "/api/v2/me/channels/chat", {}),
    (agent_actions.NotReady(), "/api/v2/me/channels/chat", {}),
    *(
        (
            one(user_id=USER, supervisor_monitoring_mode="NextChat"),
            f"/api/v2/users/{USER}/channels/chat",
            mode,
        )
        for one in (agent_actions.Monitor, agent_actions.Coach, agent_actions.BargeIn)
        for mode in ({"supervisorMonitoringMode": "NextChat"},)
    ),
    (agent_actions.CancelSupervisorMonitoring(user_id=USER), f"/api/v2/users/{USER}/channels/chat", {}),
    (
        agent_actions.Intrude(user_id=USER, chat_id=CHAT, supervisor_visibility_mode="Coach"),
        f"/api/v2/users/{USER}/chats/{CHAT}",
        {"supervisorVisibilityMode": "Coach"},
    ),
]


def test_every_action_has_its_route_checked() -> None:
    assert {type(action) for action, _, _ in ROUTES} == all_actions()


@pytest.mark.parametrize(
    ("action", "path", "body"), ROUTES, ids=lambda value: getattr(value, "operation", None)
)
async def test_action_is_posted_to_its_path_once(action: Action, path: str, body: dict[str, Any]) -> None:
    wire, http = rest(envelope(0, referenceId=35))
    assert await wire.perform(action, CHAT) == Accepted("35")
    assert http.sent == [Sent("POST", path, {"operationName": action.operation, **body}, 7.0, 1000.0)]


STOP = actions.SendStopTypingToAgentsNotification()


@pytest.mark.parametrize(
    ("action", "answers", "names", "outcome"),
    [
        (STOP, [envelope(1), envelope(0)], [STOP.operation, "SendStopTypingToAgentNotification"], Accepted()),
        (actions.SetInFocus(), [Reply(400, {}, b""), envelope(0)], ["SetInFocus", "InFocus"], Accepted()),
        (
            STOP,
            [envelope(1), envelope(3)],
            [STOP.operation, "SendStopTypingToAgentNotification"],
            Refusal(3, "status code 3: no reason given"),
        ),
        (STOP, [envelope(0)], [STOP.operation], Accepted()),
        (STOP, [Reply(404, {}, b"")], [STOP.operation], Gone(404, "HTTP 404")),
        (STOP, [Reply(429, {}, b"")], [STOP.operation], Later(1.0)),
        (actions.Reject(), [envelope(1)], ["Reject"], Refusal(1, "status code 1: no reason given")),
    ],
)
async def test_other_spelling_is_tried_only_after_a_refusal(
    action: Action, answers: list[Answer], names: list[str], outcome: object
) -> None:
    wire, http = rest(*answers)
    assert await wire.perform(action, CHAT) == outcome
    assert [sent.body["operationName"] for sent in http.sent] == names


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (ConnectionLost("refused", sent=False), NotSent),
        (ConnectionLost("reset"), Unknown),
        (ProtocolViolation("too large"), Unknown),
        (Reply(503, {}, b""), Unknown),
        (Reply(403, {}, b""), SessionFault),
    ],
)
async def test_operation_never_raises_for_the_wire_and_is_sent_once(answer: Answer, kind: type) -> None:
    wire, http = rest(answer)
    assert isinstance(await wire.perform(STOP, CHAT), kind)
    assert len(http.sent) == 1


@pytest.mark.parametrize("hostile", [None, *HOSTILE])
async def test_hostile_chat_id_never_reaches_a_path(hostile: Any) -> None:
    wire, http = rest()
    for request in (wire.perform(actions.Leave(), hostile), wire.chat(hostile), wire.lines(hostile)):
        with pytest.raises(ValueError, match="not the id of a chat"):
            await request
    assert http.sent == []


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_user_id_never_becomes_an_action(hostile: str) -> None:
    for one in (agent_actions.Monitor, agent_actions.CancelSupervisorMonitoring):
        with pytest.raises(ValidationError):
            one(user_id=hostile)
    with pytest.raises(ValidationError):
        agent_actions.Intrude(user_id=USER, chat_id=hostile)


async def test_login_is_a_get_of_me() -> None:
    wire, http = rest(envelope(0, user={"id": "u"}))
    assert (await wire.me()).value == {"statusCode": 0, "user": {"id": "u"}}
    assert http.sent == [Sent("GET", "/api/v2/me", None, 7.0, 1000.0)]


def channel(name: str, state: object) -> dict[str, object]:
    return {"channel": name, "userState": state}


@pytest.mark.parametrize(
    ("channels", "state"),
    [
        ([channel("voice", {"state": "NotReady"}), channel("chat", {"state": " Ready "})], "Ready"),
        ([3, channel("chat", {"state": "NotReady"})], "NotReady"),
        ([channel("chat", "Ready")], ""),
        ([channel("chat", None)], ""),
        ([channel("voice", {"state": "Ready"})], None),
        ([], None),
        (None, None),
        ({"chat": 1}, None),
    ],
)
async def test_state_is_that_of_the_chat_channel(channels: object, state: str | None) -> None:
    wire, http = rest(envelope(0, channels=channels))
    assert await wire.chat_state() == state
    assert http.lines == ["GET /api/v2/me/channels?fields=*"]


def ids(chats: list[Any]) -> list[str]:
    return [chat.id for chat in chats]


A, B = {"id": "A", "state": "Chatting"}, {"id": "B", "state": "Invited"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"statusCode": 0, "chats": [A, B]}, ["A", "B"]),
        ({"chats": [A]}, ["A"]),
        ({"statusCode": 7, "chats": [A]}, ["A"]),
        ({"statusCode": 0, "chats": []}, []),
        ({"statusCode": 0, "uris": []}, []),
        ({"statusCode": 0, "chats": [None, 3, {}, {"id": "../x"}, {"id": "B", "state": 7}]}, ["B"]),
        ({"statusCode": 0, "chats": None, "chat": A}, ["A"]),
        (A, ["A"]),
    ],
    ids=str,
)
async def test_chats_are_read_in_all_forms(value: object, found: list[str]) -> None:
    wire, http = rest(json_reply(value))
    assert ids(await wire.chats()) == found
    assert http.lines == ["GET /api/v2/me/chats?fields=*"]


async def test_chats_listed_by_address_are_read_by_their_ids_and_no_host_is_believed() -> None:
    uris = ["http://elsewhere.example/api/v2/me/chats/A", "/chats/B/", "http://x/chats/..", 3, "/chats/gone"]
    wire, http = rest(envelope(0, uris=uris), json_reply(A), envelope(0, chat=B), page(404))
    assert ids(await wire.chats()) == ["A", "B"]
    assert http.lines[1:] == [f"GET /api/v2/me/chats/{one}" for one in ("A", "B", "gone")]


@pytest.mark.parametrize(
    "value", [{"statusCode": 0}, {"chats": "A"}, {"chat": {"id": "../x"}}, {"id": 7.5}, [A]]
)
async def test_list_of_chats_that_cannot_be_read_is_a_violation(value: object) -> None:
    wire, _ = rest(json_reply(value))
    with pytest.raises(ProtocolViolation):
        await wire.chats()


@pytest.mark.parametrize("trouble", [Reply(503, {}, b""), Reply(429, {}, b""), envelope(4)], ids=str)
async def test_chat_that_cannot_be_read_now_is_not_taken_for_gone(trouble: Reply) -> None:
    wire, _ = rest(trouble, json_reply({"chats": []}))
    with pytest.raises(ProtocolViolation):
        await wire.chat("A")


@pytest.mark.parametrize(
    "first",
    [page(404), Reply(404, {}, b""), envelope(6), envelope(6, http=404), page(405), envelope(3)],
    ids=str,
)
@pytest.mark.parametrize(("listed", "found"), [([A, B], "A"), ([B], None)])
async def test_chat_without_an_address_of_its_own_is_looked_up_in_the_list(
    first: Reply, listed: list[object], found: str | None
) -> None:
    wire, http = rest(first, envelope(0, chats=listed))
    chat = await wire.chat("A")
    assert (chat.id if chat else None) == found
    assert http.lines == ["GET /api/v2/me/chats/A", "GET /api/v2/me/chats?fields=*"]


async def test_where_only_the_list_shows_a_chat_only_the_list_is_asked_from_then_on() -> None:
    wire, http = rest(page(404), envelope(0, chats=[A]), envelope(0, chats=[A]))
    assert ids([await wire.chat("A"), await wire.chat("A")]) == ["A", "A"]
    assert http.lines == ["GET /api/v2/me/chats/A", *["GET /api/v2/me/chats?fields=*"] * 2]


async def test_chat_with_an_address_of_its_own_is_read_once() -> None:
    wire, http = rest(envelope(0, chat=A))
    assert ids([await wire.chat("A")]) == ["A"]
    assert len(http.sent) == 1


@pytest.mark.parametrize(
    ("asked", "query"), [({}, "startIndex=1"), ({"start": 5, "count": 10}, "startIndex=5&count=10")]
)
async def test_transcript_is_read_from_an_index_on(asked: dict[str, int], query: str) -> None:
    text = {"index": 1, "type": "Text", "text": "hello", "from": {"type": "Customer"}}
    wire, http = rest(envelope(0, messages=[text, None, {"index": 2, "type": "New"}]))
    lines = await wire.lines(CHAT, **asked)
    assert [(type(line), line.index, line.chat_id, line.bot) for line in lines] == [
        (TextReceived, 1, CHAT, "concierge"),
        (UnknownMessage, None, CHAT, "concierge"),
        (UnknownMessage, 2, CHAT, "concierge"),
    ]
    assert lines[0].received_at == http.clock.now()
    assert http.lines == [f"GET {OWN}/messages?{query}"]


# no server gives each index a line: some are for lines that an agent does not see
GAPS = [1, 2, 4, 5, 6, 8, 9, 10, 12, 14, 15, 16, *range(18, 40)]


def paging(indexes: list[int], size: int, *, by_place: bool) -> Callable[[Sent], Awaitable[Reply]]:
    """A server that shows so many lines at once; startIndex is an index to it, or a place."""

    async def answer(sent: Sent) -> Reply:
        start = int(sent.path.partition("startIndex=")[2])
        rest = indexes[start - 1 :] if by_place else [index for index in indexes if index >= start]
        return envelope(0, messages=[{"index": index, "type": "Text", "text": "x"} for index in rest[:size]])

    return answer


@pytest.mark.parametrize("by_place", [False, True], ids=["by index", "by place"])
@pytest.mark.parametrize("size", [10, 12, 25])
@pytest.mark.parametrize("is_full", [True, False], ids=["last page full", "last page short"])
async def test_long_transcript_with_gaps_is_read_whole_and_once(
    size: int, *, by_place: bool, is_full: bool
) -> None:
    shown = GAPS[: len(GAPS) // size * size] if is_full else GAPS
    wire, http = rest()
    http.otherwise = paging(shown, size, by_place=by_place)
    assert [line.index for line in await wire.lines(CHAT)] == shown


@pytest.mark.parametrize("start", [2, 4, 12])
@pytest.mark.parametrize("size", [10, 12])
async def test_the_end_of_a_long_transcript_with_gaps_has_no_hole_where_places_are_counted(
    size: int, start: int
) -> None:
    wire, http = rest()
    http.otherwise = paging(GAPS, size, by_place=True)
    found = [line.index or 0 for line in await wire.lines(CHAT, start)]
    assert found == [index for index in GAPS if index >= found[0]]


@pytest.mark.parametrize("messages", [None, "x", {}, 3])
async def test_transcript_that_is_no_list_is_a_violation(messages: object) -> None:
    wire, _ = rest(envelope(0, messages=messages))
    with pytest.raises(ProtocolViolation, match="transcript"):
        await wire.lines(CHAT)


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        (ConnectionLost("refused", sent=False), ConnectionLost, None),
        (Reply(401, {}, b""), SessionLost, 401),
        (page(401), SessionLost, 401),
        (Reply(302, {"location": "/login"}, b""), SessionLost, 302),
        (envelope(0, http=302, chats=[]), SessionLost, 302),
        (page(302), SessionLost, 302),
        (envelope(5), SessionLost, 5),
        (envelope(20), SessionLost, 20),
        (page(), SessionLost, None),
        (envelope(8), ProtocolViolation, 8),
        (envelope(6), ProtocolViolation, 6),
        (page(404), ProtocolViolation, 404),
        (Reply(429, {}, b""), ProtocolViolation, 429),
        (Reply(500, {}, b""), ProtocolViolation, 500),
        (envelope(4), ProtocolViolation, 4),
        (json_reply([]), ProtocolViolation, 200),
        (Reply(200, {}, b""), ProtocolViolation, None),
    ],
    ids=str,
)
async def test_get_that_brings_nothing_to_read_says_why(
    answer: Answer, kind: type[WireError], status: int | None
) -> None:
    wire, _ = rest(answer)
    with pytest.raises(kind) as caught:
        await wire.get("/me/chats")
    assert caught.value.status == status


def test_acceptance_without_anything_to_read_is_a_violation() -> None:
    assert _as_error(Accepted()).text == "the answer is empty"
