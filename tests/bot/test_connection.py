import random
from pathlib import Path

import pytest

from chatbot.bot.connection import connect
from chatbot.bot.ports import NotificationSource
from chatbot.model.config import BotSettings, SecretSource
from chatbot.model.errors import ConfigError
from chatbot.wire.cometd import CometdSource
from tests.bot.stage import VirtualClock, settings


def build(chosen: BotSettings) -> tuple[NotificationSource, NotificationSource]:
    """Two sources of one connection; nothing is sent."""
    connection = connect("robo", chosen, clock=VirtualClock(), rng=random.Random(1))
    return connection.new_source(), connection.new_source()


def test_each_source_of_a_connection_is_a_new_one() -> None:
    one, other = build(settings())
    assert isinstance(one, CometdSource)
    assert one is not other


def test_the_other_client_is_taken_where_it_is_asked_for() -> None:
    source, _ = build(settings(cometd="aiocometd"))
    assert type(source).__name__ == "AiocometdSource"


def test_a_server_behind_tls_gets_the_systems_certificates() -> None:
    secure = settings().model_copy(update={"server": "https://gws.example.com"})
    assert isinstance(build(secure)[0], CometdSource)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_certificates_is_an_error_that_names_it(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    secure = settings().model_copy(update={"server": "https://gws.example.com", "ca_file": file})
    with pytest.raises(ConfigError, match=r"ca\.pem holds no certificates"):
        build(secure)


def test_a_password_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    nobody = settings().model_copy(update={"password": SecretSource(env="NOT_THERE")})
    with pytest.raises(ConfigError, match="NOT_THERE"):
        build(nobody)
