"""``chatbot run`` when a hook does not let go of it."""

import signal
from pathlib import Path

from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.cli.programs import program, write

HASTY = "import sys; from chatbot.cli import main, running; running._LAST_RESORT_S = 6.0; main(sys.argv[1:])"


async def test_a_hook_that_does_not_let_go_keeps_neither_the_session_nor_the_process(tmp_path: Path) -> None:
    simulator = Simulator()
    async with serve(simulator.asgi) as server:
        write(
            tmp_path,
            f"""
            service.admin = ""
            service.drain_timeout = 0.1
            [bots.maid]
            server = "{server}"
            username = "maid"
            password = "x"
            plugins = ["leech"]
            """,
            leech="""
                import asyncio
                from chatbot import hookimpl

                @hookimpl
                async def on_text():
                    print("stuck", flush=True)
                    while True:
                        try:
                            await asyncio.sleep(60)
                        except asyncio.CancelledError:
                            pass
            """,
        )
        async with program("run", cwd=tmp_path, start=("-c", HASTY)) as run, Customer(server) as customer:
            await customer.sees_agent()
            await customer.says("Hello")
            await run.says("^stuck$")
            run.signal(signal.SIGTERM)
            await run.says("does not end although it was cancelled")
            assert await run.ends() == 1
            await run.says("the process ends without it$")
    assert simulator.requests[-1].operation == "EndContactCenterSession"
