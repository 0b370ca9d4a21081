"""The commands, as the tests of the command line have them."""

from tests.cli.conftest import _logging_as_before, chatbot

__all__ = ["_logging_as_before", "chatbot"]
