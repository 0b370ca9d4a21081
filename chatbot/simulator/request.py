"""One operation as an agent asked for it, and the reading of its parameters.

Codes of refusal: 1 for what is missing, 10 for what has the wrong type or value (reference section 2.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from chatbot.simulator.chats import Asker, Chat, Leg
from chatbot.simulator.routing import Router
from chatbot.simulator.scene import Scene
from chatbot.simulator.status import OperationError, Status


@dataclass(frozen=True, slots=True)
class Parameters:
    """The JSON object of a request.

    Args:
        body: What was sent.
    """

    body: Mapping[str, object]

    def text(self, name: str) -> str:
        """Return a required, non-empty string."""
        value = self.optional_text(name)
        if not value:
            raise OperationError(Status.MISSING, f"Parameter {name} is missing")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a string, or None if it is absent or null."""
        value = self.body.get(name)
        if value is not None and not isinstance(value, str):
            raise OperationError(Status.INVALID, f"Parameter {name} must be a string")
        return value

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """Return one of the allowed words, or None if it is absent."""
        value = self.optional_text(name)
        if value is not None and value not in allowed:
            raise OperationError(Status.INVALID, f"Parameter {name} must be one of {', '.join(allowed)}")
        return value

    def data(self, name: str) -> dict[str, object]:
        """Return a required object."""
        value = self.body.get(name)
        if value is None:
            raise OperationError(Status.MISSING, f"Parameter {name} is missing")
        if not isinstance(value, dict):
            raise OperationError(Status.INVALID, f"Parameter {name} must be an object")
        return cast("dict[str, object]", value)  # JSON objects have string keys

    def words(self, name: str) -> list[str]:
        """Return a required, non-empty array of strings."""
        value = self.body.get(name)
        if not value:
            raise OperationError(Status.MISSING, f"Parameter {name} is missing")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise OperationError(Status.INVALID, f"Parameter {name} must be an array of strings")
        return value

    def first(self, *names: str) -> str | None:
        """Return the first of several spellings that is present (9.2: targetUri, targetPath, userUri)."""
        return next((value for name in names if (value := self.optional_text(name))), None)


@dataclass(frozen=True, slots=True)
class Request:
    """An operation on an own chat.

    Args:
        scene: The shared state.
        router: For what goes on to somebody else.
        chat: The chat.
        leg: What the asking agent has of it.
        asker: The agent and the number of the request.
        given: The parameters.
    """

    scene: Scene
    router: Router
    chat: Chat
    leg: Leg
    asker: Asker
    given: Parameters
