"""What many chats of bots in shadow tell together: would the bot have done as humans did?

Only what is planned first for each text of the customer counts: after an answer that differs, the talk would
have gone another way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from statistics import median

from chatbot.model.comparison import ComparedChat, ComparedTurn

__all__ = ["BotSummary", "Example", "Handovers", "PluginSummary", "summarise"]


@dataclass(frozen=True, slots=True)
class Example:
    """One turn that both have answered.

    Args:
        chat: The chat.
        index: Of the customer's text.
        plugin: Who would have answered.
        likeness: How alike the answers are.
        customer: What the customer said; None if no texts were kept.
        bot: What the bot would have said.
        human: What the human said.
    """

    chat: str
    index: int | None
    plugin: str
    likeness: float
    customer: str | None = None
    bot: str | None = None
    human: str | None = None


@dataclass(slots=True)
class Handovers:
    """Who passed the chat on; counted in chats.

    Args:
        both: Humans did, and a plugin would have.
        only_bot: A plugin would have.
        only_human: Humans did.
        unclear: A plugin would have, and the end of the chat does not tell whether humans did.
    """

    both: int = 0
    only_bot: int = 0
    only_human: int = 0
    unclear: int = 0

    def count(self, chat: ComparedChat) -> None:
        """Take one chat."""
        if chat.bot_hands_over is None:
            self.only_human += chat.human_hands_over is not None
        elif chat.human_hands_over is not None:
            self.both += 1
        else:
            self.unclear += chat.unclear
            self.only_bot += not chat.unclear


@dataclass(slots=True)
class PluginSummary:
    """One plugin.

    Args:
        plugin: Its name.
        answers: The turns in which it would have answered first.
        answered_by_both: Of these, those that a human has answered.
        likeness: Median of how alike the answers are; None if there are no two.
        earlier_by: Median of the seconds by which it would have been earlier.
        handovers: The chats that it would have passed on first.
    """

    plugin: str
    answers: int = 0
    answered_by_both: int = 0
    likeness: float | None = None
    earlier_by: float | None = None
    handovers: Handovers = field(default_factory=Handovers)


@dataclass(slots=True)
class BotSummary:
    """One bot.

    Args:
        bot: Its name.
        chats: How many there were.
        partial: Of these, how many it did not hear from the begin.
        turns: How often the customer said something.
        both: Answered by a human, and the bot would have too.
        only_bot: The bot would have answered, and no human did.
        only_bot_at_end: Of these, those with which the chat ended.
        only_human: Answered by a human only.
        neither: Answered by nobody.
        likeness: Median of how alike the answers are; None if there are no two.
        human_seconds: Median of the time until a human answered.
        bot_seconds: Median of the time until the bot would have answered.
        earlier_by: Median of the seconds by which the bot would have been earlier.
        held_back: Actions that a live bot would not have done either.
        handovers: Who passed chats on.
        plugins: Each plugin that would have done something.
        least_alike: The turns with the least alike answers.
    """

    bot: str
    chats: int = 0
    partial: int = 0
    turns: int = 0
    both: int = 0
    only_bot: int = 0
    only_bot_at_end: int = 0
    only_human: int = 0
    neither: int = 0
    likeness: float | None = None
    human_seconds: float | None = None
    bot_seconds: float | None = None
    earlier_by: float | None = None
    held_back: int = 0
    handovers: Handovers = field(default_factory=Handovers)
    plugins: list[PluginSummary] = field(default_factory=list[PluginSummary])
    least_alike: list[Example] = field(default_factory=list[Example])


def summarise(chats: Iterable[ComparedChat], *, examples: int = 5) -> list[BotSummary]:
    """The summary of each bot, by name.

    Args:
        chats: All chats of all bots.
        examples: How many of the least alike answers are told for each bot.
    """
    by_bot: dict[str, _Gathered] = {}
    for chat in chats:
        by_bot.setdefault(chat.bot, _Gathered(chat.bot)).take(chat)
    return [by_bot[name].told(examples) for name in sorted(by_bot)]


@dataclass(slots=True)
class _Times:
    """What medians are made of."""

    likeness: list[float] = field(default_factory=list[float])
    human: list[float] = field(default_factory=list[float])
    bot: list[float] = field(default_factory=list[float])
    earlier: list[float] = field(default_factory=list[float])

    def take(self, turn: ComparedTurn) -> None:
        bot, human = turn.bot.seconds if turn.bot is not None else None, turn.human.seconds
        self.likeness += [turn.likeness] if turn.likeness is not None else []
        self.human += [human] if human is not None else []
        self.bot += [bot] if bot is not None else []
        self.earlier += [human - bot] if human is not None and bot is not None else []


class _Gathered:
    """What is known of one bot so far."""

    def __init__(self, bot: str) -> None:
        self._bot = BotSummary(bot)
        self._times = _Times()
        self._plugins: dict[str, tuple[PluginSummary, _Times]] = {}
        self._examples: list[Example] = []

    def take(self, chat: ComparedChat) -> None:
        self._bot.chats += 1
        self._bot.partial += chat.partial
        self._bot.handovers.count(chat)
        for turn in chat.turns:
            self._bot.held_back += sum(bool(action.held_back) for action in turn.planned)
            if turn.kind == "text":
                self._take_turn(chat, turn)
        if plugin := _who_hands_over(chat):
            self._plugin(plugin)[0].handovers.count(chat)

    def _take_turn(self, chat: ComparedChat, turn: ComparedTurn) -> None:
        is_human = turn.human.texts > 0 or turn.human.handed_over
        is_last = turn is chat.turns[-1] and not chat.left_out
        self._bot.turns += 1
        self._times.take(turn)
        if turn.bot is None:
            self._bot.only_human += is_human
            self._bot.neither += not is_human
            return
        self._bot.both += is_human
        self._bot.only_bot += not is_human
        self._bot.only_bot_at_end += not is_human and is_last
        summary, times = self._plugin(turn.bot.plugin)
        summary.answers += 1
        summary.answered_by_both += is_human
        times.take(turn)
        if turn.likeness is not None:
            self._examples.append(_example(chat, turn, turn.bot.plugin, turn.likeness))

    def _plugin(self, name: str) -> tuple[PluginSummary, _Times]:
        return self._plugins.setdefault(name, (PluginSummary(name), _Times()))

    def told(self, examples: int) -> BotSummary:
        bot, times = self._bot, self._times
        bot.likeness, bot.earlier_by = _median(times.likeness), _median(times.earlier)
        bot.human_seconds, bot.bot_seconds = _median(times.human), _median(times.bot)
        for summary, own in self._plugins.values():
            summary.likeness, summary.earlier_by = _median(own.likeness), _median(own.earlier)
            bot.plugins.append(summary)
        bot.plugins.sort(key=lambda it: (-it.answers, it.plugin))
        bot.least_alike = nsmallest(examples, self._examples, key=lambda it: it.likeness)
        return bot


def _who_hands_over(chat: ComparedChat) -> str:
    actions = (action for turn in chat.turns for action in turn.planned if action.hands_over)
    return next((action.plugin for action in actions), "")


def _example(chat: ComparedChat, turn: ComparedTurn, plugin: str, likeness: float) -> Example:
    planned = [action.text for action in turn.planned if action.plugin == plugin and action.text]
    return Example(
        chat=chat.chat,
        index=turn.index,
        plugin=plugin,
        likeness=likeness,
        customer=_joined(turn.said),
        bot=_joined(planned),
        human=_joined(turn.human.said),
    )


def _joined(texts: Sequence[str] | None) -> str | None:
    return " / ".join(texts) if texts else None


def _median(numbers: Sequence[float]) -> float | None:
    return round(median(numbers), 3) if numbers else None
