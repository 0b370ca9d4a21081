"""Slash commands: how they are read, and what each does at a real simulator."""

import pytest

from chatbot.cli.backstage import Trouble
from chatbot.cli.slash import COMMANDS, Order, Unknown, enact, fault_of, read, seconds_of
from chatbot.cli.visit import Visit
from chatbot.simulator.faults import Match
from chatbot.simulator.named_faults import NAMED_FAULTS
from tests.cli.parlour import BOUND_S, Parlour, at_visit

pytestmark = pytest.mark.usefixtures("eager")


async def does(visit: Visit, line: str) -> str:
    order = read(line)
    assert order is not None
    return await enact(visit, order)


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("hi there", Order("", "hi there")),
        ("  hi  ", Order("", "hi")),
        ("//etc/hosts", Order("", "/etc/hosts")),
        ("/leave", Order("leave", "")),
        ("/agent joins", Order("agent joins", "")),
        ("/agent says  so  be it ", Order("agent says", "so  be it")),
        ("/fault 402", Order("fault", "402")),
        ("", None),
        ("   ", None),
    ],
)
def test_a_line_is_a_text_or_a_command(line: str, order: Order | None) -> None:
    assert read(line) == order


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("/leav", "/leav is no command\n  closest: /leave\n  fix: a text with a slash begins with two"),
        ("/agnt joins", "/agnt is no command\n  closest: /agent joins\n"),
        ("/wiat 2", "/wiat is no command\n  closest: /wait\n"),
        ("/agent join", "/agent join is no command\n  closest: /agent joins\n"),
        ("/x\x1b", "/x\\x1b is no command\n  known: /help, /agent joins, "),
        ("/agent says", "/agent says needs more\n  usage: /agent says TEXT"),
        ("/data key", "/data needs more\n  usage: /data KEY VALUE"),
        ("/wait long", "'long' are no seconds\n  expected: a number, for example 2 or 0.5"),
        ("/wait -1", "'-1' are no seconds"),
        ("/wait inf", "'inf' are no seconds"),
        ("/fault 40", "no fault is called '40'\n  closest: 40"),
        ("/fault 503 SendMessage often", "'often' is not understood\n  expected: KEY=VALUE"),
    ],
)
def test_what_is_no_command_is_told_with_the_nearest(line: str, complaint: str) -> None:
    with pytest.raises(Unknown) as caught:
        read(line)
    assert str(caught.value).startswith(complaint)


def test_words_of_a_fault() -> None:
    assert fault_of("503 SendMessage times=3 seconds=1") == {
        "name": "503",
        "on": "SendMessage",
        "times": "3",
        "seconds": "1",
    }
    assert fault_of("503 times=3") == {"name": "503", "times": "3"}
    assert seconds_of("0.5") == 0.5


async def agents_texts(visit: Visit, parlour: Parlour, wanted: str) -> None:
    assert await visit.until(lambda: wanted in parlour.shown or None, BOUND_S), parlour.shown


async def test_human_agents_come_talk_type_and_go() -> None:
    async with at_visit() as (visit, parlour):
        assert await does(visit, "/agent joins Tom") == ""
        await does(visit, "/agent says hi from Tom")
        await agents_texts(visit, parlour, "Tom: hi from Tom")
        await does(visit, "/agent types")
        assert await visit.until(lambda: visit.typists or None, BOUND_S) == ["Tom"]
        await does(visit, "/agent leaves")
        await agents_texts(visit, parlour, "Tom left")
        await does(visit, "/agent says it is me again")
        await agents_texts(visit, parlour, "Eva: it is me again")
        await does(visit, "/agent joins tom")
        with pytest.raises(Trouble, match="Tom is in the chat already"):
            await does(visit, "/agent joins Tom")
        await does(visit, "/agent joins")
        await agents_texts(visit, parlour, "Helena joined")


async def test_a_bot_is_no_human_and_without_a_human_nobody_speaks() -> None:
    async with at_visit() as (visit, parlour):
        parlour.simulator.world.add_agent("robo")
        with pytest.raises(Trouble, match="robo is a bot: name a human"):
            await does(visit, "/agent joins robo")
        parlour.simulator.world.human_joins(
            parlour.chat.id, parlour.simulator.world.add_agent("x", human=True).username
        )
        for _ in range(2):
            await does(visit, "/agent leaves")
        with pytest.raises(Trouble, match="no human agent is in the chat\n  fix: /agent joins"):
            await does(visit, "/agent leaves")


async def test_the_customer_pushes_renames_tells_data_and_leaves() -> None:
    async with at_visit() as (visit, parlour):
        await does(visit, "/url https://a.example")
        await agents_texts(visit, parlour, "Ana shows https://a.example")
        await does(visit, "/nick Anna Maria")
        await agents_texts(visit, parlour, "now called Anna Maria")
        assert visit.nickname == "Anna Maria"
        await does(visit, "/data Order 12 34")
        assert parlour.chat.user_data["Order"] == "12 34"
        await does(visit, "//help")
        await agents_texts(visit, parlour, "Anna Maria: /help")
        await does(visit, "/leave")
        await visit.over.wait()


async def test_faults_are_for_the_bot_in_the_chat() -> None:
    async with at_visit() as (visit, parlour):
        simulator = parlour.simulator
        told = await does(visit, "/fault 503 SendMessage times=3")
        assert told == f"503: {NAMED_FAULTS['503'].sentence}"
        [fault] = simulator.faults
        assert (fault.match, fault.times) == (Match(path="/api/v2/me", operation="SendMessage"), 3)
        assert await does(visit, "/fault off") == "all faults are taken back"
        assert simulator.faults == []
        simulator.world.add_agent("robo")
        simulator.world.operate("robo", {"operationName": "StartContactCenterSession", "channels": ["chat"]})
        uri = simulator.world.payloads.uri(f"/users/{simulator.world.agents.get('robo').id}")
        simulator.world.human_does(parlour.chat.id, "eva", "Invite", targetUri=uri)
        simulator.world.perform("robo", parlour.chat.id, {"operationName": "Accept"})
        await does(visit, "/fault drop-notification")
        assert [fault.match.agent for fault in simulator.faults] == ["robo"]
        listed = (await does(visit, "/fault")).splitlines()
        assert [line.split()[0] for line in listed] == list(NAMED_FAULTS)
        with pytest.raises(Trouble, match="times is 'often'; expected a number, or always"):
            await does(visit, "/fault 503 times=often")


async def test_looking_tells_what_there_is() -> None:
    async with at_visit() as (visit, parlour):
        assert (await does(visit, "/state")).splitlines() == [
            "state         Chatting",
            "participants  Eva (Agent), Ana (Customer)",
            "capabilities  SendMessage, SendStartTypingNotification, SendStopTypingNotification, Complete",
            "agents        eva Chatting",
            'user data     {"Order": "7"}',
        ]
        assert await does(visit, "/bot") == "no bot has logged in"
        parlour.simulator.world.add_agent("robo")
        assert await does(visit, "/bot") == "agent robo: not logged in"
        transcript = (await does(visit, "/transcript")).splitlines()
        assert transcript == ["     1  Ana joined", "     2  Eva joined", "     3  Eva: hello"]
        assert await does(visit, "/wait 0") == ""


async def test_help_tells_every_command() -> None:
    async with at_visit() as (visit, _):
        told = await does(visit, "/help")
    for row in COMMANDS.values():
        assert f"{row.usage} " in told
        assert row.sentence in told
