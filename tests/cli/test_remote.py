"""How commands find a running service, and what they say if there is none."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chatbot.cli.remote import _url
from chatbot.model.config_file import load
from chatbot.simulator.server import serve
from tests.cli.conftest import Chatbot
from tests.cli.office import Office, office
from tests.cli.programs import free_port, write

BOT = 'bots.maid = { server = "https://gws.invalid", username = "x", password = { env = "GONE" } }'


@pytest.mark.parametrize(
    ("admin", "url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("[::1]:9000", "http://[::1]:9000"),
        ("localhost:81", "http://localhost:81"),
    ],
)
def test_the_address_is_that_of_bots_toml(tmp_path: Path, admin: str, url: str) -> None:
    assert _url(load(write(tmp_path, f'service.admin = "{admin}"\n{BOT}'))) == url


def test_where_all_addresses_are_listened_to_this_machine_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "0123456789abcdef")
    token = 'service.admin_token = { env = "TOKEN" }'
    for admin, url in (("0.0.0.0:81", "http://127.0.0.1:81"), ("[::]:81", "http://[::1]:81")):
        assert _url(load(write(tmp_path, f'service.admin = "{admin}"\n{token}\n{BOT}'))) == url


def test_where_nobody_answers_that_is_said(chatbot: Chatbot, tmp_path: Path) -> None:
    config = write(tmp_path, f'service.admin = "127.0.0.1:{free_port()}"\n{BOT}')
    told = chatbot("status", "-c", config)
    assert told.exit_code == 1
    assert told.stderr.startswith("no service answers at http://127.0.0.1:")
    assert "is `chatbot run` at work" in told.stderr


def test_where_the_pages_are_off_that_is_said(chatbot: Chatbot, tmp_path: Path) -> None:
    told = chatbot("why", "c1", "1", "-c", write(tmp_path, f'service.admin = ""\n{BOT}'))
    assert (told.exit_code, told.stderr.splitlines()[0]) == (
        2,
        '[service] admin = "" turns the admin pages off',
    )


def test_what_is_no_address_is_refused(chatbot: Chatbot, tmp_path: Path) -> None:
    told = chatbot("status", "-c", write(tmp_path, BOT), "--admin", "nowhere")
    assert (told.exit_code, "'nowhere' is no address" in told.stderr) == (2, True)


async def _teapot(_: Request) -> Response:
    return PlainTextResponse("teapot", 418)


async def _login(_: Request) -> Response:
    return JSONResponse({"error": "no"}, 401)


@pytest.fixture
async def strangers(tmp_path: Path) -> AsyncIterator[Office]:
    routes = [Route("/api/status", _teapot), Route("/api/why", _login)]
    async with office(tmp_path) as at, serve(Starlette(routes=routes)) as url:
        yield Office(at.service, at.simulator, url, at.config)


async def test_somebody_else_at_that_address_is_no_service(strangers: Office) -> None:
    told = await strangers.asks("status")
    assert told.exit_code == 1
    assert "answered HTTP 418, which is no answer of a chatbot service" in told.output


async def test_a_token_that_is_refused_is_named(strangers: Office) -> None:
    told = await strangers.asks("why", "c1", "1")
    assert (told.exit_code, "[service] admin_token" in told.output) == (1, True)
