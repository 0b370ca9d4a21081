"""``chatbot simulate``: a process of its own that customers and agents can reach."""

import signal
import socket
from pathlib import Path

import httpx

from chatbot.simulator.customer import Customer
from tests.cli.conftest import Chatbot
from tests.cli.programs import program, write

BOT = """
    [bots.maid]
    server = "https://gws.invalid"
    username = "maid"
    password = { env = "GONE" }
    plugins = ["desk"]
    plugin.desk.routes = [{ queue = "Sales" }, { inner = { queue = "Support" } }]
"""


async def test_it_tells_where_it_is_serves_customers_and_agents_and_ends_on_sigterm(tmp_path: Path) -> None:
    write(tmp_path, BOT)
    async with program("simulate", "--port", "0", cwd=tmp_path) as run:
        server = (await run.says(r"^simulator ready at (http://127\.0\.0\.1:\d+)$"))[1]
        assert await run.says(f"^customer page: {server}/customer$")
        async with httpx.AsyncClient(base_url=server, trust_env=False) as http:
            page = await http.get("/customer")
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert "<script" in page.text
            me = [await http.get("/api/v2/me", auth=(name, "any")) for name in ("maid", "stranger")]
            assert [answer.status_code for answer in me] == [200, 401]
            queues = (await http.get("/simulator/queues")).json()["queues"]
            assert {"Sales", "Support"} <= set(queues)
        async with Customer(server, nickname="Ana", endpoint="Sales") as customer:
            assert (await customer.sees_agent()).nickname == "Helena"
        run.signal(signal.SIGTERM)
        assert await run.ends() == 0
        assert run.err == []


async def test_without_a_file_everybody_may_log_in_and_sigint_ends_it(tmp_path: Path) -> None:
    async with program("simulate", "--port", "0", cwd=tmp_path) as run:
        server = (await run.says(r"^simulator ready at (http://.*)$"))[1]
        async with httpx.AsyncClient(base_url=server, trust_env=False) as http:
            assert (await http.get("/api/v2/me", auth=("anybody", "any"))).status_code == 200
        run.signal(signal.SIGINT)
        assert await run.ends() == 0


def test_a_port_that_is_taken_ends_with_code_2(chatbot: Chatbot, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = chatbot("simulate", "-c", write(tmp_path, BOT), "--port", port)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"CB114  127.0.0.1:{port} cannot be used: ")
    assert result.stderr.endswith("fix: choose another with --port        more: chatbot explain CB114\n")


def test_a_file_that_cannot_be_used_ends_with_code_2(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("simulate", "-c", write(tmp_path, "[bots.maid]"), "--port", 0)
    assert result.exit_code == 2
    assert "needs the key 'server'" in result.stderr
