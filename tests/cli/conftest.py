"""What every test of the commands needs: commands change the logging of the whole process."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest
from click.testing import CliRunner, Result

from chatbot.cli import main, visit
from chatbot.cli.signals import Signals
from tests.cli.programs import BOUND_S

_CHANGED = ("", "chatbot", "httpx", "httpcore")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in _CHANGED}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@contextmanager
def _bounded() -> Iterator[None]:
    """A command that ought to refuse and runs instead would run for ever."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def too_long(*_: object) -> None:
        raise AssertionError(f"the command still runs after {BOUND_S:g} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, BOUND_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Chatbot:
    """The command line inside this process."""

    def __call__(self, *arguments: object, stdin: str | IO[bytes] = "") -> Result:
        """What it answered. Whatever a command raises that is not its exit code fails the test."""
        with _bounded():
            result = CliRunner(env={"COLUMNS": "200"}).invoke(
                main, list(map(str, arguments)), prog_name="chatbot", input=stdin
            )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result


@pytest.fixture
def chatbot() -> Chatbot:
    return Chatbot()


@pytest.fixture
def signals() -> Iterator[Signals]:
    """Heard in this process, and forgotten at the end of the test."""
    with Signals() as signals:
        yield signals
        signals.close()


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers look for news all the time."""
    monkeypatch.setattr(visit, "_POLL_S", 0.01)
