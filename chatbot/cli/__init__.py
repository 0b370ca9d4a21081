"""The commands: parse arguments, call one function. The command line stands in ``commands``."""

from __future__ import annotations

from chatbot.cli.commands import main

__all__ = ["main"]
