"""The image of a new project, built and run step by step: no Docker is needed, but namespaces are."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from chatbot.cli import main
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.cli.deployment import health_check
from tests.cli.image import ROOT, Image, build, can_contain
from tests.cli.programs import BOUND_S, CANARY, Program, answers, free_port

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not can_contain(), reason="this system lets us make no namespaces"),
]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image of a project with a wheel of this very version beside its Dockerfile."""
    folder = tmp_path_factory.mktemp("image")
    project = folder / "hello"
    made = CliRunner().invoke(main, ["new", str(project), "--yes"])
    assert made.exit_code == 0, made.output
    wheel = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", project, ROOT]
    subprocess.run(wheel, check=True, capture_output=True, cwd=folder)
    return build(project, folder / "root")


def prepared(image: Image, server: str, folder: Path) -> Image:
    """The same with a server, and with a secret mounted."""
    bots = image.folder / "bots.toml"
    text = re.sub(r'^server = ".*"$', f'server = "{server}"', bots.read_text(), flags=re.MULTILINE)
    bots.write_text(text)
    (folder / "concierge_password").write_text(CANARY)
    (folder / "admin_token").write_text("0123456789abcdef")
    return replace(image, environment={**image.environment, "CREDENTIALS_DIRECTORY": str(folder)})


@asynccontextmanager
async def contained(image: Image, *command: str) -> AsyncIterator[Program]:
    volumes = " ".join(map(str, image.volumes))
    process = await asyncio.create_subprocess_exec(
        *image.contained(*command),
        cwd=image.folder,
        env={**image.environment, "VOLUMES": volumes},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    running = Program(process)
    try:
        yield running
    finally:
        await running.aclose()


def first_process(unshare: int) -> int:
    """Its number outside: the only child."""
    [child] = Path(f"/proc/{unshare}/task/{unshare}/children").read_text().split()
    return int(child)


def number_inside(process: int) -> int:
    [line] = re.findall(r"^NSpid:(.*)$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    return int(line.split()[-1])


async def test_the_image_runs_as_the_first_process_on_a_read_only_file_system(
    image: Image, tmp_path: Path
) -> None:
    simulator, port = Simulator(), free_port()
    simulator.world.add_agent("concierge", password=CANARY)
    files = {"Dockerfile": (image.folder.parents[1] / "hello" / "Dockerfile").read_text()}
    before = {path for path in image.folder.rglob("*") if path.parent not in image.volumes}
    async with serve(simulator.asgi) as server:
        ours = prepared(image, server, tmp_path)
        *command, admin = ours.command
        async with contained(ours, *command, admin.replace("0.0.0.0:8080", f"127.0.0.1:{port}")) as run:
            await answers(f"http://127.0.0.1:{port}/readyz", 200)
            await is_healthy(ours, health_check(files), port)
            async with Customer(server) as customer:
                await customer.says("When are you open?")
                await customer.hears("8 to 18")
            inside = first_process(run.pid)
            assert number_inside(inside) == 1
            os.kill(inside, signal.SIGTERM)
            assert await run.ends() == 0, run.output
    assert {path.name for path in image.volumes[0].iterdir()} >= {"chatbot.sqlite3"}
    assert {path for path in image.folder.rglob("*") if path.parent not in image.volumes} == before
    assert CANARY not in run.output
    assert simulator.requests[-1].operation == "EndContactCenterSession"


async def is_healthy(image: Image, check: list[str], port: int) -> None:
    """As the health check of the image sees it, in another process with the same environment."""
    _, *words = [word.replace("8080", str(port)) for word in check]
    async with asyncio.timeout(BOUND_S):
        python = image.root / "opt/venv/bin/python"
        checked = await asyncio.create_subprocess_exec(python, *words, env=image.environment)
        assert await checked.wait() == 0


async def test_what_a_bot_would_write_elsewhere_cannot_be_written(image: Image, tmp_path: Path) -> None:
    """Else the test before would prove nothing."""
    ours = prepared(image, "https://gws.example.com", tmp_path)
    async with contained(ours, "/bin/sh", "-c", "touch data/ours && touch bots.toml") as run:
        assert await run.ends() == 1
        await run.says("bots.toml.*Read-only file system")
    assert (image.volumes[0] / "ours").exists()
