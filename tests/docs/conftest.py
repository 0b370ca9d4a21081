"""What the tests of the documents need: commands change the logging of the whole process."""

from tests.cli.conftest import _logging_as_before

__all__ = ["_logging_as_before"]
