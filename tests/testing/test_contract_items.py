"""Which files hold a contract."""

from pathlib import Path
from typing import Any

import pytest

from chatbot.testing.contract import CHECKS
from chatbot.testing.contract_items import contract_of

PLUGIN = "from chatbot import hookimpl\n\n@hookimpl\nasync def on_text(event): ...\n"


@pytest.mark.parametrize(
    ("name", "text", "is_plugin"),
    [
        ("mine.py", PLUGIN, True),
        ("mine.py", "VALUE = 1\n", False),
        ("test_mine.py", PLUGIN, False),
        ("conftest.py", PLUGIN, False),
        ("_mine.py", PLUGIN, False),
        ("__init__.py", PLUGIN, True),
        ("mine.txt", PLUGIN, False),
    ],
)
def test_files_with_hooks_do(
    tmp_path: Path, request: pytest.FixtureRequest, name: str, text: str, *, is_plugin: bool
) -> None:
    path = tmp_path / name
    path.write_text(text)
    found: Any = contract_of(path, request.session)
    assert (found is not None) is is_plugin
    if found is not None:
        assert [item.name for item in found.collect()] == [check.name for check in CHECKS]


@pytest.mark.parametrize(("init", "found"), [("from .hooks import on_text\n", "mine"), ("", "hooks")])
def test_a_package_is_one_plugin_and_a_folder_with_an_empty_init_has_many(
    tmp_path: Path, request: pytest.FixtureRequest, init: str, found: str
) -> None:
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").write_text(init)
    (package / "hooks.py").write_text(PLUGIN)
    contracts: Any = [contract_of(path, request.session) for path in sorted(package.iterdir())]
    assert [next(iter(it.collect()))._subject.name for it in contracts if it is not None] == [found]
