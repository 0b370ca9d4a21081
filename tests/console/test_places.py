"""Addresses of pages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.console.places import MOST_NAME, bot_at, chat_at, named, own_page, part, plugin_at


@given(st.text(min_size=1, max_size=60))
def test_every_name_has_one_address_that_holds_nothing_special(name: str) -> None:
    place = part(name)
    assert re.fullmatch(r"[A-Za-z0-9_.~-]+", place)
    assert place.strip(".")
    assert named(place) == name


@given(st.text(max_size=60))
def test_what_is_no_address_leads_nowhere(place: str) -> None:
    name = named(place)
    assert name is None or part(name) == place


@pytest.mark.parametrize(
    "place", ["", ".", "..", "~", "~2", "~zz", "~61", "~2e", "a%2Fb", "a/b", "~FF", "x" * 2_000]
)
def test_odd_addresses_lead_nowhere(place: str) -> None:
    assert named(place) is None


def test_a_name_that_is_too_long_has_no_page() -> None:
    assert named(part("x" * MOST_NAME)) == "x" * MOST_NAME
    assert named(part("x" * (MOST_NAME + 1))) is None


def test_where_things_are() -> None:
    assert bot_at("a/b") == "/bots/a~2Fb"
    assert plugin_at("a", "..") == "/bots/a/plugins/~2E~2E"
    assert chat_at("a", "1") == "/bots/a/chats/1"


@pytest.mark.parametrize("path", ["/", "/errors", "/bots/a", "/bots/a/chats/b"])
def test_pages_of_our_own(path: str) -> None:
    assert own_page(path) == path


@pytest.mark.parametrize("path", ["", "//x", "/bots/a/drain", "/logout", "https://x", "/bots/a\n", "/bots/é"])
def test_all_else_leads_to_the_first_page(path: str) -> None:
    assert own_page(path) == "/"
