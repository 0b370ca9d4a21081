"""The commands: parse arguments, call one function. Each is imported only when it is asked for."""

from __future__ import annotations

from chatbot.cli.group import main

__all__ = ["main"]
