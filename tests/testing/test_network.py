"""The network in process."""

import httpx
import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.named_faults import strike
from chatbot.testing.network import ADDRESS, InProcess

URL = f"{ADDRESS}/api/v2/me"


async def test_requests_reach_the_simulator_and_faults_are_those_of_a_network() -> None:
    simulator = Simulator()
    network = InProcess(simulator.asgi)
    async with httpx.AsyncClient(transport=network, auth=("b", "x")) as http:
        assert (await http.get(URL)).status_code == 200
        strike(simulator, "lost-reply", on="any")
        with pytest.raises(httpx.ReadError, match="reset"):
            await http.get(URL)
        network.is_down = True
        with pytest.raises(httpx.ConnectError, match="down"):
            await http.get(URL)
