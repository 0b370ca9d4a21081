import pytest

from tests.simulator.stage import agent_of, new_simulator, visitor_of

CSRF_TEXT = "Missing or invalid Csrf token"


async def test_a_read_tells_the_token_and_sets_the_cookie_once() -> None:
    simulator = new_simulator(cookie_path="/api")
    async with agent_of(simulator) as agent:
        first = await agent.login()
        assert first.headers["x-csrf-header"] == "X-CSRF-TOKEN"
        cookie = first.headers["set-cookie"]
        assert cookie.startswith("JSESSIONID=")
        assert "HttpOnly" in cookie
        assert "Path=/api" in cookie
        assert "SameSite" not in cookie
        assert "Secure" not in cookie
        second = await agent.get("/me")
        assert "set-cookie" not in second.headers
        assert second.headers["x-csrf-token"] == first.headers["x-csrf-token"]


async def test_the_cookie_may_be_secure_even_over_plain_http() -> None:
    async with agent_of(new_simulator(cookie_secure=True)) as agent:
        assert "Secure" in (await agent.login()).headers["set-cookie"]


async def test_the_name_of_the_header_is_an_option() -> None:
    async with agent_of(new_simulator(csrf_header="X-Odd")) as agent:
        assert (await agent.login()).headers["x-csrf-header"] == "X-Odd"
        assert agent.headers.keys() == {"X-Odd"}
        answer = await agent.post("/me", "StartContactCenterSession", channels=["chat"])
        assert answer.json() == {"statusCode": 0}


async def test_without_protection_nothing_is_told() -> None:
    async with agent_of(new_simulator(csrf=False)) as agent:
        assert "x-csrf-token" not in (await agent.login()).headers


async def test_a_write_without_the_token_is_403_with_the_documented_text() -> None:
    async with agent_of(new_simulator()) as agent:
        await agent.login()
        agent.headers = {}
        response = await agent.post("/me", "Ready")
        assert (response.status_code, response.text) == (403, CSRF_TEXT)
        assert (await agent.batch({"channel": "/meta/handshake"})).status_code == 403


@pytest.mark.parametrize(("form", "status"), [("401", 401), ("20", 200)])
async def test_a_refused_password(form: str, status: int) -> None:
    simulator = new_simulator(refused_login=form)
    simulator.world.add_agent("bot", password="right")
    async with agent_of(simulator, password="wrong") as agent:
        response = await agent.login()
        assert response.status_code == status
        if form == "20":
            assert response.json()["statusCode"] == 20
        else:
            assert response.headers["www-authenticate"].startswith("Basic")


async def test_no_credentials_are_refused_too() -> None:
    async with visitor_of(new_simulator()) as visitor:
        assert (await visitor.get("/api/v2/me")).status_code == 401


@pytest.mark.parametrize(
    ("form", "status", "text"),
    [("403", 403, CSRF_TEXT), ("401", 401, "Unauthorized"), ("20", 200, '"statusCode":20')],
)
async def test_a_lost_session(form: str, status: int, text: str) -> None:
    simulator = new_simulator(lost_session=form)
    async with agent_of(simulator) as agent:
        await agent.start()
        simulator.end_http_sessions("bot")
        response = await agent.post("/me", "Ready")
        assert response.status_code == status
        assert text in response.text
        await agent.login()
        assert (await agent.post("/me", "Ready")).json() == {"statusCode": 0}
