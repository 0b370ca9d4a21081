import pathlib
import re

import pytest

import chatbot.simulator
from tests.simulator.stage import new_simulator, visitor_of

STATIC = pathlib.Path(chatbot.simulator.__file__).parent / "static"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/customer", "text/html"),
        ("/static/customer.css", "text/css"),
        ("/static/customer.js", "text/javascript"),
    ],
)
async def test_the_page_and_its_parts_are_served_under_a_strict_policy(path: str, kind: str) -> None:
    async with visitor_of(new_simulator()) as visitor:
        response = await visitor.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(kind)
    policy = response.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


async def test_other_files_are_not_served() -> None:
    async with visitor_of(new_simulator()) as visitor:
        assert (await visitor.get("/static/customer.html")).status_code == 404


def test_the_page_has_no_inline_code_and_every_field_a_label() -> None:
    html = (STATIC / "customer.html").read_text()
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|<style|\sstyle=", html)
    fields = set(re.findall(r'<(?:input|select) id="([^"]+)"', html))
    assert fields == set(re.findall(r'<label for="([^"]+)"', html))


def test_what_others_say_is_never_set_as_markup() -> None:
    script = (STATIC / "customer.js").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


def test_every_element_the_script_uses_exists() -> None:
    script, html = (STATIC / "customer.js").read_text(), (STATIC / "customer.html").read_text()
    used = set(re.findall(r'\bpage(?:\.(\w+)|\["([\w-]+)"\])', script))
    names = {dotted or bracketed for dotted, bracketed in used}
    assert names <= set(re.findall(r'\bid="([^"]+)"', html))


def test_the_page_tells_that_the_server_is_away_and_that_it_has_forgotten_the_chat() -> None:
    script, html = (STATIC / "customer.js").read_text(), (STATIC / "customer.html").read_text()
    assert "The server cannot be reached. Trying again …" in script
    assert "The server was started again and does not know this chat any more." in script
    assert "Start a new chat" in html
