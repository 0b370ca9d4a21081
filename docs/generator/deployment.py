"""What deploys a project that `chatbot new` has made, as examples to read: docs/deployment."""

from __future__ import annotations

from pathlib import Path

from chatbot.cli.names import Names
from chatbot.cli.project import rendered

__all__ = ["examples"]

_FOLDER = Path(__file__).parents[1] / "deployment"
_FILES = ("Dockerfile", "compose.yaml", "bots-hello.service")
_NAMES = Names(
    bot="concierge",
    plugin="hours",
    nickname="Concierge",
    server="https://gws.example.com",
    username="concierge",
)


def examples() -> dict[Path, str]:
    """The text of each file, by its place."""
    files = rendered("hello", _NAMES)
    return {_FOLDER / name: files[name] for name in _FILES}
