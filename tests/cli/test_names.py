"""Which names a new project may have."""

import re
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatbot.cli.names import address, credential_name, plugin_name, project_name, words


@pytest.mark.parametrize("name", ["hours", "opening_hours2", "match", "öffnungszeiten", "contest_rules"])
def test_a_plugin_is_called_as_a_module_may_be(name: str) -> None:
    assert plugin_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "2hours", "opening-hours", "a.b", "a/b", "../x", "a b", "x\n", "a" * 65]
)
def test_what_is_no_name_of_a_module_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a module\n  fix: choose a word of letters"):
        plugin_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("class", "is a word of Python's own"),
        ("None", "is a word of Python's own"),
        ("json", "would hide the module of that name"),
        ("pydantic", "would hide the module of that name"),
        ("chatbot", "would hide the module of that name"),
        ("Chatbot", "would hide the module of that name"),
        ("ｊｓｏｎ", "would hide the module of that name"),  # noqa: RUF001 (Python reads it as json)
        ("test_hours", "would be taken for something else"),
        ("conftest", "would be taken for something else"),
        ("__init__", "would be taken for something else"),
    ],
)
def test_a_plugin_hides_nothing(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{name!r} {reason}")):
        plugin_name(name)


def test_a_plugin_hides_no_plugin_that_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "hours_pack-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hours-pack\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[chatbot]\nhours = hours_pack\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    with pytest.raises(ValueError, match="would hide"):
        plugin_name("hours")


def test_what_lies_in_the_current_folder_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hours.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert plugin_name("hours") == "hours"


@pytest.mark.parametrize("name", ["concierge", 'a "b" \\ c', "Jürgen", "x\ny"])
def test_a_bot_is_called_anything(name: str) -> None:
    assert words(name) == name


@pytest.mark.parametrize("name", ["", "  ", "\n", "a\ud800"])
def test_what_is_no_text_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="\n  fix: give a name"):
        words(name)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://gws.example.com", "https://gws.example.com"),
        ("https://gws.example.com:8443/api/v2", "https://gws.example.com:8443"),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_a_server_is_kept_as_bots_toml_keeps_it(value: str, kept: str) -> None:
    assert address(value) == kept


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("gws.example.com", "expected an address such as"),
        ("ftp://gws.example.com", "expected an address such as"),
        ("https://me@gws.example.com", "an address without user"),
        ("http://gws.example.com", "would get the password without encryption: use https"),
        ("https://a\nb", "is no address"),
        ("https://a b", "is no address"),
        ("", "expected an address such as"),
    ],
)
def test_what_bots_toml_refuses_is_refused_at_once(value: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        address(value)
    assert "allow_plain_http" not in str(refused.value)


@pytest.mark.parametrize(
    ("folder", "project"),
    [
        ("hello", "bots-hello"),
        ("My Chätbot!", "bots-my-chatbot"),
        ("chatbot", "bots-chatbot"),
        ("bots-hello", "bots-hello"),
        ("2026", "bots-2026"),
        ("客服", "bots"),
        ("", "bots"),
    ],
)
def test_a_project_is_called_after_its_folder(folder: str, project: str) -> None:
    assert project_name(folder) == project


@settings(max_examples=50, deadline=None)
@example("x" * 300)
@given(st.text())
def test_a_project_s_name_fits_everywhere(folder: str) -> None:
    assert re.fullmatch(r"bots(-[a-z0-9]+)*", project_name(folder))
    assert len(project_name(folder)) <= 31


@pytest.mark.parametrize(
    ("bot", "name"),
    [
        ("concierge", "concierge_password"),
        ("night-porter 2", "night_porter_2_password"),
        ("Jürgen", "jurgen_password"),
        ("2nd", "bot_password"),
        ("客服", "bot_password"),
    ],
)
def test_a_password_s_file_is_called_after_its_bot(bot: str, name: str) -> None:
    assert credential_name(bot) == name
