"""The manuals of the plugins: their examples are loaded as they stand."""

import ast
import re
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tests.plugins.stage import PLUGINS, load

NAMES = sorted(path.stem for path in PLUGINS.glob("*.py"))
DOCS = (PLUGINS.parent / "docs" / "reference" / "plugins.md").read_text()


def table(toml: str, name: str) -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads(toml)["bots"]["NAME"]["plugin"][name]
    return settings


def manual(name: str) -> str:
    """The settings in the docstring."""
    text = ast.get_docstring(ast.parse((PLUGINS / f"{name}.py").read_text())) or ""
    found = re.search(r"^Settings::\n\n((?: {4}.*\n|\n)+)", f"{text}\n", re.MULTILINE)
    assert found, "no Settings:: in the docstring"
    return textwrap.dedent(found[1])


def section(name: str) -> str:
    """The part of the document about a plugin."""
    found = re.search(rf"^## `{name}`\n(.*?)(?=^## |\Z)", DOCS, re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference/plugins.md has no section {name}"
    return found[1]


def keys(settings: BaseModel) -> set[str]:
    """All keys of a table; those of its inner tables stand in them."""
    return set(type(settings).model_fields)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_in_the_manual_is_loaded_as_it_stands(name: str) -> None:
    settings = load(name, **table(manual(name), name)).settings
    assert settings is not None
    assert settings.model_config["extra"] == "forbid"


@pytest.mark.parametrize("name", NAMES)
def test_the_example_in_the_document_is_loaded_as_it_stands(name: str) -> None:
    [toml] = re.findall(r"```toml\n(.*?)```", section(name), re.DOTALL)
    load(name, **table(toml, name))


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_described_in_both(name: str) -> None:
    settings = load(name, **table(manual(name), name)).settings
    assert settings is not None
    for text in (manual(name), section(name)):
        assert keys(settings) <= set(re.findall(r"\w+", text))


@pytest.mark.parametrize("name", NAMES)
def test_every_plugin_has_its_own_test_file(name: str) -> None:
    assert Path(__file__).with_name(f"test_{name}.py").is_file()
