"""The control API from outside, and servers that have none."""

import httpx
import pytest

from chatbot.cli.backstage import Backstage, Trouble, words_of
from tests.cli.parlour import contact_centre
from tests.simulator.stage import BASE, visitor_of


async def test_it_moves_people_and_looks_at_chats() -> None:
    simulator = contact_centre()
    chat_id = simulator.world.request_chat("Ana")
    async with visitor_of(simulator) as http:
        backstage = Backstage(http, chat_id)
        assert [agent["username"] for agent in await backstage.agents()] == ["eva"]
        await backstage.move("say", username="eva", text="so")
        await backstage.do("faults", name="503")
        assert len(simulator.faults) == 1
        await backstage.clear_faults()
        assert simulator.faults == []
        assert (await backstage.chat())["transcript"][-1]["text"] == "so"


async def test_a_refusal_is_told_in_the_words_of_the_simulator() -> None:
    simulator = contact_centre()
    async with visitor_of(simulator) as http:
        backstage = Backstage(http, simulator.world.request_chat("Ana"))
        with pytest.raises(Trouble, match="No agent tom"):
            await backstage.move("join", username="tom")
        with pytest.raises(Trouble, match="the simulator does not know this chat any more"):
            await Backstage(http, "nothing").chat()


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (httpx.Response(404), "this server has no control API: that works with a simulator only"),
        (httpx.Response(200, text="<html>"), "the control API answered HTTP 200, and no JSON"),
        (httpx.ConnectError("refused"), "the server does not answer: refused"),
        (httpx.ReadTimeout(""), "the server does not answer: ReadTimeout"),
    ],
)
async def test_other_servers_have_none(answer: httpx.Response | httpx.HTTPError, complaint: str) -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url=BASE) as http:
        with pytest.raises(Trouble, match=complaint):
            await Backstage(http, "1").agents()


def test_an_error_without_words_has_a_name() -> None:
    assert (words_of(ValueError("x")), words_of(ValueError())) == ("x", "ValueError")
