from pathlib import Path

from tests.cli.conftest import Chatbot
from tests.cli.programs import write

BOTS = """
    defaults = { server = "https://gws.invalid", username = "x", password = { env = "GONE" } }
    bots.day.plugins = ["zeal", "idle"]
    bots.night.plugins = ["zeal"]
"""
ZEAL = """
    from chatbot import hookimpl

    class Zeal:
        @hookimpl
        def on_idle(self): ...

        @hookimpl
        def on_text(self): ...
"""


def test_it_shows_each_bot_s_plugins_in_call_order_with_their_hooks(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("plugins", "-c", write(tmp_path, BOTS, zeal=ZEAL, idle=""))
    zeal, idle = tmp_path / "plugins/zeal.py", tmp_path / "plugins/idle.py"
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "day",
        "  zeal  on_text, on_idle",
        f"    {zeal}",
        "  idle  no hooks",
        f"    {idle}",
        "night",
        "  zeal  on_text, on_idle",
        f"    {zeal}",
    ]


def test_a_plugin_that_cannot_be_loaded_ends_with_code_2(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("plugins", "-c", write(tmp_path, BOTS, zeal=ZEAL))
    assert result.exit_code == 2
    assert "plugin 'idle' was not found in " in result.stderr
    assert "Traceback" not in result.stderr


def test_it_tells_of_which_plugins_each_chat_has_its_own_object(chatbot: Chatbot, tmp_path: Path) -> None:
    own = ZEAL.replace("class Zeal:\n", "class Zeal:\n        per_chat = True\n\n")
    result = chatbot("plugins", "-c", write(tmp_path, BOTS, zeal=own, idle=""))
    assert result.exit_code == 0
    assert "  zeal  on_text, on_idle  (one for each chat)" in result.stdout.splitlines()
