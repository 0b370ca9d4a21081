"""Makes the kit of one test."""

from __future__ import annotations

import pytest

from chatbot.testing.conditions import conditions_of
from chatbot.testing.kit import Kit
from chatbot.testing.project import Project

__all__ = ["kit_for"]


def kit_for(request: pytest.FixtureRequest) -> Kit:
    """The kit for the test that asks, with its project and what its markers say.

    Raises:
        pytest.UsageError: A marker says what cannot be.
    """
    return Kit(Project.around(request.path, request.config.rootpath), conditions_of(request.node))
