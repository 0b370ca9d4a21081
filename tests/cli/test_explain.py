"""``chatbot explain``: what a code means."""

import pytest

from chatbot.model.codes import Code, explanation
from tests.cli.conftest import Chatbot


@pytest.mark.parametrize("word", ["CB104", "cb104", " Cb104 "])
def test_a_code_is_explained(chatbot: Chatbot, word: str) -> None:
    result = chatbot("explain", word)
    text = explanation(Code.UNKNOWN_KEY)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"CB104  {text}\n"
    assert all(part in result.stdout for part in (text.means, text.cause, text.fix))


def test_several_codes_are_explained_one_after_the_other(chatbot: Chatbot) -> None:
    told = chatbot("explain", "CB203", "cb104").stdout
    assert told.index("CB203  ") < told.index("CB104  ")
    assert chatbot("explain", "CB104", "CB1044").exit_code == 2


def test_without_a_code_all_are_listed(chatbot: Chatbot) -> None:
    lines = chatbot("explain").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == list(Code)


def test_an_unknown_code_is_told_with_the_nearest(chatbot: Chatbot) -> None:
    result = chatbot("explain", "CB1044")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "there is no code 'CB1044'        closest: CB104\nchatbot explain lists them all\n"
    )


def test_what_is_like_no_code_steers_no_terminal(chatbot: Chatbot) -> None:
    result = chatbot("explain", "\x1b[31m")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (2, r"there is no code '\x1b[31M'")
