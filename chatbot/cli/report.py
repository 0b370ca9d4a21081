"""Findings for people, for programs, and as annotations of a pull request."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from chatbot.model.findings import Finding

__all__ = ["as_github", "as_json", "as_text", "from_here"]


def from_here(finding: Finding) -> Finding:
    """The same with its file as seen from the working directory, if it is below that."""
    file = Path(finding.file)
    if not finding.file or not file.is_absolute() or not file.is_relative_to(Path.cwd()):
        return finding
    return replace(finding, file=os.path.relpath(file))


def as_text(findings: Iterable[Finding]) -> str:
    """A few lines for each."""
    return "\n".join(str(from_here(finding)) for finding in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """One list of objects; what is not known is null."""
    return json.dumps([_fields(finding) for finding in findings], indent=2)


def _fields(finding: Finding) -> dict[str, object]:
    fields = {key: value if value != "" else None for key, value in asdict(finding).items()}
    return {**fields, "more": f"chatbot explain {finding.code}"}


def as_github(finding: Finding) -> str:
    """A workflow command that puts the finding beside its line.

    In the message ``%`` and ends of lines are escaped, in properties ``:`` and ``,`` too.
    """
    place = {"file": finding.file, "line": finding.line, "title": finding.code}
    given = ",".join(f"{key}={_property(str(value))}" for key, value in place.items() if value)
    hints = (finding.expected, finding.hint("closest"), finding.hint("fix"))
    lines = (finding.message, *hints, f"more: chatbot explain {finding.code}")
    message = "\n".join(line for line in lines if line)
    return f"::{finding.severity} {given}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
