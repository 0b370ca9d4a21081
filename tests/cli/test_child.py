"""What a process of bots says of its files; how it works is seen in test_process and test_reload."""

import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

import chatbot
from chatbot.cli.child import _sources_in, sources
from chatbot.model.codes import Code
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding


def a_module(monkeypatch: pytest.MonkeyPatch, name: str, file: object) -> None:
    module = ModuleType(name)
    module.__file__ = file  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, name, module)


def test_the_files_of_a_project_are_its_own_modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = tmp_path / "venv" / "lib"
    monkeypatch.setattr("chatbot.cli.child._LIBRARIES", (str(library),))
    own = [tmp_path / "plugins" / "echo.py", tmp_path / "lib" / "words.py"]
    for file in (*own, library / "foreign.py", Path("/elsewhere/x.py"), "relative.py", None):
        a_module(monkeypatch, f"test_child_{file}", str(file) if file else None)
    assert sources(tmp_path) == sorted(map(str, own))


def test_neither_the_framework_nor_what_is_installed_is_of_the_project() -> None:
    root = Path(chatbot.__file__).parents[1]
    found = {Path(file).relative_to(root).parts[0] for file in sources(root)}
    assert found.isdisjoint({"chatbot", Path(sysconfig.get_path("purelib")).name, ".venv"})


def test_a_finding_names_the_module_that_cannot_be_imported(tmp_path: Path) -> None:
    folder = tmp_path / "my (odd) files: here"
    folder.mkdir()
    for name in ("words.py", "echo.py"):
        (folder / name).write_text("")
    places = (folder / "words.py", folder / "echo.py", folder / "gone.py", "/usr/lib/x.py", "")
    error = ConfigError(*(Finding(Code.PLUGIN_IMPORT, "no", str(place), 3) for place in places))
    assert _sources_in(error, folder) == {f"{folder}/words.py", f"{folder}/echo.py"}
