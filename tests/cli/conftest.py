"""What every test of the commands needs: commands change the logging of the whole process."""

import logging
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from chatbot.cli import main

_CHANGED = ("", "chatbot", "httpx", "httpcore")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in _CHANGED}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


class Chatbot:
    """The command line inside this process."""

    def __call__(self, *arguments: object) -> Result:
        """What it answered. Whatever a command raises that is not its exit code fails the test."""
        result = CliRunner(env={"COLUMNS": "200"}).invoke(
            main, list(map(str, arguments)), prog_name="chatbot"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result


@pytest.fixture
def chatbot() -> Chatbot:
    return Chatbot()
