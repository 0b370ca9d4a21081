from chatbot.simulator.faults import Match
from chatbot.simulator.named_faults import NAMED_FAULTS
from tests.simulator.stage import agent_of, new_simulator, visitor_of

BASE = "/simulator"


async def test_humans_are_added_and_moved_and_the_state_shows_it() -> None:
    simulator = new_simulator()
    chat_id = simulator.world.request_chat("Ana", "Bill")
    async with visitor_of(simulator) as driver:
        eva = {"username": "eva", "nickname": "Eva", "queues": ["people"]}
        ok = {"statusCode": 0}
        assert (await driver.post(f"{BASE}/humans", json=eva)).json() == ok
        path = f"{BASE}/chats/{chat_id}"
        assert (await driver.post(f"{path}/join", json=eva)).json() == ok
        assert (await driver.post(f"{path}/say", json=eva | {"text": "hello"})).json() == ok
        hidden = eva | {"text": "psst", "visibility": "Agents"}
        assert (await driver.post(f"{path}/say", json=hidden)).json() == ok
        assert (await driver.post(f"{path}/leave", json=eva)).json() == ok
        state = (await driver.get(f"{BASE}/state")).json()
    [chat] = state["chats"]
    texts = [(line["text"], line["visibility"]) for line in chat["transcript"] if line["type"] == "Text"]
    assert texts == [("hello", "All"), ("psst", "Agents")]
    assert (chat["customerId"], chat["agents"], chat["isOver"]) == (chat_id, {"eva": "LeftChat"}, True)
    shown = [(agent["username"], agent["nickname"], agent["human"]) for agent in state["agents"]]
    assert shown == [("eva", "Eva", True)]


async def test_queues_are_listed_for_the_page() -> None:
    simulator = new_simulator()
    simulator.world.add_agent("eva", human=True, queues=("sales", "bills"))
    async with visitor_of(simulator) as driver:
        assert (await driver.get(f"{BASE}/queues")).json() == {"queues": ["bills", "sales"]}


async def test_connections_are_broken_on_demand() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent, visitor_of(simulator) as driver:
        await agent.start()
        await driver.post(f"{BASE}/drop-clients", json={"username": "other"})
        assert (await agent.connect(hold=False))[-1]["successful"] is True
        await driver.post(f"{BASE}/drop-clients")
        assert (await agent.connect(hold=False))[-1]["error"] == "402::Unknown client"
        await driver.post(f"{BASE}/end-sessions", json={"username": "bot"})
        assert (await agent.post("/me", "Ready")).status_code == 403


async def test_refusals_are_told() -> None:
    async with visitor_of(new_simulator()) as driver:
        assert (await driver.post(f"{BASE}/humans", json={})).json()["statusCode"] == 1
        answer = await driver.post(f"{BASE}/chats/nowhere/join", json={"username": "eva"})
        assert answer.json()["statusCode"] == 6


async def test_faults_are_listed_added_and_taken_back() -> None:
    simulator = new_simulator()
    async with visitor_of(simulator) as driver:
        listed = (await driver.get(f"{BASE}/faults")).json()
        assert (list(listed["faults"]), listed["rules"]) == (list(NAMED_FAULTS), 0)
        told = {"name": "503", "on": "SendMessage", "times": 3, "agent": "bot"}
        assert (await driver.post(f"{BASE}/faults", json=told)).json() == {"statusCode": 0}
        match = Match(path="/api/v2/me", operation="SendMessage", agent="bot")
        assert [(fault.match, fault.times) for fault in simulator.faults] == [(match, 3)]
        assert (await driver.get(f"{BASE}/faults")).json()["rules"] == 1
        assert (await driver.delete(f"{BASE}/faults")).json() == {"statusCode": 0}
        assert simulator.faults == []


async def test_faults_that_cannot_be_are_refused() -> None:
    simulator = new_simulator()
    async with visitor_of(simulator) as driver:
        for told, complaint in (
            ({}, "Parameter name is missing"),
            ({"name": "502"}, "no fault is called '502'\n  closest: 50"),
            ({"name": "503", "time": 3}, "no fault takes 'time'\n  closest: times"),
        ):
            answer = (await driver.post(f"{BASE}/faults", json=told)).json()
            assert answer["statusMessage"].startswith(complaint)
    assert simulator.faults == []


async def test_customers_and_humans_do_what_the_customer_chat_api_cannot() -> None:
    simulator = new_simulator()
    simulator.world.add_agent("eva", nickname="Eva", human=True, auto_answer="hello")
    chat_id = simulator.world.request_chat("Ana")
    async with visitor_of(simulator) as driver:
        path = f"{BASE}/chats/{chat_id}"
        for step, given in (
            ("type", {"username": "eva"}),
            ("type", {"username": "eva", "stops": True}),
            ("push-url", {"url": "https://a.example"}),
            ("rename", {"nickname": "Anna"}),
            ("user-data", {"userData": {"Order": "7"}}),
        ):
            assert (await driver.post(f"{path}/{step}", json=given)).json() == {"statusCode": 0}
        [chat] = (await driver.get(f"{BASE}/state")).json()["chats"]
    assert chat["userData"] == {"Order": "7"}
    assert [(line["type"], line["from"]["nickname"]) for line in chat["transcript"]][3:] == [
        ("TypingStarted", "Eva"),
        ("TypingStopped", "Eva"),
        ("PushUrl", "Ana"),
        ("NicknameUpdated", "Anna"),
    ]
