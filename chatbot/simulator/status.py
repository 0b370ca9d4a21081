"""Status codes of answers, and the one exception that carries them.

Reference section 2.3 (API/ReturnValues). Knows nothing about HTTP.
"""

from enum import IntEnum


class Status(IntEnum):
    """The codes of reference section 2.3 that the simulator answers with."""

    DONE = 0
    MISSING = 1
    BAD_STATE = 2
    FORBIDDEN = 3
    NO_PERMISSION = 5
    NOT_FOUND = 6
    PARTLY = 7
    INVALID = 10
    NOT_AUTHENTICATED = 20


class OperationError(Exception):
    """A request is refused: nothing was changed (reference section 2.2).

    Args:
        status: The code of section 2.3.
        message: Free text for `statusMessage`.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
