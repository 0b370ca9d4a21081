from pathlib import Path

from chatbot.hooks.checks import HOOKS
from tests.cli.conftest import Chatbot
from tests.cli.programs import write

BOTS = """
    defaults = { server = "https://gws.invalid", username = "x", password = { env = "GONE" } }
    bots.day.plugins = ["first", "second"]
    bots.night.plugins = ["second"]
"""
TEXT = "from chatbot import hookimpl\n@hookimpl\nasync def on_text(chat): ...\n"
LAST = TEXT.replace("@hookimpl", "@hookimpl(trylast=True)")


def test_it_shows_every_hook_and_who_is_asked_in_call_order(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("hooks", "-c", write(tmp_path, BOTS, first=LAST, second=TEXT))
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[:4] == [
        "on_text(bot, chat, event, settings)",
        "    The customer said something that all can see.",
        "    [day] second -> first",
        "    [night] second",
    ]
    assert [line.partition("(")[0] for line in lines if not line.startswith(" ")] == list(HOOKS)


def test_a_plugin_that_cannot_be_loaded_ends_with_code_2(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot(
        "hooks", "-c", write(tmp_path, BOTS, first=TEXT, second=TEXT.replace("(chat)", "(chta)"))
    )
    assert result.exit_code == 2
    assert "plugin 'second'" in result.stderr
    assert result.stdout == ""


def test_a_class_with_an_object_for_each_chat_is_asked_in_its_turn(chatbot: Chatbot, tmp_path: Path) -> None:
    own = """
        from chatbot import hookimpl

        class Own:
            per_chat = True

            def __init__(self):
                raise ValueError("there is no chat yet")

            @hookimpl(trylast=True)
            async def on_text(self, chat): ...
    """
    result = chatbot("hooks", "-c", write(tmp_path, BOTS, first=own, second=TEXT))
    assert (result.exit_code, result.stdout.splitlines()[2]) == (0, "    [day] second -> first")
