"""Findings in the forms that people and programs read."""

import json
from pathlib import Path

import pytest

from chatbot.cli.report import as_github, as_json, from_here
from chatbot.model.codes import Code
from chatbot.model.findings import Finding

BARE = Finding(Code.NOT_TOML, "is not TOML")
FULL = Finding(
    *(Code.UNKNOWN_KEY, "no key", "bots.toml", 3),
    expected="accepted here: text",
    closest="text",
    fix="rename it",
)


def test_json_has_null_for_what_is_not_known() -> None:
    bare, full = json.loads(as_json([BARE, FULL]))
    assert bare == {
        "code": "CB103",
        "message": "is not TOML",
        "file": None,
        "line": None,
        "expected": None,
        "closest": None,
        "fix": None,
        "severity": "error",
        "more": "chatbot explain CB103",
    }
    assert (full["line"], full["closest"]) == (3, "text")


def test_an_annotation_tells_all() -> None:
    hints = "no key%0Aaccepted here: text%0Aclosest: text%0Afix: rename it%0Amore: chatbot explain CB104"
    assert as_github(FULL) == f"::error file=bots.toml,line=3,title=CB104::{hints}"
    assert as_github(BARE) == "::error title=CB103::is not TOML%0Amore: chatbot explain CB103"


def test_an_annotation_is_escaped_as_workflows_ask_for() -> None:
    odd = Finding(Code.NOT_TOML, "50 %, or:\r\n::error::x", "C:\\a,b%.toml", severity="warning")
    first, _, rest = as_github(odd).partition("::")[2].partition("::")
    assert first == "warning file=C%3A\\a%2Cb%25.toml,title=CB103"
    assert rest == "50 %25, or:%0D%0A::error::x%0Amore: chatbot explain CB103"


def test_files_below_the_working_directory_are_named_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file, seen in ((tmp_path / "plugins/a.py", "plugins/a.py"), ("/etc/a.py", "/etc/a.py"), ("", "")):
        assert from_here(Finding(Code.NOT_TOML, "", str(file))).file == seen
