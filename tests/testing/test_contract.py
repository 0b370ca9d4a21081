"""The contract: a good plugin keeps it, and for each item there is a bad one that does not."""

import re

import pytest

GOOD = """
import asyncio
import logging
from pydantic import BaseModel
from chatbot import Chat, ChatIdle, TextReceived, hookimpl

log = logging.getLogger(__name__)

class Link(BaseModel, extra="forbid"):
    url: str = "https://example.com"

class Settings(BaseModel):
    text: str = "Hello."
    links: list[Link] = []

@hookimpl
async def on_text(chat: Chat, event: TextReceived, settings: Settings) -> str | None:
    log.info("a text of %d characters", len(event.text))
    log.debug("%s", event.text)
    if "yes" in event.text:
        return None
    await asyncio.sleep(1)
    if "Hello" in event.text:
        await chat.send_text(settings.text)
        return None
    return settings.text

@hookimpl
async def on_idle(chat: Chat, event: ChatIdle) -> str | None:
    return None if chat.human else "Are you still there?"
"""

SLOW = """
from pathlib import Path
from chatbot import Chat, TextReceived, hookimpl

class Slow:
    def __init__(self) -> None:
        self.text = Path(__file__).read_text()[:5]

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str | None:
        if "human" in event.text:
            await chat.handoff(queue="default")
            return None
        await asyncio.sleep(8)
        return self.text
"""

BAD = {
    "loads_with_default_settings": (
        """
class Settings(BaseModel):
    url: str

@hookimpl
async def on_text(event): ...
""",
        "*needs the key 'url'*",
    ),
    "rejects_unknown_settings": (
        """
class Link(BaseModel):
    url: str = ""

class Settings(BaseModel):
    links: dict[str, list[Link]] = {}

@hookimpl
async def on_text(event): ...
""",
        "settings.links: Link takes keys that do not exist*",
    ),
    "does_not_block_the_loop": (
        """
from time import sleep

@hookimpl
async def on_text(event):
    try:
        sleep(60)
    except RuntimeError:
        pass
""",
        "*time.sleep at *bad.py:*",
    ),
    "does_not_speak_after_takeover": (
        """
@hookimpl
async def on_takeover(chat):
    await chat.send_text("I still know better.")
""",
        "on_takeover tries SendMessage although a human has the chat",
    ),
    "respects_cancellation": (
        """
@hookimpl
async def on_text(event):
    for _ in range(1000):
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            pass
""",
        "bad.on_text runs on although it was cancelled",
    ),
    "keeps_texts_out_of_logs": (
        """
@hookimpl
async def on_text(event):
    logging.getLogger("mine").info("got %s", event.text)
""",
        "*got Hello canary-*",
    ),
    "survives_every_event": (
        """
@hookimpl
async def on_event(event):
    event.text.lower()
""",
        "fails: on_event raised AttributeError*",
    ),
    "is_deterministic": (
        """
import random

@hookimpl
async def on_text(event):
    return f"number {random.random()}"
""",
        "does one thing in one run, and another in the next:",
    ),
}

OTHERS = {
    "goes on after a refusal": (
        "does_not_speak_after_takeover",
        """
@hookimpl
async def on_text(chat):
    for _ in range(3):
        try:
            await chat.send_text("but")
        except Exception:
            pass
""",
        "goes on although it was told that a human has the chat",
    ),
    "calculates": (
        "does_not_block_the_loop",
        """
import time

@hookimpl
async def on_bot_started(bot):
    end = time.thread_time() + 0.3
    while time.thread_time() < end:
        pass
""",
        "*works * s without a pause, and all chats wait",
    ),
    "connects": (
        "does_not_block_the_loop",
        """
import socket

@hookimpl
async def on_text(event):
    try:
        socket.create_connection(("127.0.0.1", 9))
    except RuntimeError:
        pass
""",
        "*a connection at *",
    ),
    "reads a file": (
        "does_not_block_the_loop",
        """
from pathlib import Path

@hookimpl
async def on_text(event):
    return Path(__file__).read_text()[:6]
""",
        "*a file at *bad.py:*",
    ),
    "attaches what is never the same": (
        "is_deterministic",
        """
from uuid import uuid4

@hookimpl
async def on_text(chat):
    await chat.attach_user_data({"ticket": uuid4().hex})
""",
        "does one thing in one run, and another in the next:",
    ),
    "logs data by a logger of its own": (
        "keeps_texts_out_of_logs",
        """
log = logging.getLogger("own")
log.propagate = False

@hookimpl
async def on_chat_started(chat):
    log.warning("%s", chat.user_data)
""",
        "*canary-*",
    ),
    "prints past pytest": (
        "keeps_texts_out_of_logs",
        """
import sys

@hookimpl
async def on_text(event):
    print(event.text, file=sys.__stderr__)
""",
        "*canary-*",
    ),
    "never rests": (
        "survives_every_event",
        """
@hookimpl
async def on_push_url(event):
    while True:
        await asyncio.sleep(0)
""",
        "fails: on_push_url took longer than hook_timeout",
    ),
    "prints": (
        "keeps_texts_out_of_logs",
        """
@hookimpl
async def on_text(event):
    print(event.text)
""",
        "*Hello canary-*",
    ),
    "raises what was said": (
        "keeps_texts_out_of_logs",
        """
@hookimpl
async def on_text(event):
    raise ValueError(event.text)
""",
        "*canary-*",
    ),
}

HEAD = "import asyncio\nimport logging\nfrom pydantic import BaseModel\nfrom chatbot import hookimpl\n"
CASES = {name: (name, *case) for name, case in BAD.items()} | OTHERS


def names(output: str, verdict: str) -> list[str]:
    return re.findall(rf"::(\w+) {verdict}", output)


def test_a_good_plugin_keeps_all_of_it(project: pytest.Pytester) -> None:
    project.path.joinpath("plugins", "hours.py").write_text(GOOD)
    project.path.joinpath("plugins", "helper.py").write_text("VALUE = 1\n")
    result = project.runpytest_inprocess("--chatbot-contract", "plugins", "-v")
    assert names(result.stdout.str(), "PASSED") == list(BAD)
    assert result.ret == 0


@pytest.mark.long
def test_a_customer_who_does_not_wait_is_no_fault_of_the_plugin(project: pytest.Pytester) -> None:
    project.path.joinpath("plugins", "hours.py").write_text("import asyncio\n" + SLOW)
    project.runpytest_inprocess("--chatbot-contract", "plugins").assert_outcomes(passed=8)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.long
def test_a_bad_plugin_fails_the_item_that_it_breaks(project: pytest.Pytester, case: str) -> None:
    name, code, said = CASES[case]
    project.path.joinpath("plugins", "hours.py").unlink()
    project.path.joinpath("plugins", "bad.py").write_text(HEAD + code)
    result = project.runpytest_inprocess("--chatbot-contract", "plugins", "-v", "-k", name)
    assert names(result.stdout.str(), "FAILED") == [name]
    result.stdout.fnmatch_lines([said])
    assert "contract.py" not in result.stdout.str()


def test_what_does_not_load_is_not_checked_further(project: pytest.Pytester) -> None:
    project.path.joinpath("plugins", "hours.py").write_text("from chatbot import hookimpl\n\ndef oops(:\n")
    result = project.runpytest_inprocess("--chatbot-contract", "plugins", "-rs")
    result.assert_outcomes(failed=1, skipped=7)
    result.stdout.fnmatch_lines(["*hours.py:3*", "*it does not load*"])


def test_a_hook_that_would_never_run_is_told_once(project: pytest.Pytester) -> None:
    code = "from chatbot import hookimpl\n\nasync def on_text(event): ...\n"
    project.path.joinpath("plugins", "hours.py").write_text(code)
    result = project.runpytest_inprocess("--chatbot-contract", "plugins")
    result.assert_outcomes(failed=1, skipped=7)
    result.stdout.fnmatch_lines(["*hours.py:3*defines on_text without @hookimpl*", "*fix: add @hookimpl*"])


def test_without_the_option_plugins_are_no_tests(project: pytest.Pytester) -> None:
    assert project.runpytest_inprocess("plugins").ret == pytest.ExitCode.NO_TESTS_COLLECTED
