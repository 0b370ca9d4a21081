import asyncio

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response

from chatbot import Participant, Refused, Visibility
from chatbot.hooks.manager import CallResult
from chatbot.model.actions import Action, Complete, SendMessage, Transfer, UpdateUserData
from chatbot.model.errors import ConnectionLost
from chatbot.model.events import ParticipantJoined, TranscriptEvent
from chatbot.model.words import ParticipantType
from tests.hooks.stage import ANA, ME
from tests.plugins.endpoint import Answer, line, says, talking, uses
from tests.plugins.stage import ABOUT

CARD = "4111 1111 1111 1111"
SECRET = "canary"
HELENA = Participant(nickname="Helena", type=ParticipantType.AGENT, participant_id="3")
NO = Refused("no", action="x", status=6)
TOOLS = {"transfer": {"queue": "Support"}, "complete": True, "set_user_data": ["OrderNumber"]}


async def test_what_the_model_says_is_said() -> None:
    async with talking(system="Be brief.", max_tokens=9, temperature=0.5) as talk:
        assert (await talk.hears(says("  Hello Ana. "))).handled
        assert talk.sent == [SendMessage(text="Hello Ana.")]
        assert talk.there.requests == [
            {
                "model": "m",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "canary?"},
                ],
                "max_tokens": 9,
                "temperature": 0.5,
            }
        ]
        assert talk.there.keys == [None]


async def test_the_transcript_up_to_the_text_goes_along_and_is_masked() -> None:
    external = Participant(nickname="System", type=ParticipantType.EXTERNAL)
    transcript: list[TranscriptEvent] = [
        line(1, "too old"),
        line(2, f"my card is {CARD}"),
        line(3, "Thank you.", ME),
        ParticipantJoined(chat_id="A", index=4, sender=ANA, **ABOUT),
        line(4, "for agents only", ME, visibility=Visibility.AGENTS),
        line(4, "a notice", external),
        line(5, "as it is in the transcript"),
        line(6, "said later"),
    ]
    for table, card in (({}, "[card]"), ({"masked": False}, CARD), ({"mask": {"cards": False}}, CARD)):
        async with talking(lines=3, **table) as talk:
            talk.stage.view.transcript = transcript
            await talk.hears(says("ok"), text="and now? \ud800")
            assert talk.there.requests[0]["messages"] == [
                {"role": "user", "content": f"my card is {card}"},
                {"role": "assistant", "content": "Thank you."},
                {"role": "user", "content": "and now? \ud800"},
            ]


async def test_without_a_transcript_the_text_alone_goes_along() -> None:
    async with talking() as talk:

        async def lines(start: int, count: int | None) -> list[TranscriptEvent]:
            raise ConnectionLost("no answer")

        talk.stage.view.lines = lines  # type: ignore[method-assign]
        await talk.hears(says("ok"))
        assert talk.there.requests[0]["messages"] == [{"role": "user", "content": "canary?"}]


BAD: dict[str, tuple[Answer, str]] = {
    "429": (Response("slow down canary", 429), "the endpoint answers HTTP 429"),
    "500": (Response("canary", 500), "the endpoint answers HTTP 500"),
    "401": (JSONResponse({"error": "key canary"}, 401), "the endpoint answers HTTP 401"),
    "elsewhere": (RedirectResponse("http://127.0.0.1:9/"), "the endpoint answers HTTP 307"),
    "garbage": (Response("<html>canary"), "the answer cannot be read"),
    "another thing": (JSONResponse([1]), "the answer cannot be read"),
    "no choice": (JSONResponse({"choices": []}), "the answer cannot be read"),
    "deep": (Response("[" * 100_000), "the answer cannot be read"),
    "not UTF-8": (Response(b'{"choices": "\xff"}'), "the answer cannot be read"),
    "no such packing": (
        Response(b"x" * 100, headers={"content-encoding": "gzip"}),
        "the endpoint does not answer: DecodingError",
    ),
    "endless": (Response(b" " * 1_100_000), "the answer is larger than 1048576 bytes"),
    "nothing": (says(None), "it says nothing"),
    "blank": (says(" \n"), "it says nothing"),
    "refusal": (says(None, refusal="I will not say canary"), "the model refuses"),
    "filtered": (says("can", finish="content_filter"), "the model refuses"),
    "cut off": (says("Well, can", finish="length"), "the answer is cut off at max_tokens"),
    "tool that is not offered": (uses(("transfer", {})), "it says nothing"),
}


@pytest.mark.parametrize("case", BAD)
async def test_where_there_is_no_answer_the_next_plugin_is_asked_and_the_log_says_why(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer, reason = BAD[case]
    async with talking() as talk:
        assert await talk.hears(answer) == CallResult()
        assert talk.sent == []
    assert caplog.messages[-1] == f"llm_reply has no answer in chat A: {reason}"
    assert SECRET not in caplog.text


async def test_an_endpoint_that_hangs_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async with talking(timeout=0.05) as talk:
        talk.there.hangs = True
        assert await talk.hears(says("late")) == CallResult()
    assert caplog.messages == ["llm_reply has no answer in chat A: no answer within 0.05 s"]


async def test_an_endpoint_that_is_not_there_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    async with talking(base_url="http://127.0.0.1:1/v1") as talk:
        assert await talk.hears() == CallResult()
    reason = "the endpoint does not answer: ConnectError"
    assert caplog.messages == [f"llm_reply has no answer in chat A: {reason}"]


async def test_requests_are_counted_and_when_they_are_spent_nothing_is_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with talking(max_requests=2) as talk:
        await talk.hears(says("one"))
        await talk.hears(Response("no", 500))  # also what came to nothing was asked
        assert not (await talk.hears(says("three"))).handled
        assert len(talk.there.requests) == 2
        assert talk.stage.view.memory == {"llm_reply.spent": {"requests": 2, "tokens": 7}}
    reason = "2 requests in this chat are spent"
    assert caplog.messages[-1] == f"llm_reply has no answer in chat A: {reason}"


async def test_tokens_are_counted_too() -> None:
    async with talking(max_chat_tokens=10) as talk:
        for answers in ((says("one", tokens=4),), (says("two", tokens=6),), (says("three"),)):
            await talk.hears(*answers)
        assert talk.sent == [SendMessage(text="one"), SendMessage(text="two")]
        assert len(talk.there.requests) == 2
    async with talking(max_chat_tokens=0) as talk:
        for _ in "12":
            await talk.hears(says("one", tokens=10**9))
        assert len(talk.sent) == 2


# tools

CALLS: list[tuple[Answer, list[Action]]] = [
    (uses(("transfer", {"text": " Bye. "})), [Transfer(queue_name="Support", text="Bye.")]),
    (uses(("transfer", {}), content="Hold on."), [Transfer(queue_name="Support", text="Hold on.")]),
    (uses(("transfer", {"queue": "Elsewhere", "text": 7})), [Transfer(queue_name="Support")]),
    (uses(("transfer", "no JSON")), [Transfer(queue_name="Support")]),
    (uses(("transfer", "[" * 100_000)), [Transfer(queue_name="Support")]),
    (uses(("transfer", "[]")), [Transfer(queue_name="Support")]),
    (uses(("complete", {"text": "Bye."})), [Complete(text="Bye.")]),
    (uses(("complete", {}), ("transfer", {})), [Transfer(queue_name="Support")]),
    (
        uses(("set_user_data", {"OrderNumber": "7", "Admin": "yes"}), ("complete", {})),
        [UpdateUserData(user_data={"OrderNumber": "7"}), Complete()],
    ),
    (
        uses(("set_user_data", {"OrderNumber": "x" * 5000}), content="Noted."),
        [UpdateUserData(user_data={"OrderNumber": "x" * 1000}), SendMessage(text="Noted.")],
    ),
    (uses(("set_user_data", {"OrderNumber": 7}), content="Noted."), [SendMessage(text="Noted.")]),
    (uses(("rm", {}), content="Hm."), [SendMessage(text="Hm.")]),
]


@pytest.mark.parametrize(("answer", "actions"), CALLS)
async def test_tools_do_what_the_settings_allow(answer: Answer, actions: list[Action]) -> None:
    async with talking(tools=TOOLS) as talk:
        assert (await talk.hears(answer)).handled
        assert talk.sent == actions
        offered = [tool["function"]["name"] for tool in talk.there.requests[0]["tools"]]
        assert offered == ["transfer", "complete", "set_user_data"]


async def test_a_transfer_may_go_to_an_address() -> None:
    async with talking(tools={"transfer": {"target": "agent:x"}}) as talk:
        await talk.hears(uses(("transfer", {}), ("complete", {})))
        assert talk.sent == [Transfer(target_uri="agent:x")]


@pytest.mark.parametrize("name", ["transfer", "complete", "set_user_data"])
async def test_a_tool_that_is_not_allowed_does_nothing(name: str) -> None:
    others = {key: value for key, value in TOOLS.items() if key != name}
    async with talking(tools=others) as talk:
        await talk.hears(uses((name, {"OrderNumber": "7"}), content="Hm."))
        assert talk.sent == [SendMessage(text="Hm.")]


async def test_a_model_that_kept_something_is_told_and_asked_for_its_words() -> None:
    async with talking(tools=TOOLS) as talk:
        await talk.hears(uses(("set_user_data", {"OrderNumber": "7"})), says("Thank you."))
        assert talk.sent == [UpdateUserData(user_data={"OrderNumber": "7"}), SendMessage(text="Thank you.")]
        first, second = talk.there.requests
        assert (first["tool_choice"], second["tool_choice"]) == ("auto", "none")
        call = {"name": "set_user_data", "arguments": '{"OrderNumber": "7"}'}
        assert second["messages"][1:] == [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call0", "type": "function", "function": call}],
            },
            {"role": "tool", "tool_call_id": "call0", "content": "ok"},
        ]


@pytest.mark.parametrize("name", ["transfer", "complete"])
async def test_what_is_not_possible_is_left_to_the_next_plugin(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with talking(tools=TOOLS) as talk:
        talk.stage.sender.refused = {Transfer: NO, Complete: NO}
        assert await talk.hears(uses((name, {}))) == CallResult()
        assert talk.sent == []
    assert caplog.messages == [f"llm_reply has no answer in chat A: {name} is not possible: CB330 no"]


async def test_user_data_that_cannot_be_kept_costs_no_answer() -> None:
    async with talking(tools=TOOLS) as talk:
        talk.stage.sender.refused = {UpdateUserData: NO}
        await talk.hears(uses(("set_user_data", {"OrderNumber": "7"}), content="Noted."))
        assert talk.sent == [SendMessage(text="Noted.")]


async def test_a_human_who_has_the_chat_is_left_alone_with_the_customer() -> None:
    async with talking(tools=TOOLS) as talk:
        talk.stage.view.human = HELENA
        assert await talk.hears(uses(("complete", {"text": "Bye."}))) == CallResult()
        assert (talk.sent, talk.there.requests) == ([], [])


async def test_a_human_who_comes_while_the_model_thinks_keeps_the_chat() -> None:
    async with talking(tools=TOOLS) as talk:
        talk.there.hangs = True
        hears = asyncio.create_task(talk.hears(uses(("complete", {"text": "Bye."}))))
        await talk.there.reached.wait()
        talk.stage.view.human = HELENA
        talk.there.go.set()
        assert await hears == CallResult()
        assert talk.sent == []
