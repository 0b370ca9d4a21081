"""Whose code runs in a stack: taken here from inside of it."""

import asyncio
import json
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatbot import Chat, Receipt, hookimpl
from chatbot.bot.dispatch import contained
from chatbot.bot.sender import Sender
from chatbot.hooks.breaker import Breaker
from chatbot.hooks.manager import Occasion, PluginManager
from chatbot.hooks.run import HookRun
from chatbot.model.actions import SendMessage
from chatbot.model.config_care import BreakerSettings
from chatbot.service.culprit import Culprit, Stack, as_text, find_culprit, is_idle, stack_of
from tests.hooks.stage import HELLO, Stage, hooks, loaded, per_chat

HERE = __file__


def a_breaker(bot: str = "maid", plugin: str = "nap") -> Breaker:
    return Breaker(bot, plugin, BreakerSettings(), lambda: 0.0)


class Camera:
    """Looks at the stack from wherever it is called."""

    def __init__(self, *sources: tuple[Breaker, str]) -> None:
        self.sources = sources
        self.seen: list[Culprit | None] = []

    def shoot(self) -> None:
        self.seen.append(find_culprit(stack_of(sys._getframe(1)), self.sources))

    @property
    def culprit(self) -> Culprit:
        (culprit,) = self.seen
        assert culprit is not None
        return culprit


async def call(plugin: object, **breakers: Breaker) -> None:
    """Call its on_text."""
    entry = plugin if hasattr(plugin, "build") else loaded("nap", plugin)
    plugins = PluginManager([entry], run_in_thread=asyncio.to_thread, breakers=breakers)  # type: ignore[list-item]
    stage = Stage()
    await plugins.call("on_text", Occasion(stage.bot, stage.chat, HELLO, instances={}), timeout_s=5)


def line_of(function: Callable[..., Any], after: int = 1) -> int:
    return function.__code__.co_firstlineno + after


async def test_a_hook_is_found_with_its_plugin_bot_and_line() -> None:
    camera, breaker = Camera(), a_breaker()

    async def on_text() -> None:
        camera.shoot()

    await call(hooks(on_text=on_text), nap=breaker)
    assert camera.culprit.breakers == (breaker,)
    place = f"{HERE}:{line_of(on_text)}"
    assert (camera.culprit.hook, camera.culprit.place) == ("on_text", place)
    assert str(camera.culprit) == f"plugin nap of bot maid, on_text at {place}"
    scene = camera.culprit.scene.splitlines()
    assert "manager.py" in scene[0]
    assert scene[-2:] == [f'  File "{HERE}", line {line_of(on_text)}, in on_text', "    camera.shoot()"]
    assert HELLO.text not in camera.culprit.scene


async def test_the_line_is_that_of_the_plugin_not_of_the_library_that_it_calls() -> None:
    camera = Camera()

    async def on_text() -> None:
        json.loads("1", parse_int=lambda _: camera.shoot())

    await call(hooks(on_text=on_text), nap=a_breaker())
    assert camera.culprit.place == f"{HERE}:{line_of(on_text)}"


async def test_a_hook_that_is_all_library_is_named_by_what_was_called_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera = Camera()

    async def on_text() -> None:
        helper()

    def helper() -> None:
        camera.shoot()

    monkeypatch.setattr("chatbot.service.culprit._LIBRARIES", (str(Path(HERE).parent),))
    await call(hooks(on_text=on_text), nap=a_breaker())
    assert camera.culprit.place == f"{HERE}:{line_of(on_text)}"


async def test_a_hook_that_acts_is_the_culprit_whatever_of_ours_it_is_in() -> None:
    camera = Camera()

    async def on_text(chat: Chat) -> None:
        await chat.send_text("hi")

    breaker = a_breaker()
    plugins = PluginManager(
        [loaded("nap", hooks(on_text=on_text))], run_in_thread=asyncio.to_thread, breakers={"nap": breaker}
    )
    stage = Stage()

    async def perform(action: SendMessage, chat_id: str | None) -> None:
        camera.shoot()

    stage.sender.perform = perform  # type: ignore[assignment, method-assign]
    await stage.call(plugins)
    assert (camera.culprit.breakers, camera.culprit.hook) == ((breaker,), "on_text")


async def test_the_scene_begins_where_the_hook_was_called_not_where_it_acted() -> None:
    camera = Camera()

    async def counted(*_: object) -> Receipt:
        camera.shoot()
        return Receipt(SendMessage(text="hi"))

    async def on_text() -> None:
        sender = cast("Sender", SimpleNamespace(_in_turn=counted))
        await Sender.perform(sender, SendMessage(text="hi"), None)

    await call(hooks(on_text=on_text), nap=a_breaker())
    assert "in on_text\n" in camera.culprit.scene


async def test_the_constructor_of_an_object_for_one_chat_is_found() -> None:
    camera, breaker = Camera(), a_breaker()

    class Nap:
        def __init__(self) -> None:
            camera.shoot()

        @hookimpl
        async def on_text(self) -> None: ...

    await call(per_chat("nap", Nap), nap=breaker)
    assert (camera.culprit.breakers, camera.culprit.hook) == ((breaker,), "on_text")
    assert camera.culprit.place == f"{HERE}:{line_of(Nap.__init__)}"


async def test_what_a_hook_has_spawned_is_found() -> None:
    camera, breaker = Camera(), a_breaker()

    async def beside() -> None:
        camera.shoot()

    run = HookRun("nap", "on_text", HELLO, breaker=breaker).branch()
    await contained(beside(), run, "A", None)
    assert camera.culprit.breakers == (breaker,)
    assert str(camera.culprit) == (
        f"plugin nap of bot maid, what on_text had spawned at {HERE}:{line_of(beside)}"
    )


async def test_what_we_do_for_a_plugin_is_not_its_fault() -> None:
    stacks: list[Stack] = []

    async def on_text() -> None:
        stacks.append(stack_of(sys._getframe(1)))

    await call(hooks(on_text=on_text), nap=a_breaker())
    (stack,) = stacks
    assert stack[0][0].f_code.co_name == "_answer"
    assert find_culprit(stack, []) is None


def test_code_without_a_hook_is_found_by_its_file() -> None:
    night, day, other = a_breaker("night"), a_breaker("day"), a_breaker("day", "faq")
    camera = Camera((other, "/elsewhere/faq.py"), (night, HERE), (other, ""), (day, HERE), (other, HERE))
    camera.shoot()
    assert (camera.culprit.breakers, camera.culprit.hook) == ((night, day), "")
    assert str(camera.culprit).startswith(f"plugin nap of bot night, day at {HERE}:")


def test_so_is_the_code_of_a_package() -> None:
    package = str(Path(HERE).parent / "__init__.py")
    camera, elsewhere = Camera((a_breaker(), package)), Camera((a_breaker(), "/elsewhere/__init__.py"))
    camera.shoot()
    elsewhere.shoot()
    assert camera.culprit.place.startswith(HERE)
    assert elsewhere.seen == [None]


def test_where_nobody_s_plugin_runs_nobody_is_found() -> None:
    camera = Camera()
    camera.shoot()
    assert camera.seen == [None]
    assert find_culprit([], []) is None


def test_a_stack_is_shown_as_python_shows_it() -> None:
    stack = stack_of(sys._getframe())
    assert as_text(stack[:1]) == (
        f'  File "{HERE}", line {line_of(test_a_stack_is_shown_as_python_shows_it)}, '
        "in test_a_stack_is_shown_as_python_shows_it\n    stack = stack_of(sys._getframe())"
    )
    assert stack_of(None) == []


# waiting


@contextmanager
def at_work(function: Callable[[], object]) -> Iterator[int]:
    """A thread that runs this; its number."""
    thread = threading.Thread(target=function)
    thread.start()
    try:
        yield thread.ident or 0
    finally:
        thread.join(5)
        assert not thread.is_alive()


def seen_in(thread: int, is_so: Callable[[Stack], bool]) -> Stack:
    """The stack of a thread, as soon as this holds."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        stack = stack_of(sys._current_frames().get(thread))
        if stack and is_so(stack):
            return stack
        threading.Event().wait(0.001)
    pytest.fail("it never happened")


def is_selecting(stack: Stack) -> bool:
    return stack[0][0].f_code.co_filename == selectors.__file__


def test_a_loop_that_waits_for_something_to_happen_is_idle() -> None:
    loop = asyncio.new_event_loop()

    def work() -> None:
        loop.run_forever()
        loop.close()

    with at_work(work) as thread:
        try:
            assert is_idle(seen_in(thread, is_selecting))
        finally:
            loop.call_soon_threadsafe(loop.stop)
    assert is_idle([])


def test_a_hook_that_waits_for_a_program_is_not() -> None:
    program = subprocess.Popen([sys.executable, "-c", "input()"], stdin=PIPE, stdout=PIPE, stderr=PIPE)
    with program, at_work(program.communicate) as thread:
        try:
            assert not is_idle(seen_in(thread, is_selecting))
        finally:
            program.kill()
    assert not is_idle(stack_of(sys._getframe()))
