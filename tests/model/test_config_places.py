"""Codes and lines of what is wrong with bots.toml, and what can be used of it all the same."""

from pathlib import Path

import pytest

from chatbot.model.config_file import load, read
from tests.model.test_config_file import LEAST, write


def places(folder: Path, text: str) -> list[tuple[str, int | None]]:
    return [(str(finding.code), finding.line) for finding in read(write(folder, text))[1]]


def test_every_finding_has_its_code_and_its_line(tmp_path: Path) -> None:
    text = """extra = 1
[defaults]
hook_timeout = "x"
[bots.a]
server = "https://gws.example.com"
plugins = [
  "hours",
  "hours",
]
cometd = "htpx"
[bots.a.fallback]
target = "1"
queue = "2"
[bots.b]
server = "gws"
username = "b"
password = { evn = "X" }
plugin.faq.x = 1
[[demo]]
bot = "c"
"""
    assert places(tmp_path, text) == [
        ("CB104", 1),
        ("CB106", 3),
        ("CB105", 4),
        ("CB105", 4),
        ("CB108", 8),
        ("CB106", 10),
        ("CB109", 11),
        ("CB110", 15),
        ("CB104", 17),
        ("CB107", 18),
        ("CB112", 20),
    ]


def test_lines_are_right_with_the_ends_of_other_systems(tmp_path: Path) -> None:
    assert places(tmp_path, (LEAST + "hok = 1").replace("\n", "\r\n")) == [("CB104", 6)]


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = \n", 2), ("a = 1\nb = [", 2), ("\n\na = 'x", 3)])
def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    assert places(tmp_path, text) == [("CB103", line)]


def test_what_is_right_can_be_used_beside_what_is_wrong(tmp_path: Path) -> None:
    settings, findings = read(write(tmp_path, LEAST.replace("username", "usrname") + "plugins = ['a']"))
    assert settings is not None
    assert settings.bots["a"].plugins == ("a",)
    assert [finding.code for finding in findings] == ["CB105", "CB104"]


def test_settings_know_where_they_were_read(tmp_path: Path) -> None:
    assert load(write(tmp_path, LEAST)).lines.at(("bots", "a", "username")) == 4


@pytest.mark.parametrize("text", ["", "bots = 3", "bots = {}"])
def test_a_file_without_bots_cannot_be_used(tmp_path: Path, text: str) -> None:
    settings, findings = read(write(tmp_path, text))
    assert settings is None
    assert len(findings) == 1


def test_whose_settings_they_are_is_not_judged_while_the_list_is_wrong(tmp_path: Path) -> None:
    text = LEAST + "plugins = ['hours', 'hours']\nplugin.hours.text = 'x'\n"
    assert places(tmp_path, text) == [("CB108", 6)]
