import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from chatbot import TextReceived
from chatbot.hooks.loader import load_plugin
from chatbot.model.actions import Action, SendMessage
from chatbot.model.errors import ConfigError
from chatbot.model.section import Section
from tests.bot.desk import Desk
from tests.bot.drawer import Drawer
from tests.bot.stage import on_stage
from tests.flow.stage import on_stage as on_real_stage
from tests.hooks.stage import HELLO, Stage, answering, hooks, loaded, manager
from tests.plugins.stage import ABOUT, PLUGINS, WHERE, load
from tests.told import told

ANSWERS: list[dict[str, Any]] = [
    {"keywords": ["open", "Hours"], "answer": "8 to 18."},
    {"pattern": r"order\s+#?\d{6}", "answer": "Three days."},
    {"keywords": ["open"], "pattern": "sunday", "answer": "Never."},
]


async def asked(text: str) -> list[Action]:
    """What is answered to this."""
    stage = Stage()
    event = TextReceived(text=text, chat_id="A", index=1, **ABOUT)
    await stage.call(manager(load("faq", answers=ANSWERS)), event)
    return stage.sent


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("When are you OPEN?", "8 to 18."),
        ("your hours please", "8 to 18."),
        ("Where is Order #123456", "Three days."),
        ("and on SUNDAYS?", "Never."),
        ("order 123456, and are you open", "8 to 18."),
    ],
)
async def test_the_first_entry_that_fits_answers(text: str, answer: str) -> None:
    assert await asked(text) == [SendMessage(text=answer)]


@pytest.mark.parametrize(
    "text", ["", "opening", "order 123", "{0.__class__}", "x" * 1000 + " open", "\ud800", "a\x00b", "(" * 50]
)
async def test_what_it_does_not_know_it_leaves_to_the_next_plugin(text: str) -> None:
    log: list[str] = []
    stage = Stage()
    plugins = manager(
        load("faq", answers=ANSWERS), loaded("next", hooks(on_text=answering(None, log, "next")))
    )
    result = await stage.call(plugins, TextReceived(text=text, chat_id="A", **ABOUT))
    assert (stage.sent, log, result.failed) == ([], ["next"], [])


async def test_an_answer_ends_the_question() -> None:
    log: list[str] = []
    plugins = manager(
        load("faq", answers=ANSWERS), loaded("next", hooks(on_text=answering(None, log, "next")))
    )
    result = await Stage().call(plugins, TextReceived(text="open?", chat_id="A", **ABOUT))
    assert (result.handled, log) == (True, [])


async def test_without_entries_it_answers_nothing() -> None:
    stage = Stage()
    await stage.call(manager(load("faq")))
    assert stage.sent == []


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([{"keywords": ["a"]}], "[[answers]] needs the key 'answer'\n  fix: add answer = ..."),
        ([{"keywords": ["a"], "answer": ""}], "[[answers]] answer: expected at least 1 character"),
        ([{"answer": "x"}], "[answers] item 1: give keywords, a pattern, or questions"),
        (
            [{"pattern": "(", "answer": "x"}],
            (
                "[[answers]] pattern: not a regular expression: "
                "missing ), unterminated subpattern at position 0"
            ),
        ),
        (
            [{"keyword": ["a"], "pattern": "x", "answer": "x"}],
            "[[answers]] has no key 'keyword'\n  fix: rename keyword to keywords",
        ),
        ("hi", "answers: expected a list"),
    ],
)
def test_a_wrong_entry_is_told_by_its_place(answers: object, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load("faq", answers=answers)
    assert told(caught.value, WHERE) == expected


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        load("faq", answer=[])
    assert told(caught.value, WHERE) == "has no key 'answer'\n  fix: rename answer to answers"


# by likeness

QUESTIONS: list[dict[str, Any]] = [
    {"questions": ["When do you open?", "What are your opening hours?"], "answer": "8 to 18."},
    {"questions": ["How can I return an order?"], "answer": "By post."},
    {"keywords": ["parrot"], "answer": "We sell no parrots."},
]
ASKS = "Did you mean: When do you open?"


class Talk:
    """One chat with the plugin."""

    def __init__(self, **table: Any) -> None:
        self.stage = Stage()
        self.plugins = manager(load("faq", **{"answers": QUESTIONS, **table}))

    async def says(self, text: str) -> str | None:
        """What is answered."""
        self.stage.sender.sent.clear()
        await self.stage.call(self.plugins, TextReceived(text=text, chat_id="A", index=1, **ABOUT))
        return next((action.text for action in self.stage.sent if isinstance(action, SendMessage)), None)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("when do you open", "8 to 18."),
        ("wehn do you opne?", "8 to 18."),
        ("you open when do", "8 to 18."),
        ("how can i retrun an order", "By post."),
        ("when will you be open", ASKS),
        ("when", None),
        ("", None),
        ("\U0001f600", None),
        ("my parrot wants to know when do you open", "We sell no parrots."),
    ],
)
async def test_a_question_is_known_by_its_likeness(text: str, answer: str | None) -> None:
    assert await Talk().says(text) == answer


@pytest.mark.parametrize("yes", ["yes", "Yes!", "yeah please", "SURE, thank you"])
async def test_yes_gives_the_answer_that_was_meant(yes: str) -> None:
    talk = Talk()
    assert await talk.says("when will you be open") == ASKS
    assert await talk.says(yes) == "8 to 18."
    assert await talk.says(yes) is None


async def test_what_agrees_may_be_several_words() -> None:
    talk = Talk(yes=["of course"])
    for text, answer in (("of", None), ("Of course!", "8 to 18.")):
        await talk.says("when will you be open")
        assert await talk.says(text) == answer


@pytest.mark.parametrize("text", ["no", "", "yes but what about the parrots", "well yes", "yesterday"])
async def test_anything_else_is_no_yes_and_a_yes_later_means_something_else(text: str) -> None:
    talk = Talk()
    await talk.says("when will you be open")
    assert await talk.says(text) is None
    assert await talk.says("yes") is None


async def test_a_question_that_is_known_no_more_is_forgotten() -> None:
    talk = Talk()
    talk.stage.view.memory["faq.suggested"] = "What is this?"
    assert await talk.says("yes") is None
    assert talk.stage.view.memory == {}


async def test_likeness_and_words_are_settings() -> None:
    talk = Talk(sure=100, maybe=60, did_you_mean="Meinten Sie: {question}", yes=["Ja"])
    assert await talk.says("wehn do you opne?") == "Meinten Sie: When do you open?"
    assert await talk.says("ja") == "8 to 18."
    assert await Talk(fuzzy=False).says("wehn do you opne?") is None
    assert await Talk(fuzzy=False).says("WHEN do you open") == "8 to 18."


async def test_of_entries_with_the_same_question_the_first_answers() -> None:
    talk = Talk(answers=[{"questions": ["when do you open"], "answer": answer} for answer in ("a", "b")])
    assert await talk.says("wehn do you opne") == "a"


async def test_keywords_alone_are_matched_as_before() -> None:
    talk = Talk(answers=ANSWERS, maybe=1, sure=1)
    assert await talk.says("opening") is None


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"sure": 50}, "maybe is more than sure: expected maybe <= sure"),
        ({"sure": 101}, "sure: expected"),
        ({"fuzzy": "yes"}, "fuzzy: expected"),
        ({"yes": ["yes", "!"]}, "yes: '!' has no words"),
        ({"answers": [{"questions": ["?"], "answer": "x"}]}, "[[answers]] questions: '?' has no words"),
    ],
)
def test_wrong_settings_are_told(table: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load("faq", **table)
    assert told(caught.value, WHERE).startswith(expected)


async def test_without_the_library_it_does_what_it_can_unless_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(PLUGINS / "faq.py", tmp_path)
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)  # an import of it fails
    plugins = manager(load_plugin("faq", folders=[tmp_path], table={"answers": QUESTIONS}))
    talk = Talk()
    talk.plugins = plugins
    assert await talk.says("when do you open") == "8 to 18."
    assert await talk.says("wehn do you opne?") is None
    with pytest.raises(ConfigError) as caught:
        load_plugin(
            "faq",
            folders=[tmp_path],
            table={"fuzzy": True},
            where=Section("bots.toml", tuple(WHERE.split("."))),
        )
    text = "fuzzy: rapidfuzz is not installed\n  fix: pip install 'chatbot[fuzzy]'"
    assert told(caught.value, WHERE) == text


# the whole way


async def test_what_was_suggested_survives_a_restart() -> None:
    desk, drawer = Desk(), Drawer()
    plugin = load("faq", answers=QUESTIONS).hooks
    async with on_stage(plugin, desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("when will you be open")
        await stage.quiet()
        await stage.crash(drawer)
    async with on_stage(plugin, desk=desk, journal=drawer) as stage:
        desk.says("yes")
        await stage.quiet()
    assert desk.texts() == [ASKS, "8 to 18."]


async def test_a_customer_is_asked_what_was_meant_and_gets_the_answer() -> None:
    plugin = load("faq", answers=QUESTIONS).hooks
    async with on_real_stage(plugin) as stage, stage.customer() as ana:
        await ana.says("when will you be open")
        await ana.hears("^Did you mean: When do you open")
        await ana.says("yes please")
        await ana.hears("^8 to 18")


@pytest.mark.parametrize("keyword", ["opening hours", "check-in", "समय"])
async def test_a_keyword_may_be_several_words_in_any_script(keyword: str) -> None:
    stage = Stage()
    plugins = manager(load("faq", fuzzy=False, answers=[{"keywords": [keyword], "answer": "8 to 18."}]))
    for text in ("hours of opening, check me in", f"Your {keyword.upper()}?"):
        await stage.call(plugins, HELLO.model_copy(update={"text": text}))
    assert stage.sent == [SendMessage(text="8 to 18.")]


def test_a_keyword_without_words_is_refused() -> None:
    with pytest.raises(ConfigError, match="'\\?' has no words"):
        load("faq", answers=[{"keywords": ["?"], "answer": "8 to 18."}])
