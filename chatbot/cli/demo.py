"""``chatbot demo``: the main job on one screen, without any Genesys at hand."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.text import Text

from chatbot.cli.common import counted, fail, load_settings, printable
from chatbot.cli.log import log_little_unless_asked
from chatbot.cli.shown import name
from chatbot.cli.stage import on_stage, simulator_for
from chatbot.model.config import DemoChat, Settings
from chatbot.model.errors import ConfigError
from chatbot.service.supervisor import build
from chatbot.service.system import system_world
from chatbot.simulator.customer import Customer, CustomerLine, NotHeardError, RefusedError
from chatbot.simulator.server import serve

__all__ = ["demo"]

# Seconds until a bot is in the chat, and until each of its answers.
_ARRIVAL_S = 10.0
_PATIENCE_S = 10.0
_STYLES = {"Customer": "bold cyan", "Agent": "bold green"}


def demo(config: Path, cometd: str | None) -> None:
    """Let the scripted customers talk, and end with the exit code."""
    log_little_unless_asked()
    settings = load_settings(config)
    if cometd is not None:
        bots = {name: bot.model_copy(update={"cometd": cometd}) for name, bot in settings.bots.items()}
        settings = settings.model_copy(update={"bots": bots})
    try:
        failures = asyncio.run(_demo(settings, Console()))
    except ConfigError as error:
        fail(error)
    raise SystemExit(1 if failures else 0)


async def _demo(settings: Settings, console: Console) -> int:
    scripts = _scripts(settings)
    simulator = simulator_for(settings)
    async with serve(simulator.asgi) as server:
        service = build(on_stage(settings, server), system_world())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(service.run(), name="service")
            bots = counted(len(service.bots), "bot")
            console.print(Text(f"simulator at {server}, {bots}, {counted(len(scripts), 'customer')}"))
            talks = [_talk(settings, script, server, console) for script in scripts]
            results = await asyncio.gather(*talks)
            service.stop()
    failures = results.count(False)
    expected = sum(bool(line.expect) for script in scripts for line in script.lines)
    came = f"all expected answers came: {expected}"
    verdict = f"{failures} of {len(scripts)} chats failed" if failures else came
    console.print(Text(verdict, style="bold red" if failures else "bold green"))
    return failures


def _scripts(settings: Settings) -> tuple[DemoChat, ...]:
    """Who comes: the customers of [[demo]] or, if there are none, a silent one for each bot."""
    return settings.demo or tuple(DemoChat(bot=name) for name in settings.bots)


async def _talk(settings: Settings, script: DemoChat, server: str, console: Console) -> bool:
    """One scripted customer; whether all expected answers came."""

    def show(line: CustomerLine) -> None:
        console.print(_shown(script, line))

    customer = Customer(
        server,
        nickname=script.customer,
        subject=script.subject,
        endpoint=settings.bots[script.bot].username,
        user_data=script.user_data,
        on_line=show,
    )
    try:
        async with customer:
            await customer.sees_agent(timeout_s=_ARRIVAL_S)
            for line in script.lines:
                if line.say:
                    await customer.says(line.say)
                if line.expect:
                    await _expect(customer, line.expect, line.sender)
            with suppress(RefusedError):  # the bot may have ended it
                await customer.ends()
    except (NotHeardError, RefusedError) as error:
        console.print(Text(f"{script.customer}: {error}", style="red"))
        return False
    return True


async def _expect(customer: Customer, pattern: str, sender: str) -> None:
    heard = await customer.hears(pattern, timeout_s=_PATIENCE_S)
    if not re.search(sender, heard.nickname):
        raise NotHeardError(f"an answer of {sender!r}", customer.lines)


def _shown(script: DemoChat, line: CustomerLine) -> Text:
    """Who said what, to whom. A text is only text: nothing in it is markup."""
    who = Text(f"{name(line.nickname):>14} ", style=_STYLES.get(line.sender_type, "bold"))
    what = Text(printable(line.text)) if line.type == "Text" else Text(_told(line.type), style="dim italic")
    return Text(f"{name(script.customer):<10}", style="dim") + who + what


def _told(kind: str) -> str:
    told = {"ParticipantJoined": "joined", "ParticipantLeft": "left"}
    return told.get(kind, kind)
