"""The stage of demo and dev: the simulator knows the bots, and the bots know only the simulator."""

from pathlib import Path

import pytest

from chatbot.cli.stage import HUMAN, in_shadow, invite, kept, on_stage, only, simulator_for
from chatbot.model.config_file import load
from chatbot.model.errors import ConfigError
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


def test_bots_that_come_later_are_let_in_and_those_that_have_gone_get_no_chats(tmp_path: Path) -> None:
    simulator = simulator_for(load(write(tmp_path, BOTS)))
    agents = simulator.world.agents
    porter = agents.get("porter")
    for name in ("porter", "owl"):
        agents.get(name).channels, agents.get(name).state = ("chat",), "Ready"
    later = BOTS.replace('"owl"', '"bat"').replace('"Porter"', '"Doorman"').replace('"Sales"', '"Claims"')
    invite(simulator, load(write(tmp_path, later)))
    assert agents.get("porter") is porter
    assert (porter.nickname, porter.is_ready, agents.get("owl").is_ready) == ("Doorman", True, False)
    *bots, human = agents
    assert [agent.username for agent in bots] == ["porter", "owl", "bat"]
    assert human.queues == ("default", "Billing", "Claims", "Support")


def test_chats_are_kept_for_the_next_process(tmp_path: Path) -> None:
    settings = kept(load(write(tmp_path, BOTS)), "/tmp/journal", 0.5)
    assert (settings.service.journal, settings.service.drain_timeout) == ("/tmp/journal", 0.5)
    assert {bot.on_stop for bot in settings.bots.values()} == {"keep"}


def test_in_shadow_only_the_server_is_another(tmp_path: Path) -> None:
    settings = load(write(tmp_path, BOTS))
    shadow = in_shadow(settings, "https://real.invalid/api/v2/").bots["day"]
    assert (shadow.server, shadow.mode) == ("https://real.invalid", "shadow")
    same = {"server": shadow.server, "mode": "shadow"}
    assert shadow == settings.bots["day"].model_copy(update=same)
    staged = on_stage(in_shadow(settings, "https://real.invalid"), "http://127.0.0.1:1")
    assert staged.bots["day"].mode == "live"  # nobody is harmed there
    with pytest.raises(
        ConfigError, match=r"^CB110  --server  'gws': server is no address\n +expected an address such as "
    ):
        in_shadow(settings, "gws")


def test_one_bot_can_be_picked(tmp_path: Path) -> None:
    settings = load(write(tmp_path, BOTS))
    assert [*only(settings, "day").bots] == ["day"]
    assert only(settings, None) is settings
    with pytest.raises(ConfigError, match=r"^CB112  --bot  .+\n +the bots: day, night +closest: day\n"):
        only(settings, "dya")
    with pytest.raises(ConfigError, match=r": day, night\n"):
        only(settings, "xyz")
