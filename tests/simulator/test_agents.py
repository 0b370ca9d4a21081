from typing import Any

import pytest

from chatbot.simulator.agents import Agents
from chatbot.simulator.options import Options
from chatbot.simulator.status import OperationError
from chatbot.simulator.tokens import CountingTokens


def directory(**options: Any) -> Agents:
    return Agents(Options(**options), CountingTokens())


def test_a_bare_house_is_open() -> None:
    agents = directory()
    agent = agents.login("anybody", "x")
    assert agent is not None
    assert agents.login("anybody", "y") is agent
    assert agents.login("", "x") is None


def test_listing_an_agent_closes_the_house() -> None:
    agents = directory()
    agents.add("bot")
    assert agents.login("other", "x") is None


def test_listing_a_human_does_not() -> None:
    agents = directory()
    agents.add("eva", human=True)
    assert agents.login("other", "x") is not None


@pytest.mark.parametrize("wanted", [True, False])
def test_the_option_wins(*, wanted: bool) -> None:
    agents = directory(open_house=wanted)
    agents.add("bot")
    assert (agents.login("other", "x") is not None) is wanted


def test_a_password_is_compared_if_there_is_one() -> None:
    agents = directory()
    agents.add("bot", password="right")
    agents.add("lax")
    assert agents.login("bot", "wrong") is None
    assert agents.login("bot", "right") is not None
    assert agents.login("lax", "whatever") is not None


def test_an_agent_is_found_by_uri_path_id_or_login() -> None:
    agents = directory()
    bot = agents.add("bot")
    for reference in (f"http://other.host/api/v2/users/{bot.id}", f"/users/{bot.id}/", bot.id, "bot"):
        assert agents.find(reference) is bot
    assert agents.find("/users/nobody") is None


def test_an_unknown_agent_is_code_6() -> None:
    with pytest.raises(OperationError) as caught:
        directory().get("nobody")
    assert caught.value.status == 6


def test_an_agent_serves_its_queues_and_the_one_named_like_itself() -> None:
    agents = directory()
    bot = agents.add("bot", queues=("sales",))
    assert (bot.serves("sales"), bot.serves("bot"), bot.serves("default")) == (True, True, False)
    assert agents.queues() == ["sales"]


def test_ready_needs_a_session_and_humans_always_are() -> None:
    agents = directory()
    bot, eva = agents.add("bot"), agents.add("eva", human=True)
    bot.state = "Ready"
    assert (bot.is_ready, eva.is_ready) == (False, True)
    bot.channels = ("chat",)
    assert bot.is_ready


def test_capacity_falls_back_to_the_option() -> None:
    agents = directory(capacity=3)
    assert agents.capacity(agents.add("bot")) == 3
    assert agents.capacity(agents.add("eva", capacity=0)) == 0


def test_the_directory_can_be_walked_through_while_it_grows() -> None:
    agents = directory()
    agents.add("bot", nickname="Bot")
    for _ in agents:
        agents.add("eva")
    assert [agent.display_name for agent in agents] == ["Bot", "eva"]


def test_one_can_be_put_behind_all_others() -> None:
    agents = directory()
    for name in ("human", "bot", "owl"):
        agents.add(name)
    human = agents.get("human")
    agents.put_last("human")
    assert [agent.username for agent in agents] == ["bot", "owl", "human"]
    assert agents.get("human") is human
