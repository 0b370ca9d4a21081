"""What comes in, and what goes out with every answer."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from chatbot.console.admin import create_admin
from chatbot.console.gate import HEADERS, MOST_BODY
from chatbot.service.supervisor import Service
from chatbot.simulator.server import serve
from tests.console.desk import TOKEN, desk, form_token
from tests.service.house import bot_at, world

PAGES = [
    "/",
    "/errors",
    "/bots/day",
    "/bots/day/drain",
    "/login",
    "/metrics",
    "/api/status",
    "/events",
    "/nowhere",
]
BEARER = {"authorization": f"Bearer {TOKEN}"}
ACCEPT_ALL = {"accept": "*/*"}


@pytest.fixture
def service() -> Service:
    return Service([bot_at("http://127.0.0.1:1", "day")], world=world(), drain_timeout=1)


@pytest.fixture
async def closed(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with desk(service, TOKEN, "http://admin.test") as http:
        yield http


@pytest.fixture
async def opened(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with desk(service) as http:
        yield http


@pytest.mark.parametrize("page", [page for page in PAGES if page not in {"/login", "/events"}])
async def test_with_a_token_nothing_is_shown_without_it(closed: httpx.AsyncClient, page: str) -> None:
    answer = await closed.get(page, headers=ACCEPT_ALL)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    shown = await closed.get(page, headers=BEARER)
    assert shown.status_code == (404 if page == "/nowhere" else 200)


async def test_a_wrong_token_takes_its_time_and_is_refused_and_logged(
    closed: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await closed.get("/", headers={"authorization": "Bearer wrong"})
    assert answer.status_code == 401
    assert caplog.messages == ["console: a wrong token from 127.0.0.1"]


async def test_many_wrong_tokens_at_once_are_not_even_looked_at(service: Service) -> None:
    async with serve(create_admin(service, TOKEN)) as url, httpx.AsyncClient(trust_env=False) as http:
        wrong = {"authorization": "Bearer wrong"}
        answers = await asyncio.gather(*(http.get(url, headers=wrong) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 3
        assert (await http.get(f"{url}/metrics", headers=BEARER)).status_code == 200


async def test_a_browser_is_sent_to_the_login(closed: httpx.AsyncClient) -> None:
    answer = await closed.get("/bots/day")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/bots/day")


async def test_strangers_hear_only_whether_it_is_ready(closed: httpx.AsyncClient) -> None:
    assert (await closed.get("/healthz")).status_code == 200
    told = await closed.get("/readyz")
    assert (told.status_code, told.json()) == (503, {"ready": False})
    assert "bots" in (await closed.get("/readyz", headers=BEARER)).json()


@pytest.mark.parametrize("page", PAGES)
async def test_another_name_of_this_machine_is_refused(service: Service, page: str) -> None:
    async with desk(service, url="http://evil.test:8080") as http:
        answer = await http.get(page)
        if page == "/login":
            assert answer.status_code == 303
        else:
            assert answer.status_code == 403
            assert "admin_token" in answer.text
        assert (await http.get("/readyz")).json() == {"ready": False}


@pytest.mark.parametrize("page", [page for page in PAGES if page != "/events"])
async def test_every_answer_carries_the_headers(opened: httpx.AsyncClient, page: str) -> None:
    headers = (await opened.get(page)).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in headers["content-security-policy"]


async def test_nothing_inline_is_on_any_page(opened: httpx.AsyncClient) -> None:
    for page in PAGES[:4]:
        text = (await opened.get(page)).text
        assert not any(word in text for word in ("<style", " style=", " onclick=", "javascript:"))
        assert text.count("<script") == text.count('<script type="module" src="/static/')


async def test_static_files_may_be_kept_and_have_no_other_names(opened: httpx.AsyncClient) -> None:
    page = (await opened.get("/")).text
    style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = await opened.get(style)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    for name in ("console.css", "../console.css", "%2e%2e/gate.py", "..%2fgate.py", "", "console.css%00"):
        assert (await opened.get(f"/static/{name}")).status_code == 404


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_pages_of_others_may_link_here_and_no_more(opened: httpx.AsyncClient, site: str) -> None:
    link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
    assert (await opened.get("/", headers=link)).status_code == 200
    for headers in ({**link, "sec-fetch-mode": "no-cors"}, {**link, "sec-fetch-mode": "cors"}):
        assert (await opened.get("/events", headers=headers)).status_code == 403
    assert (await opened.post("/bots/day/drain", headers=link)).status_code == 403


async def test_a_form_of_somebody_else_is_refused(opened: httpx.AsyncClient, service: Service) -> None:
    token = form_token((await opened.get("/bots/day/drain")).text)
    for fields in ({}, {"form_token": "x"}, {"form_token": token[:-1]}, {"form_token": "\ud800"}):
        answer = await opened.post(
            "/bots/day/resume", content="&".join(f"{k}={v!a}" for k, v in fields.items()), headers=FORM
        )
        assert answer.status_code == 403
    answer = await opened.post(
        "/bots/day/resume", data={"form_token": token}, headers={"origin": "http://evil.test"}
    )
    assert answer.status_code == 403
    assert (await opened.post("/bots/day/resume", data={"form_token": token})).status_code == 303


FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "", "application/json"])
async def test_a_form_comes_as_a_form(opened: httpx.AsyncClient, kind: str) -> None:
    answer = await opened.post("/bots/day/resume", content="x", headers={"content-type": kind})
    assert answer.status_code == 415


async def test_programs_send_json_and_no_page_of_others_can(opened: httpx.AsyncClient) -> None:
    wish = {"do": "resume", "bot": "day"}
    assert (await opened.post("/api/wishes", json=wish)).status_code == 200
    assert (await opened.post("/api/wishes", data=wish)).status_code == 415
    foreign = {"origin": "http://evil.test"}
    assert (await opened.post("/api/wishes", json=wish, headers=foreign)).status_code == 403


async def test_too_large_a_body_is_refused(opened: httpx.AsyncClient) -> None:
    taken: list[int] = []

    async def parts() -> AsyncIterator[bytes]:
        for number in range(99):
            taken.append(number)
            yield b"x" * (MOST_BODY // 2)

    for content in (b"x" * (MOST_BODY + 1), parts()):
        answer = await opened.post("/bots/day/resume", content=content, headers=FORM)
        assert answer.status_code == 413
    assert len(taken) < 9
    told = {**FORM, "content-length": "9" * 5_000}
    assert (await opened.post("/bots/day/resume", content=b"x", headers=told)).status_code == 413


async def test_a_body_that_does_not_come_is_not_waited_for(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.console.gate._BODY_WITHIN_S", 0.01)
    async with serve(create_admin(service)) as url:
        host = url.removeprefix("http://")
        reader, writer = await asyncio.open_connection(*host.split(":"))
        kind = FORM["content-type"]
        writer.write(f"POST /logout HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n".encode())
        writer.write(b"Content-Length: 99\r\n\r\nform_token=")
        assert (await reader.readline()).split()[1] == b"408"
        writer.close()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_no_other_method_is_known(opened: httpx.AsyncClient, method: str) -> None:
    for page in PAGES[:-1]:
        assert (await opened.request(method, page)).status_code == 405


async def test_a_stream_of_changes_is_no_answer_to_head(opened: httpx.AsyncClient) -> None:
    assert (await opened.head("/events")).status_code == 200
