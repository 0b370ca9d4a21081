"""The record of a chat whose service was killed amid it: real processes, and a file."""

import json
import signal
from pathlib import Path

import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.cli.programs import ECHO, free_port, program, until, write

BOTS = """
    service.admin = "127.0.0.1:{port}"
    service.session_reports = "reports.jsonl"
    [bots.maid]
    server = "{server}"
    username = "maid"
    password = "x"
    plugins = ["echo"]
"""


@pytest.mark.long
async def test_a_service_that_is_killed_leaves_one_record_with_all_counts(tmp_path: Path) -> None:
    simulator, reports = Simulator(), tmp_path / "reports.jsonl"
    simulator.world.add_agent("maid", password="x")
    async with serve(simulator.asgi) as server, Customer(server) as ana:
        write(tmp_path, BOTS.format(port=free_port(), server=server), echo=ECHO)
        async with program("run", cwd=tmp_path) as run:
            await ana.sees_agent()
            await ana.says("one")
            await ana.hears("one")
            run.signal(signal.SIGKILL)
            await run.ends()
        async with program("run", cwd=tmp_path) as run:
            await ana.says("two")
            await ana.hears("two")
            await ana.ends()
            await until(lambda: lines(reports))
            run.signal(signal.SIGTERM)
            assert await run.ends() == 0, run.err
    [record] = lines(reports)
    told = {key: record[key] for key in ("messages_sent", "messages_received", "ended_by", "end_reason")}
    assert told == {
        "messages_sent": 2,
        "messages_received": 2,
        "ended_by": "customer",
        "end_reason": "customer_left",
    }


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
