"""Payloads of the platform, as its reference prints them, and short ways to read them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatbot import Event
from chatbot.model.parse import parse

SAMPLES = Path(__file__).with_name("samples")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ABOUT: dict[str, Any] = {"bot": "concierge", "received_at": NOW}

TALK = ("SendMessage", "SendStartTypingNotification", "SendStopTypingNotification")
DATA = ("SetDisposition", "AttachUserData", "DeleteUserData", "UpdateUserData")
JOINED = ("Transfer", "Complete", "Leave", "InFocus", *TALK)
RUNNING = ("Transfer", "Leave", "Invite", "Consult", "SetInFocus", *DATA, "Complete", *TALK)


def sample(name: str) -> Any:
    """The JSON value of a file."""
    return json.loads((SAMPLES / f"{name}.json").read_text())


def all_samples() -> dict[str, Any]:
    """All files by their names."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(SAMPLES.glob("*.json"))}


def requests() -> dict[str, dict[str, Any]]:
    """The documented request bodies by their names, each with the path it goes to."""
    return {entry["name"]: entry for entry in sample("requests_all")}


def notification(name: str) -> Any:
    """What a notification carries, with or without the wrapper that its page prints."""
    value = sample(name)
    return value.get("data", value)


def parsed(data: object) -> list[Event]:
    """The events of a notification."""
    return parse(data, **ABOUT)
