"""The contract as pytest sees it: each file with a plugin holds one test for each check."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterable, Iterator
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from chatbot.model.errors import ChatbotError
from chatbot.testing.contract import CHECKS, Check
from chatbot.testing.project import Project
from chatbot.testing.report import TalkError
from chatbot.testing.subject import Subject

__all__ = ["contract_of"]

_NO_PLUGINS = ("test_", "conftest", "_")
_PACKAGE = "__init__.py"


def contract_of(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The checks for this file; None if it is no plugin."""
    if path.suffix != ".py" or _is_in_package(path):
        return None
    if path.name == _PACKAGE:
        parts = list(path.parent.rglob("*.py")) if _text(path) else []
    else:
        parts = [] if path.stem.startswith(_NO_PLUGINS) else [path]
    if not any("hookimpl" in _text(part) for part in parts):
        return None
    contract: Contract = Contract.from_parent(parent, path=path, name=f"{path.name}[contract]")
    return contract


def _is_in_package(path: Path) -> bool:
    """Whether it is a part of a plugin. A folder with an empty ``__init__.py`` is just one of many."""
    folder = path.parents[1] if path.name == _PACKAGE else path.parent
    return (folder / _PACKAGE).is_file() and bool(_text(folder / _PACKAGE))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()


class Contract(pytest.File):
    """The checks for one plugin."""

    def collect(self) -> Iterable[pytest.Item]:
        """One test for each check."""
        subject = Subject(self.path, Project.around(self.path, self.config.rootpath))
        return self._items(subject)

    def _items(self, subject: Subject) -> Iterator[pytest.Item]:
        for check in CHECKS:
            yield ContractItem.from_parent(self, name=check.name, check=check, subject=subject)


class ContractItem(pytest.Item):
    """One check for one plugin.

    Args:
        check: What is checked.
        subject: For which plugin.
        about: What pytest wants to know.
    """

    def __init__(self, *, check: Check, subject: Subject, **about: Any) -> None:
        super().__init__(**about)
        self._check = check
        self._subject = subject

    def runtest(self) -> None:
        """Check it, in an event loop and a working folder of its own."""
        if self._check is not CHECKS[0] and (trouble := _trouble_with(self._subject)):
            pytest.skip(f"it does not load: {trouble}")
        with TemporaryDirectory(prefix="chatbot-") as folder, chdir(folder):
            asyncio.run(self._check.run(self._subject))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is wrong with the plugin, without our own stack."""
        error = excinfo.value
        if not isinstance(error, TalkError | ChatbotError):
            return super().repr_failure(excinfo, style)
        told = f"plugin {self._subject.name!r} must be one that {self._check.owes}: it\n{error}"
        cause = error.__cause__
        return f"{told}\n\n{_trace_of(cause, self._subject)}" if cause is not None else told

    def reportinfo(self) -> tuple[Path, int, str]:
        """File and name."""
        return self.path, 0, f"{self._subject.name}: {self._check.owes}"


def _trouble_with(subject: Subject) -> str:
    try:
        subject.load(subject.table())
    except ChatbotError as error:
        return str(error).partition("\n")[0]
    return ""


def _trace_of(error: BaseException, subject: Subject) -> str:
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(str(subject.place))
    ]
    return "".join([*traceback.format_list(frames), *traceback.format_exception_only(error)])
