from chatbot.hooks.loader import load_plugin
from chatbot.model.config_file import load
from tests.hooks.stage import manager
from tests.plugins.stage import PLUGINS


def test_the_working_example_loads_with_its_plugins() -> None:
    settings = load(PLUGINS.parent / "bots.toml")
    for bot in settings.bots.values():
        plugins = [
            load_plugin(name, folders=settings.plugin_dirs, table=bot.plugin.get(name, {}))
            for name in bot.plugins
        ]
        first, *_ = manager(*plugins).hooks("on_text")
        assert first.plugin == "faq"
    assert settings.plugin_dirs == (PLUGINS,)
    assert {script.bot for script in settings.demo} <= set(settings.bots)
