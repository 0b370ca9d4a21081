"""The slash commands of `chatbot chat`: each row has its usage, a sentence, and what it does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from chatbot.cli.backstage import Trouble
from chatbot.cli.shown import name, transcript
from chatbot.cli.visit import Visit
from chatbot.model.nearest import nearest
from chatbot.simulator.named_faults import NAMED_FAULTS, UnknownFaultError

__all__ = ["COMMANDS", "Order", "Unknown", "enact", "read"]

_HUMAN = "Helena"
_CHATTING = "Chatting"


class Unknown(ValueError):
    """This is no slash command, or lacks what the command needs."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the customer wants to be done.

    Args:
        command: The name of a slash command; empty: to say the text.
        words: What follows the name, or the text.
    """

    command: str
    words: str


@dataclass(frozen=True, slots=True)
class Slash:
    """One slash command.

    Args:
        usage: Its name and its arguments.
        sentence: What it does.
        run: Does it; returns what there is to show.
        least: How many words it needs.
    """

    usage: str
    sentence: str
    run: Callable[[Visit, str], Awaitable[str]]
    least: int = 0


def read(text: str) -> Order | None:
    """What is meant by a line that was typed; None if it is blank. Two slashes begin a text with one.

    Raises:
        Unknown: There is no such command; says the nearest.
    """
    line = text.strip()
    if not line:
        return None
    if line.startswith("//") or not line.startswith("/"):
        return Order("", line.removeprefix("/") if line.startswith("//") else line)
    command, _, rest = line[1:].partition(" ")
    return _checked(command, rest.strip())


async def enact(visit: Visit, order: Order) -> str:
    """Do it, and return what there is to show.

    Raises:
        Trouble: It did not work.
    """
    if order.command:
        return await COMMANDS[order.command].run(visit, order.words)
    await visit.says(order.words)
    return ""


def _checked(command: str, words: str) -> Order:
    if command == "agent":
        verb, _, rest = words.partition(" ")
        command, words = f"agent {verb}".strip(), rest.strip()
    row = COMMANDS.get(command)
    if row is None:
        first, _, _ = words.partition(" ")
        found = nearest(f"{command} {first}", COMMANDS) or nearest(command, COMMANDS)
        known = ", ".join(f"/{known}" for known in COMMANDS)
        hint = f"closest: /{found}" if found else f"known: {known}"
        raise Unknown(f"/{name(command)} is no command\n  {hint}\n  fix: a text with a slash begins with two")
    if len(words.split()) < row.least:
        raise Unknown(f"/{command} needs more\n  usage: {row.usage}")
    _check_words(command, words)
    return Order(command, words)


def _check_words(command: str, words: str) -> None:
    """What can be known before anything is done."""
    if command == "wait":
        seconds_of(words)
    if command == "fault":
        fault_of(words)


def seconds_of(word: str) -> float:
    """Seconds as a number that is not negative.

    Raises:
        Unknown: They are something else.
    """
    try:
        seconds = float(word)
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds < float("inf"):
        raise Unknown(f"{word!r} are no seconds\n  expected: a number, for example 2 or 0.5")
    return seconds


def fault_of(words: str) -> dict[str, str]:
    """A fault's name, perhaps what it is for, and further `KEY=VALUE`, as the control API takes them.

    Raises:
        Unknown: There is no such fault, or these are no such words.
    """
    first, *rest = words.split() or [""]
    if first and first not in NAMED_FAULTS and first != "off":
        raise Unknown(str(UnknownFaultError(first)))
    fault = {"name": first}
    for number, word in enumerate(rest):
        key, equals, value = word.partition("=")
        if not equals and number > 0:
            raise Unknown(f"{word!r} is not understood\n  expected: KEY=VALUE, for example times=3")
        fault |= {key: value} if equals else {"on": word}
    return fault


async def _help(_: Visit, __: str) -> str:
    width = max(len(row.usage) for row in COMMANDS.values())
    rows = [f"{row.usage:<{width}}  {row.sentence}" for row in COMMANDS.values()]
    return "\n".join([*rows, f"{'//TEXT':<{width}}  says a text that begins with a slash"])


async def _agent_joins(visit: Visit, words: str) -> str:
    wanted = words or _HUMAN
    agents = await visit.backstage.agents()
    known = next((agent for agent in agents if agent["human"] and _is_called(agent, wanted)), None)
    username = str(known["username"]) if known else wanted
    if known is None:
        if any(agent["username"] == username for agent in agents):
            raise Trouble(f"{name(username)} is a bot: name a human")
        # in no queue but their own: this human comes when called
        await visit.backstage.do("humans", username=username, nickname=username, queues=[username])
    await visit.backstage.move("join", username=username)
    return ""


async def _agent_says(visit: Visit, words: str) -> str:
    await visit.backstage.move("say", username=await _human(visit), text=words)
    return ""


async def _agent_types(visit: Visit, _: str) -> str:
    username = await _human(visit)
    await visit.backstage.move("type", username=username)
    visit.played.update(
        agent["nickname"] for agent in await visit.backstage.agents() if agent["username"] == username
    )
    return ""


async def _agent_leaves(visit: Visit, _: str) -> str:
    await visit.backstage.move("leave", username=await _human(visit))
    return ""


async def _human(visit: Visit) -> str:
    """The user name of the human agent who came last and is still in the chat."""
    humans = {agent["username"] for agent in await visit.backstage.agents() if agent["human"]}
    legs = (await visit.backstage.chat())["agents"]
    here = [str(username) for username, state in legs.items() if state == _CHATTING and username in humans]
    if not here:
        raise Trouble("no human agent is in the chat\n  fix: /agent joins")
    return here[-1]


def _is_called(agent: Mapping[str, Any], wanted: str) -> bool:
    """A human of the stage is known by the nickname, which is the beginning of the user name."""
    username = str(agent["username"]).casefold()
    return wanted.casefold() in {username, username.partition(" (")[0]}


async def _leave(visit: Visit, _: str) -> str:
    await visit.ends()
    return ""


async def _url(visit: Visit, words: str) -> str:
    await visit.backstage.move("push-url", url=words)
    return ""


async def _nick(visit: Visit, words: str) -> str:
    await visit.backstage.move("rename", nickname=words)
    return ""


async def _data(visit: Visit, words: str) -> str:
    key, _, value = words.partition(" ")
    await visit.backstage.move("user-data", userData={key: value.strip()})
    return ""


async def _fault(visit: Visit, words: str) -> str:
    fault = fault_of(words)
    if not fault["name"]:
        width = max(map(len, NAMED_FAULTS))
        return "\n".join(f"{key:<{width}}  {row.sentence}" for key, row in NAMED_FAULTS.items())
    if fault["name"] == "off":
        await visit.backstage.clear_faults()
        return "all faults are taken back"
    await visit.backstage.do("faults", **{"agent": await _bot_here(visit), **fault})
    return f"{fault['name']}: {NAMED_FAULTS[fault['name']].sentence}"


async def _bot_here(visit: Visit) -> str:
    """The user name of the bot in the chat or, before one has come, of the bot it goes to; empty: of any."""
    bots = [str(agent["username"]) for agent in await visit.backstage.agents() if not agent["human"]]
    legs = (await visit.backstage.chat())["agents"]
    here = [username for username in bots if legs.get(username) == _CHATTING]
    return here[0] if here else visit.place.queue if visit.place.queue in bots else ""


async def _wait(_: Visit, words: str) -> str:
    await asyncio.sleep(seconds_of(words))
    return ""


async def _state(visit: Visit, _: str) -> str:
    chat = await visit.resource()
    people = [f"{name(who['nickname'])} ({name(who['type'])})" for who in chat["participants"]]
    told = [
        f"state         {name(chat['state'])}",
        f"participants  {', '.join(people) or 'nobody'}",
        f"capabilities  {', '.join(map(name, chat['capabilities'])) or 'none'}",
    ]
    try:
        behind = await visit.backstage.chat()
    except Trouble as trouble:
        return "\n".join([*told, f"user data     not known: {trouble}"])
    agents = [f"{name(username)} {state}" for username, state in behind["agents"].items()]
    told.append(f"agents        {', '.join(agents) or 'none'}")
    told.append(f"user data     {name(json.dumps(behind['userData'], ensure_ascii=False))}")
    return "\n".join(told)


async def _transcript(visit: Visit, _: str) -> str:
    return transcript(visit.lines)


async def _bot(visit: Visit, _: str) -> str:
    problems = visit.place.problems()
    told = [f"{bot}: {'; '.join(found) or 'ready'}" for bot, found in problems.items()]
    for agent in await visit.backstage.agents():
        if not agent["human"]:
            session = f"{agent['state']}" if agent["hasSession"] else "not logged in"
            told.append(f"agent {name(agent['username'])}: {session}")
    return "\n".join(told) or "no bot has logged in"


COMMANDS: Mapping[str, Slash] = MappingProxyType(
    {
        "help": Slash("/help", "tells the commands", _help),
        "agent joins": Slash("/agent joins [NAME]", "a human agent comes in", _agent_joins),
        "agent says": Slash("/agent says TEXT", "the human agent says something", _agent_says, 1),
        "agent types": Slash("/agent types", "the human agent begins to type", _agent_types),
        "agent leaves": Slash("/agent leaves", "the human agent leaves", _agent_leaves),
        "leave": Slash("/leave", "you end the chat", _leave),
        "url": Slash("/url URL", "you push an address", _url, 1),
        "nick": Slash("/nick NAME", "you take another name", _nick, 1),
        "data": Slash("/data KEY VALUE", "changes user data of the chat", _data, 2),
        "fault": Slash(
            "/fault [NAME [ON] [KEY=VALUE ...] | off]", "breaks something; alone: tells what", _fault
        ),
        "wait": Slash("/wait SECONDS", "waits", _wait, 1),
        "state": Slash("/state", "participants, capabilities, user data", _state),
        "transcript": Slash("/transcript", "all lines with their indexes", _transcript),
        "bot": Slash("/bot", "tells how the bots are", _bot),
    }
)
"""Every slash command, by name."""
