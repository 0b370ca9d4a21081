"""What commands share: pairs and addresses on the command line, and where a service is."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from chatbot.cli.options import Where, pairs, running, url

CONTEXT = click.Context(click.Command("x"))
PARAMETER = click.Option(["--data"])


def test_pairs_are_read_whatever_stands_behind_the_first_equals_sign() -> None:
    assert pairs(CONTEXT, PARAMETER, ("Order=1", "Note=a=b", "Empty=")) == {
        "Order": "1",
        "Note": "a=b",
        "Empty": "",
    }


@pytest.mark.parametrize("word", ["Order", "=1", ""])
def test_what_is_no_pair_is_refused(word: str) -> None:
    with pytest.raises(click.BadParameter, match="is not KEY=VALUE"):
        pairs(CONTEXT, PARAMETER, (word,))


def test_an_address_begins_with_its_scheme() -> None:
    assert url(CONTEXT, PARAMETER, "http://127.0.0.1:8090") == "http://127.0.0.1:8090"
    assert url(CONTEXT, PARAMETER, None) is None
    with pytest.raises(click.BadParameter, match="is no address"):
        url(CONTEXT, PARAMETER, "127.0.0.1:8090")


def test_a_service_is_found_by_its_file_or_by_its_address() -> None:
    found: list[Where] = []

    @click.command()
    @running
    def ask(where: Where) -> None:
        found.append(where)

    CliRunner().invoke(ask, ["-c", "x.toml"])
    CliRunner().invoke(ask, ["--admin", "https://bots.example.com"])
    assert found == [(Path("x.toml"), None), (Path("bots.toml"), "https://bots.example.com")]
