"""What every plugin owes to those who run it, as checks that need nothing but the plugin.

Each check plays talks with the plugin in the real pipeline, in virtual time, and raises ``ContractError``
with the reason if the plugin does what it must not do.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from chatbot.hooks.trace import HookCall
from chatbot.model.errors import ActionError, ConfigError, NotAllowed
from chatbot.testing.blocking import blocking_calls
from chatbot.testing.conditions import Conditions, Trouble
from chatbot.testing.day import CANARY, live_a_day, take_over
from chatbot.testing.kit import Kit
from chatbot.testing.overheard import overheard
from chatbot.testing.project import Project
from chatbot.testing.report import TalkError
from chatbot.testing.staged_bot import StagedBot
from chatbot.testing.subject import Subject, models_in

__all__ = ["CHECKS", "Check", "ContractError"]

_MOST_CPU_S = 0.25
_CUSTOMERS_HOOKS = frozenset({"on_text", "on_event"})


class ContractError(TalkError):
    """The plugin does what it must not do."""


@dataclass(frozen=True, slots=True)
class Check:
    """One item of the contract.

    Args:
        name: Of the test.
        owes: What is checked, as a sentence.
        run: Raises ContractError.
    """

    name: str
    owes: str
    run: Callable[[Subject], Coroutine[Any, Any, None]]


async def _loads(subject: Subject) -> None:
    table = subject.table()
    try:
        subject.load(table)
    except ConfigError as error:
        raise ContractError(
            f'{error}\n  fix: give the settings defaults, or examples: url: str = Field(examples=["https://..."])'
        ) from error


async def _rejects_unknown_settings(subject: Subject) -> None:
    try:
        subject.load({**subject.table(), "no_such_setting": 1})
    except ConfigError:
        pass
    else:
        raise ContractError("a setting that does not exist is taken: a misspelt one would be, too")
    model = subject.model()
    for inner, place in models_in(model).items() if model is not None else ():
        if inner.model_config.get("extra") != "forbid":
            raise ContractError(
                f"settings.{place}: {inner.__name__} takes keys that do not exist: misspelt ones are lost\n"
                f'  fix: class {inner.__name__}(BaseModel, extra="forbid")'
            )


async def _does_not_block(subject: Subject) -> None:
    day = await _day(subject)
    if day.blocked:
        raise ContractError("blocks the event loop, and with it all chats:\n  " + "\n  ".join(day.blocked))
    if day.longest_step_s > _MOST_CPU_S:
        raise ContractError(
            f"works {day.longest_step_s:.2f} s without a pause, and all chats wait\n"
            "  fix: a hook that calculates is a plain def: it runs in a thread"
        )


async def _does_not_speak_after_takeover(subject: Subject) -> None:
    async with _kit(subject) as kit:
        bot = await _start(kit, subject)
        async for ana, before in take_over(kit, bot):
            said = bot.said_in(ana.chat.id)
            if len(said) > len(before):
                raise ContractError(f"says {said[-1]!r} although a human has the chat\n\n{kit.picture()}")
        tried = [deed for deed in bot.deeds if isinstance(deed.error, NotAllowed)]
        for deed in tried:
            if deed.hook not in _CUSTOMERS_HOOKS:
                raise ContractError(
                    f"{deed.hook} tries {deed.action.operation} although a human has the chat\n"
                    f"  fix: look at chat.human first\n\n{kit.picture()}"
                )
        ended = [call for call in bot.calls if call.outcome in {"silenced", "stopped"}]
        if len(tried) > len(ended):
            raise ContractError(
                "goes on although it was told that a human has the chat\n"
                f"  fix: let NotAllowed end the hook\n\n{kit.picture()}"
            )
        await _forgive(bot)


async def _respects_cancellation(subject: Subject) -> None:
    slow = Trouble("slow-reply", {"seconds": 20, "times": "always"})
    async with _kit(subject, Conditions(troubles=(slow,))) as kit:
        bot = await _start(kit, subject)
        async for _ in take_over(kit, bot):
            if bot.stuck:
                raise ContractError(
                    f"{bot.stuck[0]} runs on although it was cancelled\n"
                    "  fix: let asyncio.CancelledError end the hook"
                )
        await _forgive(bot)


async def _keeps_texts_out_of_logs(subject: Subject) -> None:
    leaks = [line for line in (await _day(subject)).told if CANARY in line]
    if leaks:
        raise ContractError(f"writes what customers say into logs:\n  {leaks[0][:200]}")


async def _survives_every_event(subject: Subject) -> None:
    # what the platform or the customer did not allow then is no fault of the plugin
    faults = (call for call in (await _day(subject)).errors if not isinstance(call.error, ActionError))
    for call in faults:
        raise ContractError(f"fails: {call.hook} {call.why}") from call.error


async def _is_deterministic(subject: Subject) -> None:
    one, other = (await _day(subject)).lines, (await _live(subject)).lines
    for first, second in zip(one, other, strict=False):
        if first != second:
            raise ContractError(f"does one thing in one run, and another in the next:\n  {first}\n  {second}")
    if len(one) != len(other):
        raise ContractError("says more in one run than in the next")


CHECKS = (
    Check("loads_with_default_settings", "loads without a table in bots.toml", _loads),
    Check("rejects_unknown_settings", "does not take settings that do not exist", _rejects_unknown_settings),
    Check("does_not_block_the_loop", "never keeps the event loop from others", _does_not_block),
    Check(
        "does_not_speak_after_takeover",
        "is silent while a human has the chat",
        _does_not_speak_after_takeover,
    ),
    Check("respects_cancellation", "ends when it is told to", _respects_cancellation),
    Check("keeps_texts_out_of_logs", "logs nothing that a customer says", _keeps_texts_out_of_logs),
    Check("survives_every_event", "raises for no event, known or not", _survives_every_event),
    Check("is_deterministic", "does the same when the same happens", _is_deterministic),
)
"""The contract, in the order in which its checks run."""


async def _forgive(bot: StagedBot) -> None:
    """What fails is the matter of another check."""
    await bot.stop()
    bot.errors.clear()


@dataclass(frozen=True, slots=True)
class _Day:
    """What a plugin did in a day.

    Args:
        blocked: The calls that would have blocked the event loop.
        longest_step_s: Seconds of real time for which it has worked without a pause.
        told: What was logged and printed, line by line.
        errors: The hooks that failed.
        lines: The transcripts, and what was done.
    """

    blocked: tuple[str, ...]
    longest_step_s: float
    told: tuple[str, ...]
    errors: tuple[HookCall, ...]
    lines: tuple[tuple[object, ...], ...]


async def _day(subject: Subject) -> _Day:
    """Several checks look at the same day: to live it takes a second."""
    if subject not in _DAYS:
        _DAYS.clear()
        _DAYS[subject] = await _live(subject)
    return _DAYS[subject]


_DAYS: dict[Subject, _Day] = {}


async def _live(subject: Subject) -> _Day:
    with overheard() as told, blocking_calls(subject.place, vars(subject.module())) as blocked:
        async with _kit(subject) as kit:
            bot = await _start(kit, subject)
            await live_a_day(kit, bot)
            await bot.stop()
            longest_step_s, errors = kit.longest_step_s, tuple(bot.errors)
            bot.errors.clear()
            chats = kit.simulator.world.chats()
        lines: list[tuple[object, ...]] = [
            (line.index, line.type, line.sender.nickname, *line.content.values(), line.at)
            for chat in chats
            for line in chat.transcript.lines
        ]
        lines += [(deed.plugin, deed.hook, deed.action) for deed in bot.deeds]
        return _Day(tuple(dict.fromkeys(blocked)), longest_step_s, tuple(told()), errors, tuple(lines))


def _kit(subject: Subject, conditions: Conditions | None = None) -> Kit:
    return Kit(Project(subject.folder, (subject.folder,)), conditions or Conditions())


async def _start(kit: Kit, subject: Subject) -> StagedBot:
    options = {"idle_after": 60, "breaker": {"errors": 0}}
    bot = await kit.start((subject.name, subject.table()), options=options)
    # what it hands over does not come back to it
    kit.simulator.world.agents.get(bot.username).queues = ()
    return bot
