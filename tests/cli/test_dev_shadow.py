"""``chatbot dev --server`` from the outside: a real process, a real socket, and nothing is changed there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatbot.cli import dev
from chatbot.cli.child import _service, _settings
from chatbot.cli.process import Order
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.cli.conftest import Chatbot
from tests.cli.programs import CANARY, Program, answers, free_port, program, until, write

pytestmark = pytest.mark.long

BOT = """
    service.admin = "{admin}"
    [defaults]
    server = "https://gws.invalid"
    password = "{canary}"
    [bots.maid]
    username = "maid"
    plugins = ["busy"]
    fallback.queue = "Support"
    reply_timeout = 0.2
    [bots.other]
    username = "other"
"""
BUSY = """
    from chatbot import hookimpl

    @hookimpl
    async def on_chat_offered(chat):
        await chat.accept()

    @hookimpl
    async def on_text(chat, event):
        async with chat.typing():
            receipt = await chat.send_text(f"You said: {event.text}")
            await receipt.confirmed(5)
        await chat.update_user_data({"said": event.text})
        await chat.send_url("https://example.com/canary-url")
        await chat.transfer(queue="Sales", text="Bye")
        print(f"done with {len(event.text)}: {receipt.state}", flush=True)
"""
TEXT = "my secret is mauve"


@pytest.fixture
async def simulator() -> AsyncIterator[tuple[Simulator, str]]:
    simulator = Simulator()
    simulator.world.add_agent("maid", password=CANARY)
    simulator.world.operate("maid", {"operationName": "StartContactCenterSession", "channels": ["chat"]})
    simulator.world.operate_channel("maid", "chat", {"operationName": "Ready"})
    async with serve(simulator.asgi) as server:
        yield simulator, server


async def shadowed(simulator: Simulator, run: Program, customer: Customer) -> None:
    """The human who has the same login takes the chat, and answers; the plugin's answer is shown."""
    world = simulator.world
    await run.says(r"shadow: \[bots.maid\] busy.on_chat_offered in chat \w+: Accept")
    chat = world.chats()[0]
    world.perform("maid", chat.id, {"operationName": "Accept"})
    await customer.says(TEXT)
    await run.says(f"^done with {len(TEXT)}: accepted$")
    world.perform("maid", chat.id, {"operationName": "SendMessage", "text": "Hello, a human"})
    await customer.hears("a human")
    await customer.says("thanks")
    await run.says("^done with 6: accepted$")


async def test_the_server_sees_only_reads_and_cometd_while_plugins_act(
    simulator: tuple[Simulator, str], tmp_path: Path
) -> None:
    world, server = simulator
    admin = f"127.0.0.1:{free_port()}"
    write(tmp_path, BOT.format(admin=admin, canary=CANARY), busy=BUSY)
    async with program("dev", "--server", f"{server}/api/v2/", "--bot", "maid", cwd=tmp_path) as run:
        await run.says(f"^shadow of {server}: ")
        await answers(f"http://{admin}/readyz", 200)
        async with Customer(server, endpoint="maid") as customer:
            await shadowed(world, run, customer)
            metrics = (await answers(f"http://{admin}/metrics", 200)).text
            (tmp_path / "plugins" / "busy.py").touch()
            await run.says("^saved busy.py: restarted")
            await customer.ends()
            await until(lambda: len(run.err) > 0 and run.err[-1].endswith("ready"))
        run.stop()
        assert await run.ends() == 0
    asked = [one for one in world.requests if one.agent == "maid"]
    writes = {(one.method, one.path) for one in asked if one.method != "GET"}
    assert writes == {("POST", "/api/v2/notifications")}
    assert all(channel.startswith("/meta/") for one in asked for channel in one.channels)
    agent = world.world.agents.get("maid")
    assert (agent.state, agent.channels) == ("Ready", ("chat",))
    assert 'chatbot_actions_total{action="SendMessage",bot="maid",result="shadow"}' in metrics
    texts = [
        line.content.get("text") for line in world.world.chats()[0].transcript.lines if line.type == "Text"
    ]
    assert texts == [TEXT, "Hello, a human", "thanks"]
    shown = run.output
    assert "busy.on_text in chat" in shown
    assert f"SendMessage to the customer text=<{len(TEXT) + 10} characters>" in shown
    assert "Transfer to the customer text=<3 characters> queue_name='Sales'" in shown
    assert "UpdateUserData user_data={said: …}" in shown
    assert TEXT not in shown
    assert "canary-url" not in shown


@pytest.mark.parametrize("is_asked_for", [True, False])
def test_texts_are_shown_if_asked_for(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_asked_for: bool
) -> None:
    orders: list[Order] = []

    async def keep(_: object, order: Order, *__: object) -> int:
        orders.append(order)
        return 0

    monkeypatch.setattr(dev, "_dev", keep)
    config = write(tmp_path, BOT.format(admin="", canary="x"), busy=BUSY)
    flags = ["--show-texts"] if is_asked_for else []
    assert chatbot("dev", "-c", config, "--server", "https://gws.invalid", *flags).exit_code == 0
    service = _service(_settings(orders[0]), orders[0])
    assert [bot._world.shadow.with_texts for bot in service.bots] == [is_asked_for] * 2
    assert {(bot.settings.server, bot.settings.mode) for bot in service.bots} == {
        ("https://gws.invalid", "shadow")
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--server", "http://gws.example.com"], "would get the password without encryption"),
        (["--server", "gws.example.com"], "CB110  --server  'gws.example.com': server is no address\n"),
        (
            ["--bot", "mad"],
            "       the bots: maid, other        closest: maid",
        ),
        (["--show-texts"], "--show-texts needs --server\n"),
    ],
)
def test_wrong_usage_ends_with_code_2(
    chatbot: Chatbot, tmp_path: Path, arguments: list[str], told: str
) -> None:
    config = write(tmp_path, BOT.format(admin="", canary="x"), busy=BUSY)
    result = chatbot("dev", "-c", config, "--port", 0, *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
