"""The files that a new project is run with for good, as those read them who run it."""

import configparser
import json
import tomllib
from typing import Any

import yaml

from chatbot.cli.names import Names
from chatbot.model.config import Settings

NAMES = Names("concierge", "hours", "Concierge", "https://gws.example.com", "concierge")

Instructions = list[tuple[str, str]]


def settings_of(files: dict[str, str]) -> Settings:
    return Settings.model_validate(tomllib.loads(files["bots.toml"]))


def unit_text(files: dict[str, str]) -> str:
    (unit,) = [text for place, text in files.items() if place.endswith(".service")]
    return unit


def unit_of(files: dict[str, str]) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(delimiters=["="], strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit_text(files))
    return parser


def stages(files: dict[str, str]) -> list[Instructions]:
    """Each stage of the Dockerfile: its instructions, from FROM on."""
    text = files["Dockerfile"].replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found: list[Instructions] = [[]]
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def of(stage: Instructions, word: str) -> list[str]:
    """What stands behind this word."""
    return [rest for one, rest in stage if one == word]


def health_check(files: dict[str, str]) -> list[str]:
    (line,) = of(stages(files)[-1], "HEALTHCHECK")
    command: list[str] = json.loads(line.partition("CMD ")[2])
    return command


def compose_of(files: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(files["compose.yaml"])
    return found


def composed(files: dict[str, str]) -> dict[str, Any]:
    """The service of the compose file."""
    (service,) = compose_of(files)["services"].values()
    found: dict[str, Any] = service
    return found
