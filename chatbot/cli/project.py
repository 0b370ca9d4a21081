"""The files of a new project, rendered from the templates beside this module and written all or none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from chatbot.cli.names import Names, credential_name, project_name

__all__ = ["in_the_way", "rendered", "write"]

# The template of each file. A name in angle brackets is replaced.
_FILES = {
    "bots.toml": "bots.toml",
    "plugins/<plugin>.py": "plugin.py",
    "tests/test_<plugin>.py": "test_plugin.py",
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "Dockerfile": "Dockerfile",
    ".dockerignore": "dockerignore",
    "compose.yaml": "compose.yaml",
    "<project>.service": "unit.service",
    ".gitignore": "gitignore",
    "data/.gitignore": "data.gitignore",
}
# What hooks may take at the end, and what whoever stops the process must wait.
_DRAIN_S, _PATIENCE_S = 30, 65
_ESCAPES = {"\x7f": "\\u007f", "\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def rendered(folder: str, names: Names) -> dict[str, str]:
    """The text of each file of the project, by its place in it.

    Args:
        folder: The name of the project's folder.
        names: What stands in its files.
    """
    environment = Environment(
        loader=PackageLoader("chatbot.cli", "template"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=select_autoescape(),  # none of them is HTML: values are quoted by the filter
    )
    environment.filters |= {"quoted": quoted, "key": key, "inner": lambda text: text.strip()[1:-1]}
    project = project_name(folder)
    values = {
        **asdict(names),
        "project": project,
        "credential": credential_name(names.bot),
        "drain": _DRAIN_S,
        "patience": _PATIENCE_S,
        "version": version("chatbot").partition("+")[0],
    }
    return {
        place.replace("<plugin>", names.plugin).replace("<project>", project): environment.get_template(
            f"{template}.jinja"
        ).render(values)
        for place, template in _FILES.items()
    }


def quoted(value: str) -> str:
    """The value as a string of TOML that is one of Python as well."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[\x7f\x85\u2028\u2029]", lambda found: _ESCAPES[found[0]], text)


def key(value: str) -> str:
    """The value as a key of TOML, bare where that is allowed."""
    return value if re.fullmatch(r"[A-Za-z0-9_-]+", value) else quoted(value)


def in_the_way(folder: Path) -> list[str]:
    """What is in the folder and must not be; a repository and virtual environments may stay."""
    if not folder.exists():
        return []
    return sorted(place.name for place in folder.iterdir() if not _may_stay(place))


def _may_stay(place: Path) -> bool:
    return place.name == ".git" or (place / "pyvenv.cfg").is_file()


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files, and the folders that they need.

    Nothing is overwritten, and after an error nothing is left.

    Raises:
        OSError: One of them cannot be written, or is there already.
    """
    with ExitStack() as undo:
        for place, text in files.items():
            path = folder / place
            _make(path.parent, undo)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                undo.callback(path.unlink)
                file.write(text)
        undo.pop_all()


def _make(folder: Path, undo: ExitStack) -> None:
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir()
        undo.callback(place.rmdir)
