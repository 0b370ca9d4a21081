"""The login form, as a browser uses it."""

import logging
from http.cookies import SimpleCookie

import httpx
import pytest

from chatbot.console.access import COOKIE, SECURE_COOKIE
from chatbot.service.supervisor import Service
from tests.console.desk import TOKEN, desk, form_token, send
from tests.service.house import bot_at, world


@pytest.fixture
def service() -> Service:
    return Service([bot_at("http://127.0.0.1:1", "day")], world=world(), drain_timeout=1)


async def log_in(
    http: httpx.AsyncClient, token: str = TOKEN, page: str = "/login", **headers: str
) -> httpx.Response:
    text = (await http.get(page)).text
    fields = {
        "form_token": form_token(text),
        "token": token,
        "next": text.partition('name="next" value="')[2].partition('"')[0],
    }
    return await http.post("/login", data=fields, headers=headers)


async def test_the_token_opens_all_pages_until_logout(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with desk(service, TOKEN, "http://admin.test") as http:
        answer = await log_in(http, page="/login?next=/bots/day")
        assert (answer.status_code, answer.headers["location"]) == (303, "/bots/day")
        cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["max-age"], cookie["secure"]) == (
            True,
            "strict",
            "28800",
            "",
        )
        assert (await http.get("/bots/day")).status_code == 200
        assert (await http.get("/login")).headers["location"] == "/"
        assert (await send(http, "/", to="/logout")).url.path == "/login"
        assert (await http.get("/bots/day")).status_code == 303
    assert "console: login from 127.0.0.1" in caplog.messages
    assert TOKEN not in caplog.text


async def test_a_cookie_that_was_logged_out_is_worth_nothing(service: Service) -> None:
    async with desk(service, TOKEN, "http://admin.test") as http:
        await log_in(http)
        stolen = dict(http.cookies)
        await send(http, "/", to="/logout")
        http.cookies.update(stolen)
        assert (await http.get("/")).status_code == 303


async def test_a_wrong_token_is_told_and_logged_without_it(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(service, TOKEN, "http://admin.test") as http:
        answer = await log_in(http, "canary-not-the-token")
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
        assert "This is not the token." in answer.text
    assert "canary" not in answer.text + caplog.text
    assert "console: login with a wrong token from 127.0.0.1" in caplog.messages


async def test_over_https_the_cookie_is_for_https_only(service: Service) -> None:
    async with desk(service, TOKEN, "http://admin.test") as http:
        answer = await log_in(http, **{"x-forwarded-proto": "https"})
        cookie = SimpleCookie(answer.headers["set-cookie"])[SECURE_COOKIE]
        assert (cookie["secure"], cookie["path"]) == (True, "/")


@pytest.mark.parametrize(
    "page", ["//evil.test", "https://evil.test", "/bots/a/../..", "/bots/<b>", "/logout", "\\evil"]
)
async def test_a_login_leads_to_no_place_of_others(service: Service, page: str) -> None:
    async with desk(service, TOKEN, "http://admin.test") as http:
        answer = await log_in(http, page="/login?" + str(httpx.QueryParams({"next": page})))
        assert answer.headers["location"] == "/"


async def test_where_no_token_is_needed_there_is_no_login(service: Service) -> None:
    async with desk(service) as http:
        assert (await http.get("/login")).headers["location"] == "/"
