"""Mistakes in bots.toml and in plugins, each with the code that ``chatbot check`` gives it."""

from chatbot.model.codes import Code

SERVER = 'server = "https://gws.invalid"\nusername = "maid"\n'
PASSWORD = 'password = { env = "MAID_PASSWORD" }\n'
BOT = f'plugin_dirs = ["plugins"]\n[bots.maid]\n{SERVER}{PASSWORD}'
ECHO = BOT + 'plugins = ["echo"]\n'
HOOK = "from chatbot import hookimpl\n@hookimpl\n"
CLASS = "from chatbot import hookimpl\nclass A:\n    per_chat = True\n    @hookimpl\n"
MODEL = "from pydantic import BaseModel, model_validator\nclass Settings(BaseModel):\n"

FILES: dict[Code, str | bytes] = {
    Code.FILE_UNREADABLE: b"\xff\xfe",
    Code.NOT_TOML: "[bots",
    Code.UNKNOWN_KEY: BOT + "nicknam = 'x'\n",
    Code.MISSING_KEY: f"[bots.maid]\n{SERVER}",
    Code.WRONG_VALUE: BOT + 'hook_timeout = "10"\n',
    Code.UNLISTED_PLUGIN: BOT + "[bots.maid.plugin.hours]\n",
    Code.LISTED_TWICE: BOT + 'plugins = ["echo", "echo"]\n',
    Code.NOT_EXACTLY_ONE: BOT + '[bots.maid.fallback]\nqueue = "a"\ntarget = "b"\n',
    Code.NO_ADDRESS: BOT.replace("https://", ""),
    Code.PLAIN_HTTP: BOT.replace("https", "http"),
    Code.UNKNOWN_BOT: BOT + '[[demo]]\nbot = "mad"\n',
    Code.OPEN_ADMIN: BOT + '[service]\nadmin = "0.0.0.0:8080"\n',
    Code.GUESSABLE_ADMIN: BOT + '[service]\nadmin_token = { env = "MAID_PASSWORD" }\n',
    Code.NO_CREDENTIALS: BOT.replace("MAID_PASSWORD", "NOWHERE_TO_BE_FOUND"),
    Code.INLINE_CREDENTIALS: f'[bots.maid]\n{SERVER}password = "x"\n',
    Code.SHARED_LOGIN: BOT + f"[bots.twin]\n{SERVER}{PASSWORD}",
    Code.NO_PLUGIN_DIR: BOT.replace("plugins", "plgins"),
    Code.PLUGIN_NOT_FOUND: BOT + 'plugins = ["ecko"]\n',
    Code.REPORTS_PLACE: BOT + '[service]\nsession_reports = "gone/reports"\n',
    Code.JOURNAL_PLACE: BOT + '[service]\njournal = "gone/journal"\n',
}
"""What stands in bots.toml."""

PLUGINS: dict[Code, tuple[str, str]] = {
    Code.PLUGIN_SYNTAX: (ECHO, "def on_text(:\n"),
    Code.UNKNOWN_HOOK: (ECHO, HOOK + "async def on_txet(): ...\n"),
    Code.PLUGIN_IMPORT: (ECHO, "import nowhere_at_all\n"),
    Code.UNKNOWN_ARGUMENT: (ECHO, HOOK + "async def on_text(caht): ...\n"),
    Code.UNMARKED_HOOK: (ECHO, "async def on_text(): ...\n"),
    Code.NEARLY_A_HOOK: (ECHO, "async def on_txet(): ...\n"),
    Code.HOOK_WRAPPER: (ECHO, HOOK[:-1] + "(wrapper=True)\ndef on_text(): yield\n"),
    Code.HOOK_GENERATOR: (ECHO, HOOK + "async def on_text():\n    yield 'one'\n"),
    Code.HOOK_WITHOUT_CHAT: (ECHO, CLASS + "    async def on_bot_started(self): ...\n"),
    Code.PER_CHAT_WITHOUT_CLASS: (ECHO, "per_chat = True\n" + HOOK + "async def on_text(): ...\n"),
    Code.SEVERAL_CLASSES: (ECHO, CLASS + "    async def on_text(self): ...\nclass B(A): ...\n"),
    Code.CANNOT_BUILD: (
        ECHO,
        CLASS + "    async def on_text(self): ...\n    def __init__(self, settings, more): ...\n",
    ),
    Code.SETTINGS_FAILED: (
        ECHO,
        MODEL + "    @model_validator(mode='after')\n    def fails(self): raise KeyError('oops')\n",
    ),
    Code.SETTINGS_WITHOUT_MODEL: (ECHO, HOOK + "async def on_text(settings): ...\n"),
    Code.TAKES_NO_SETTINGS: (ECHO + "plugin.echo.text = 'x'\n", HOOK + "async def on_text(): ...\n"),
    Code.NO_HOOKS: (ECHO, "x = 1\n"),
}
"""bots.toml, and its plugin."""
