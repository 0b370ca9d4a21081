"""The stage of demo and dev: the simulator knows the bots, and the bots know only the simulator."""

from pathlib import Path

from chatbot.cli.stage import HUMAN, on_stage, simulator_for
from chatbot.model.config_file import load
from tests.cli.programs import CANARY, write

BOTS = f"""
    [bots.day]
    server = "https://gws.invalid/prefix"
    username = "porter"
    nickname = "Porter"
    password = "{CANARY}"
    ca_file = "own.pem"
    proxy = "http://proxy.invalid"
    notifications_path = "/odd"
    hook_timeout = 3
    plugins = ["desk"]
    plugin.desk.queue = "Support"
    plugin.desk.more = [{{ queue = "Sales", text = "x" }}]
    plugin.desk.in = {{ queue = "Billing" }}
    [bots.night]
    server = "https://gws.invalid"
    username = "owl"
    password = {{ env = "GONE" }}
"""


def test_the_bots_are_agents_of_the_simulator_with_any_password(tmp_path: Path) -> None:
    agents = simulator_for(load(write(tmp_path, BOTS))).world.agents
    assert [(agent.username, agent.nickname) for agent in agents if not agent.human] == [
        ("porter", "Porter"),
        ("owl", None),
    ]
    assert agents.login("porter", "any") is not None
    assert agents.login("stranger", "any") is None


def test_a_human_answers_every_queue_that_settings_name(tmp_path: Path) -> None:
    agents = simulator_for(load(write(tmp_path, BOTS))).world.agents
    [human] = [agent for agent in agents if agent.human]
    assert human.nickname == HUMAN
    assert human.queues == ("default", "Billing", "Sales", "Support")
    assert human.auto_answer == "Hello, this is Helena. How can I help you?"


def test_on_stage_the_real_server_and_password_are_out_of_reach(tmp_path: Path) -> None:
    settings = load(write(tmp_path, BOTS))
    day, night = on_stage(settings, "http://127.0.0.1:1").bots.values()
    for bot in (day, night):
        assert bot.server == "http://127.0.0.1:1"
        assert bot.password.read() == "stage"
        assert (bot.ca_file, bot.proxy, bot.notifications_path) == (None, None, "/api/v2/notifications")
    assert day.hook_timeout == 3
    assert settings.bots["day"].password.read() == CANARY


def test_on_stage_nothing_is_kept(tmp_path: Path) -> None:
    settings = load(write(tmp_path, BOTS))
    assert on_stage(settings, "http://127.0.0.1:1").service.journal == ":memory:"
    assert settings.service.journal == str(tmp_path / "chatbot.sqlite3")
