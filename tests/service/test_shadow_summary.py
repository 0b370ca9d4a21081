"""What many compared chats tell together."""

from datetime import UTC, datetime
from typing import Any

from chatbot.model.comparison import ComparedChat, ComparedTurn, PlannedAction, PlannedAnswer, Reaction
from chatbot.service.shadow_summary import Example, Handovers, PluginSummary, summarise

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PASSES = PlannedAction(plugin="handoff", hook="on_text", action="Transfer", seconds=0)
HELD = PlannedAction(plugin="faq", hook="on_text", action="SendMessage", seconds=0, held_back="CB311")


def turn(
    bot: float | None = None, seconds: float | None = None, likeness: float | None = None, **about: Any
) -> ComparedTurn:
    given: dict[str, Any] = {
        "kind": "text",
        "at": NOW,
        "bot": PlannedAnswer(plugin="faq", seconds=bot) if bot is not None else None,
        "human": Reaction(texts=seconds is not None, seconds=seconds),
        "likeness": likeness,
    }
    return ComparedTurn(**(given | about))


def chat(*turns: ComparedTurn, bot: str = "maid", **about: Any) -> ComparedChat:
    return ComparedChat(bot=bot, chat=about.pop("chat", "c1"), began=NOW, turns=turns, **about)


def test_each_turn_is_answered_by_both_by_one_or_by_nobody() -> None:
    (it,) = summarise([chat(turn(1, 41, 0.5), turn(2), turn(None, 9), turn(), turn(3))])
    assert (it.turns, it.both, it.only_bot, it.only_bot_at_end, it.only_human, it.neither) == (
        5,
        1,
        2,
        1,
        1,
        1,
    )
    assert (it.bot_seconds, it.human_seconds, it.earlier_by, it.likeness) == (2, 25, 40, 0.5)


def test_the_opening_is_no_answer() -> None:
    (it,) = summarise([chat(turn(1, 1, 1.0, kind="opening"))])
    assert (it.turns, it.both, it.likeness) == (0, 0, None)


def test_a_chat_is_passed_on_by_both_by_one_or_nobody_knows() -> None:
    by_bot = turn(0, planned=(PASSES,))
    (it,) = summarise(
        [
            chat(by_bot, bot_hands_over=1, human_hands_over=3),
            chat(by_bot, bot_hands_over=1),
            chat(by_bot, bot_hands_over=1, unclear=True),
            chat(turn(), human_hands_over=1),
            chat(turn(), unclear=True),
        ]
    )
    assert it.handovers == Handovers(both=1, only_bot=1, only_human=1, unclear=1)
    handoff = PluginSummary("handoff", handovers=Handovers(both=1, only_bot=1, unclear=1))
    assert it.plugins[1] == handoff


def test_the_least_alike_come_first_and_no_more_than_wanted() -> None:
    answer = PlannedAction(plugin="faq", hook="on_text", action="SendMessage", seconds=0, text="at 8")
    told = turn(
        0, likeness=0.1, index=3, said=("when?",), planned=(answer,), human=Reaction(texts=1, said=("9",))
    )
    chats = [chat(turn(0, 1, 0.9, index=5), turn(0, 1, 0.2, index=7), told)]
    (it,) = summarise(chats, examples=2)
    assert it.least_alike == [
        Example("c1", 3, "faq", 0.1, customer="when?", bot="at 8", human="9"),
        Example("c1", 7, "faq", 0.2),
    ]


def test_each_bot_by_itself() -> None:
    one, two = summarise([chat(bot="b"), chat(turn(planned=(HELD,)), bot="a", partial=True)])
    assert [(it.bot, it.chats, it.partial, it.held_back) for it in (one, two)] == [
        ("a", 1, 1, 1),
        ("b", 1, 0, 0),
    ]
