"""Where the admin pages are, and who may see them."""

import pytest
from pydantic import SecretStr, ValidationError

from chatbot.model.config import ServiceSettings
from chatbot.model.config_admin import LEAST_TOKEN, admin_address, is_loopback, read_token
from chatbot.model.errors import ConfigError
from chatbot.model.secret import SecretSource


@pytest.mark.parametrize(
    ("admin", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_the_admin_address_is_a_host_and_a_port(admin: str, address: tuple[str, int]) -> None:
    assert admin_address(ServiceSettings(admin=admin).admin) == address


def test_the_admin_pages_can_be_turned_off() -> None:
    assert ServiceSettings(admin="").admin == ""


@pytest.mark.parametrize(
    "admin", ["8080", ":8080", "host:", "host:port", "host:65536", "host:-1", "host:٣", "host:" + "9" * 5000]
)
def test_an_admin_address_without_host_or_port_is_refused(admin: str) -> None:
    with pytest.raises(ValidationError, match="expected"):
        ServiceSettings(admin=admin)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LocalHost", "localhost."]
)
def test_names_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "10.0.0.1", "localhost.evil.test", "127.0.0.1.evil.test"]
)
def test_names_of_others(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("admin", ["0.0.0.0:8080", "[::]:8080", "10.1.2.3:80", "gws.example.com:80"])
def test_an_address_that_others_can_reach_needs_a_token(admin: str) -> None:
    with pytest.raises(ValidationError, match="needs an admin_token: set admin_token"):
        ServiceSettings(admin=admin)
    assert ServiceSettings.model_validate({"admin": admin, "admin_token": {"env": "T"}}).admin == admin


@pytest.mark.parametrize("token", ["x" * (LEAST_TOKEN - 1), "ä" * LEAST_TOKEN, "with blanks in all of it"])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused(token: str) -> None:
    with pytest.raises(ConfigError, match=r"^CB118 ") as caught:
        read_token(SecretSource(plain=SecretStr(token)))
    assert token not in str(caught.value)


def test_a_token_of_enough_characters_is_taken() -> None:
    assert read_token(SecretSource(plain=SecretStr("x" * LEAST_TOKEN))) == "x" * LEAST_TOKEN
    assert read_token(None) == ""
