"""``chatbot run --admin``: the pages are elsewhere than bots.toml says, as in a container."""

import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Chatbot
from tests.cli.programs import write

BOT = """
    [bots.maid]
    server = "http://127.0.0.1:1"
    username = "maid"
    password = "x"
"""


@pytest.mark.parametrize("admin", ["8080", "nowhere", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_told_with_its_form(chatbot: Chatbot, tmp_path: Path, admin: str) -> None:
    result = chatbot("run", "--admin", admin, "-c", write(tmp_path, BOT))
    assert result.exit_code == 2
    [*_, told] = result.stderr.splitlines()
    what = 'expected "host:port", for example "127.0.0.1:8080", or "" for none.'
    assert told == f"Error: Invalid value for --admin: {admin!r}: {what}"


def test_it_counts_more_than_the_file(chatbot: Chatbot, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        admin = f"127.0.0.1:{taken.getsockname()[1]}"
        config = write(tmp_path, f'service.admin = ""\n{BOT}')
        result = chatbot("run", "--admin", admin, "-c", config)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"CB114  [service] admin = '{admin}' cannot be used: ")


def test_where_others_can_reach_it_the_token_is_a_credential(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    result = chatbot("run", "--admin", "0.0.0.0:0", "-c", write(tmp_path, BOT))
    assert result.exit_code == 2
    assert f"admin_token: the credential {tmp_path}/admin_token is missing or empty" in result.stderr
