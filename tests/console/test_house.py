"""What all pages share."""

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from chatbot.console.house import open_house, who
from chatbot.console.notes import Note
from chatbot.service.supervisor import Service
from tests.service.house import bot_at, world


def request(bot: str = "day", query: str = "", client: tuple[str, int] | None = ("10.0.0.1", 1)) -> Request:
    path = {"bot": bot}
    return Request(
        {"type": "http", "headers": [], "path_params": path, "query_string": query.encode(), "client": client}
    )


def test_the_bot_of_an_address_and_the_note_of_a_form() -> None:
    house = open_house(Service([bot_at("http://127.0.0.1:1", "day")], world=world(), drain_timeout=1))
    assert house.bot(request()).name == "day"
    for other in ("night", "~zz"):
        with pytest.raises(HTTPException):
            house.bot(request(other))
    answer = house.go("/bots/day", Note("done"))
    assert answer.status_code == 303
    assert house.note(request(query=answer.headers["location"].partition("?")[2])) == Note("done")


def test_who_asks() -> None:
    assert who(request()) == "10.0.0.1"
    assert who(request(client=None)) == "an unknown address"
