"""Which codes the tests of this folder see, so that none is left out."""

from collections.abc import Callable
from typing import Any, TypeVar

from chatbot.model.codes import Code

Test = TypeVar("Test", bound=Callable[..., Any])

SEEN: set[Code] = set()


def sees(*codes: Code) -> Callable[[Test], Test]:
    """Marks a test that sees these codes come up."""

    def note(test: Test) -> Test:
        SEEN.update(codes)
        return test

    return note
