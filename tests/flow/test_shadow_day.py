"""A whole day of a bot in shadow on real sockets: every byte that reaches the server only reads."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from textwrap import dedent

import pytest

from chatbot.model import actions, agent_actions
from chatbot.model.actions import Action
from chatbot.model.config_file import load
from chatbot.service.controls import ControlRefused, Controls
from chatbot.service.supervisor import Service, build
from chatbot.service.system import system_world
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.cli.conftest import Chatbot
from tests.cli.programs import until
from tests.flow.recorder import Sent, Tape, taped

COMETD = "/api/v2/notifications"
READS = ("GET /api/v2/me", "GET /api/v2/me/chats", "GET /api/v2/me/channels")
TRANSPORT = {f"POST /meta/{name}" for name in ("handshake", "subscribe", "connect", "disconnect")}

# as much as can be asked for by a file
BOTS = """
    plugin_dirs = ["plugins"]
    [service]
    journal = "journal.sqlite3"
    admin = ""
    shadow_reports = "shadow.jsonl"
    [bots.maid]
    server = "{server}"
    username = "maid"
    password = "x"
    mode = "shadow"
    plugins = ["busy"]
    cometd = "{cometd}"
    auto_accept = true
    max_chats = 1
    on_stop = "logout"
    on_agent_joined = "leave"
    on_customer_left = "complete"
    reply_timeout = 0.2
    idle_after = 0.3
    tag_messages = true
    fallback = {{ queue = "Support", say = "Sorry" }}
"""
# and by a plugin: each operation that there is, in each way there is
BUSY = """
    import asyncio

    from chatbot import hookimpl
    from chatbot.model import actions, agent_actions

    GIVEN = {{
        "text": "x", "url": "https://example.com", "target_uri": "u", "user_data": {{"a": 1}}, "keys": ["a"],
        "comment": "c", "disposition": "d", "notice_text": "n", "user_id": "U1", "chat_id": "C1",
    }}

    def each(module):
        for name in module.__all__:
            kind = getattr(module, name)
            if isinstance(kind, type) and getattr(kind, "operation", ""):
                yield kind(**{{key: it for key, it in GIVEN.items() if key in kind.model_fields}})

    async def all_of(perform, module):
        for action in each(module):
            try:
                await perform(action)
            except Exception as error:
                print("refused", action.operation, type(error).__name__)

    @hookimpl
    async def on_bot_started(bot):
        await all_of(bot.perform, agent_actions)

    @hookimpl
    async def on_chat_offered(chat):
        await chat.accept()

    @hookimpl
    async def on_text(chat, event):
        chat.memory["n"] = event.text
        async with chat.typing():
            await (await chat.send_text("hello")).confirmed(5)
        await all_of(chat.perform, actions)
        chat.spawn(chat.send_text("spawned"))
        await chat.handoff(queue="Sales", text="Bye", summary="s", data={{"k": "v"}})
        return "the end"

    @hookimpl
    async def on_idle(chat):
        return "still there?"

    @hookimpl
    async def on_bot_stopping(bot):
        await all_of(bot.perform, agent_actions)

    @hookimpl
    async def on_chat_ended(chat):
        await all_of(chat.perform, actions)
"""


@pytest.fixture
async def at_work() -> AsyncIterator[tuple[Simulator, Tape]]:
    """The agent is at work already: somebody uses the login, in a desktop."""
    simulator = Simulator()
    simulator.world.add_agent("maid")
    simulator.world.operate("maid", {"operationName": "StartContactCenterSession", "channels": ["chat"]})
    simulator.world.operate_channel("maid", "chat", {"operationName": "Ready"})
    async with serve(simulator.asgi) as server, taped(server) as tape:
        yield simulator, tape


def write(folder: Path, server: str, cometd: str) -> Path:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "busy.py").write_text(dedent(BUSY.format()))
    file = folder / "bots.toml"
    file.write_text(dedent(BOTS.format(server=server, cometd=cometd)))
    return file


def told(sent: Sent) -> set[str]:
    """What a request is, in a word for each message."""
    if sent.method == "POST" and sent.path == COMETD:
        return {f"POST {message['channel']}" for message in sent.messages}
    path = sent.path.partition("?")[0]
    return {f"{sent.method} {'/'.join(path.split('/')[:5])}"}


def refuses_all(controls: Controls, chat: str) -> None:
    """What an operator may do comes to nothing, and says so."""
    for wish in (
        lambda: controls.drain("maid", hand_over=True),
        lambda: controls.mute("maid", chat),
        lambda: controls.hand_over("maid", chat, queue="Support"),
    ):
        with pytest.raises(ControlRefused, match="is in shadow"):
            wish()


async def the_day(service: Service, simulator: Simulator, server: str) -> None:
    world = simulator.world
    (bot,) = service.bots
    async with Customer(server, endpoint="maid") as customer:
        await until(lambda: bot.chats > 0)
        chat = world.chats()[0].id
        world.perform("maid", chat, {"operationName": "Accept"})
        await customer.says("Hello")
        await until(lambda: bot.counters.actions["Transfer", "shadow"] > 1)
        refuses_all(Controls(service), chat)
        await until(lambda: bot.counters.events["ChatIdle"] > 0)
        world.perform("maid", chat, {"operationName": "SendMessage", "text": "Hello, I am a human"})
        await customer.hears("a human")
        await customer.ends()
        world.perform("maid", chat, {"operationName": "Complete"})
        await until(lambda: bot.chats == 0)


@pytest.mark.parametrize("cometd", ["httpx", "aiocometd"])
async def test_only_reads_and_cometd_itself_reach_the_server(
    at_work: tuple[Simulator, Tape], tmp_path: Path, cometd: str
) -> None:
    simulator, tape = at_work
    file = write(tmp_path, tape.server, cometd)
    service = build(load(file), system_world(), str(file))
    async with serve(simulator.asgi) as server, asyncio.TaskGroup() as tasks:
        tasks.create_task(service.run())
        await the_day(service, simulator, server)
        service.stop()
    kinds = set[str]().union(*map(told, tape.requests))
    transport = {kind for kind in kinds if kind not in READS}
    assert transport - {"POST /meta/unsubscribe"} == TRANSPORT
    # the desktop's work is as it was
    agent = simulator.world.agents.get("maid")
    assert (agent.state, agent.channels) == ("Ready", ("chat",))
    written = (tmp_path / "shadow.jsonl").read_text()
    assert '"action": "Transfer"' in written
    assert "Hello" not in written
    result = Chatbot()("compare", "-c", file, "--format", "json")
    assert json.loads(result.stdout)[0]["handovers"] == {
        "both": 0,
        "only_bot": 1,
        "only_human": 0,
        "unclear": 0,
    }
    asked = {name for name, result in service.bots[0].counters.actions}
    assert asked >= {kind.operation for kind in _all() if kind.operation}


def _all() -> set[type[Action]]:
    """Every operation, so that a new one is tried as well."""
    kinds = {getattr(module, name) for module in (actions, agent_actions) for name in module.__all__}
    return {kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Action)}


async def test_a_check_of_the_login_only_reads(at_work: tuple[Simulator, Tape], tmp_path: Path) -> None:
    _, tape = at_work
    file = write(tmp_path, tape.server, "httpx")
    result = await asyncio.to_thread(Chatbot(), "check", "--online", "-c", file)
    assert "logged in to" in result.stdout + result.stderr
    assert [told(sent) for sent in tape.requests] == [{"GET /api/v2/me"}]
