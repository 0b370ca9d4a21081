"""How long hooks take, and how they end."""

from chatbot.bot.measures import HookMeasures
from chatbot.hooks.trace import Deed, HookCall
from chatbot.model.actions import Accept


def test_hooks_are_measured_without_their_waits_and_counted_by_outcome() -> None:
    measures = HookMeasures()
    measures.observe(HookCall("faq", "on_text", None, "said", "", seconds=3.0, waited_s=2.0))
    measures.observe(HookCall("faq", "on_text", None, "failed", "", seconds=0.5))
    assert measures.outcomes == {("faq", "on_text", "said"): 1, ("faq", "on_text", "failed"): 1}
    assert measures.seconds["faq", "on_text"].total_s == 1.5


def test_who_was_not_asked_took_no_time() -> None:
    measures = HookMeasures()
    measures.observe(HookCall("faq", "on_text", None, "skipped", ""))
    assert measures.outcomes == {("faq", "on_text", "skipped"): 1}
    assert not measures.seconds


def test_what_is_no_hook_call_is_left_to_others() -> None:
    measures = HookMeasures()
    measures.observe(Deed(Accept(), "c", "faq", "on_text"))
    assert not measures.outcomes
