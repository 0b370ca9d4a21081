"""What the README tells a newcomer to type works."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from chatbot.model.config import Settings

README = Path(__file__).parents[2] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


async def test_the_plugin_and_its_test_pass_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin, test = blocks("python")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "hours.py").write_text(plugin)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(test, "README.md", "exec"), names)
    await names["test_hours"]()


def test_the_configuration_is_valid() -> None:
    (text,) = blocks("toml")
    assert list(Settings.model_validate(tomllib.loads(text)).bots) == ["concierge"]
