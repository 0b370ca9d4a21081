"""For authors of plugins: the pytest fixture ``chatbot``, and the contract that every plugin keeps.

The names here are for annotations: ``async def test_hours(chatbot: Kit) -> None``. Nothing is imported
before it is used, since pytest loads this package in every run.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["Kit", "StagedBot", "StagedChat", "StagedCustomer", "TalkError"]

_PLACES = {
    "Kit": "kit",
    "StagedBot": "staged_bot",
    "StagedChat": "staged_chat",
    "StagedCustomer": "staged_customer",
    "TalkError": "report",
}

if TYPE_CHECKING:
    from chatbot.testing.kit import Kit
    from chatbot.testing.report import TalkError
    from chatbot.testing.staged_bot import StagedBot
    from chatbot.testing.staged_chat import StagedChat
    from chatbot.testing.staged_customer import StagedCustomer
else:

    def __getattr__(name: str) -> object:
        """Import a name when it is first asked for."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
