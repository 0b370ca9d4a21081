"""The pytest plugin: the fixture ``chatbot``, its markers, and the contract of plugins.

pytest imports this file in every run, so it imports nothing of ours before a test asks for it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chatbot.testing.kit import Kit

__all__ = ["chatbot"]

_FIXTURE = "chatbot"
_MARKERS = {
    "chatbot_faults(*names, seed, chance, times, skip, on, agent, seconds, code)": "what goes wrong between "
    "bots and platform, by name; once, or with a seed now and again",
    "chatbot_capabilities(*, without)": "operations that the platform does not allow",
    "chatbot_platform(**options)": "how the platform behaves: chatbot.simulator.options.Options",
}
_NO_ASYNC = (
    "the fixture chatbot needs pytest-asyncio, which is not installed\n  fix: pip install pytest-asyncio"
)

# A project may have a fixture of the same name: what is only true of ours is left in the test's stash.
_KIT = pytest.StashKey["Kit"]()
_UNFIT = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tell the option."""
    parser.getgroup("chatbot").addoption(
        "--chatbot-contract",
        action="store_true",
        help="check that the plugins in these files or folders keep the contract that every plugin has",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Let the contract be checked for each file that holds a plugin."""
    if not parent.config.getoption("--chatbot-contract"):
        return None
    found: pytest.Collector | None = _ours("contract_items").contract_of(file_path, parent)
    return found


def pytest_configure(config: pytest.Config) -> None:
    """Tell the markers."""
    for marker, meaning in _MARKERS.items():
        config.addinivalue_line("markers", f"{marker}: {meaning}")


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> None:
    """Let pytest-asyncio run tests with our fixture in strict mode too, without a mark."""
    test = _written(obj)
    if not inspect.iscoroutinefunction(test) or not collector.config.pluginmanager.hasplugin("asyncio"):
        return
    marks = {mark.name for mark in getattr(obj, "pytestmark", ())}
    if (
        _FIXTURE in inspect.signature(test).parameters
        and name.startswith("test")
        and not marks & {"asyncio", "anyio"}
    ):
        pytest.mark.asyncio(obj)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the kit see how the test ends, in the event loop of the test."""
    if not isinstance(item, pytest.Function) or _FIXTURE not in item.fixturenames:
        return
    test = _written(item.obj)
    item.stash[_UNFIT] = _unfit(item, test)
    if item.stash[_UNFIT] or getattr(test, "is_played", False):
        return
    if hasattr(item.obj, "hypothesis"):
        item.obj.hypothesis.inner_test = _played(item, test)
    else:
        item.obj = _played(item, test)


def _written(test: Any) -> Any:
    """The test as it was written, which hypothesis calls for each example."""
    return test.hypothesis.inner_test if hasattr(test, "hypothesis") else test


def _unfit(item: pytest.Function, test: Callable[..., Any]) -> str:
    """Why the fixture cannot serve this test; empty if it can."""
    if not inspect.iscoroutinefunction(test):
        return f"{item.name} uses the fixture chatbot\n  fix: make it async def"
    if not any(item.config.pluginmanager.hasplugin(name) for name in ("asyncio", "anyio")):
        return _NO_ASYNC
    return ""


def _played(item: pytest.Function, test: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(test)
    async def play(*given: Any, **named: Any) -> None:
        __tracebackhide__ = True
        async with item.stash.get(_KIT, None) or nullcontext():
            await test(*given, **named)

    vars(play)["is_played"] = True
    return play


def _ours(module: str) -> Any:
    """A module of ours: imported only where a test asks for it."""
    return import_module(f"{__package__}.{module}")


@pytest.fixture
def chatbot(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """A contact centre in virtual time: starts bots with your plugins, and customers who talk to them.

    See ``chatbot.testing.Kit``.
    """
    if unfit := request.node.stash.get(_UNFIT, ""):
        pytest.fail(unfit, pytrace=False)
    kit = _ours("fixture").kit_for(request)
    request.node.stash[_KIT] = kit
    yield kit
    kit.abandon()
