from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from chatbot.model.config import BotSettings, DemoChat, DemoLine, SecretSource, ServiceSettings, Settings
from chatbot.model.config_file import load
from chatbot.model.config_kinds import keys
from chatbot.model.errors import ConfigError
from tests.told import told

CANARY = "canary-7c1f"
ADDRESS = 'expected an address such as "https://gws.example.com" or "https://gws.example.com:8090"'
LEAST = """
[bots.a]
server = "https://gws.example.com"
username = "bot"
password = "secret"
"""
EVERYTHING = """
plugin_dirs = ["plugins", "/opt/plugins"]

[service]
journal = "data/journal.sqlite3"
admin = ""
admin_token = { file = "secrets/admin" }
session_reports = "reports.jsonl"
shadow_reports = "shadow.jsonl"
shadow_texts = true
drain_timeout = 5

[defaults]
server = "https://gws.example.com"
password = { file = "secrets/bot" }
hook_timeout = 3
plugins = ["greeter"]

[bots.day]
username = "day"
nickname = "Day"
mode = "shadow"
category = "Dialog"
function = "Advisor"
plugins = ["greeter", "faq"]
auto_accept = false
hook_timeout = 2.5
cometd = "aiocometd"
listen_to_agents = true
max_chats = 3
on_stop = "keep"
on_agent_joined = "observe"
on_agent_left = "stay_muted"
on_customer_left = "stay"
reply_timeout = 20
idle_after = 60
request_timeout = 4
settle_time = 0
stuck_after = 90
place = "Place1"
login_code = "4711"
channels = ["chat", "email"]
notifications_path = "/notifications"
ca_file = "ca.pem"
proxy = "http://proxy:3128"
allow_plain_http = true
tag_messages = true

[bots.day.plugin.greeter]
text = "Hello"

[bots.night]
username = "night"
password = { env = "NIGHT_PASSWORD" }

[[demo]]
bot = "day"
customer = "Ana"
subject = "Hours"
user_data = { Priority = 1 }
lines = [{ say = "hi", expect = "Hello", sender = "Day" }]
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "bots.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def wrong(folder: Path, text: str | bytes) -> list[str]:
    """The lines of the error, without the name of the file."""
    path = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert {finding.file for finding in caught.value.findings} == {str(path)}
    return told(caught.value).splitlines()


def bot(**keys: Any) -> BotSettings:
    return BotSettings.model_validate({"server": "https://gws.example.com", **keys})


def test_every_key_is_read_and_defaults_are_filled_in(tmp_path: Path) -> None:
    secret = SecretSource(file=tmp_path / "secrets/bot")
    day = bot(
        username="day",
        password=secret,
        nickname="Day",
        mode="shadow",
        category="Dialog",
        function="Advisor",
        plugins=("greeter", "faq"),
        auto_accept=False,
        hook_timeout=2.5,
        cometd="aiocometd",
        listen_to_agents=True,
        max_chats=3,
        on_stop="keep",
        on_agent_joined="observe",
        on_agent_left="stay_muted",
        on_customer_left="stay",
        reply_timeout=20.0,
        idle_after=60.0,
        request_timeout=4.0,
        settle_time=0.0,
        stuck_after=90.0,
        place="Place1",
        login_code="4711",
        channels=("chat", "email"),
        notifications_path="/notifications",
        ca_file=tmp_path / "ca.pem",
        proxy="http://proxy:3128",
        allow_plain_http=True,
        tag_messages=True,
        plugin={"greeter": {"text": "Hello"}},
    )
    night = bot(
        username="night", password=SecretSource(env="NIGHT_PASSWORD"), hook_timeout=3.0, plugins=("greeter",)
    )
    assert load(write(tmp_path, EVERYTHING)) == Settings(
        plugin_dirs=(tmp_path / "plugins", Path("/opt/plugins")),
        service=ServiceSettings(
            journal=str(tmp_path / "data/journal.sqlite3"),
            admin="",
            admin_token=SecretSource(file=tmp_path / "secrets/admin"),
            session_reports=str(tmp_path / "reports.jsonl"),
            shadow_reports=str(tmp_path / "shadow.jsonl"),
            shadow_texts=True,
            drain_timeout=5.0,
        ),
        bots={"day": day, "night": night},
        demo=(
            DemoChat(
                bot="day",
                customer="Ana",
                subject="Hours",
                user_data={"Priority": 1},
                lines=(DemoLine(say="hi", expect="Hello", sender="Day"),),
            ),
        ),
    )


def test_the_example_names_every_key_of_a_bot() -> None:
    example = EVERYTHING.partition("[bots.night]")[0]
    missing = {key for key in (*keys(BotSettings), *keys(ServiceSettings)) if f"{key} = " not in example}
    assert missing == {"breaker", "fallback", "guards", "handoff", "plugin", "retention"}  # four are tables


def test_the_least_file_is_enough(tmp_path: Path) -> None:
    assert load(write(tmp_path, LEAST)) == Settings(
        service=ServiceSettings(journal=str(tmp_path / "chatbot.sqlite3")),
        bots={"a": bot(username="bot", password=SecretSource(plain=SecretStr("secret")))},
    )


def test_a_journal_in_memory_stays_there(tmp_path: Path) -> None:
    found = load(write(tmp_path, LEAST + '[service]\njournal = ":memory:"\n'))
    assert found.service.journal == ":memory:"


def test_relative_paths_are_relative_to_the_file_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    write(tmp_path / "etc", EVERYTHING)
    monkeypatch.chdir(tmp_path)
    found = load(Path("etc/bots.toml"))
    assert found.plugin_dirs == (tmp_path / "etc/plugins", Path("/opt/plugins"))
    assert found.bots["day"].password.file == tmp_path / "etc/secrets/bot"
    assert found.bots["day"].ca_file == tmp_path / "etc/ca.pem"
    assert found.service.journal == str(tmp_path / "etc/data/journal.sqlite3")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "bots.toml")
    assert str(caught.value).startswith(f"CB101  {tmp_path}/bots.toml  does not exist\n")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"CB102  {tmp_path}  cannot be read: Is a directory\n")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xfe", "is not UTF-8 text (byte 0)"),
        ("[bots.a\n", "is not TOML: Expected ']' at the end of a table declaration (column 8)"),
        ("a = 1\na = 2\n", "is not TOML: Cannot overwrite a value (column 6)"),
        ("x" * 1_000_001, "is larger than 1000000 bytes: not a bots.toml"),
        ("a = " + "[" * 50_000, "is not TOML: maximum recursion depth exceeded"),
    ],
    ids=["not UTF-8", "broken", "twice", "too large", "too deep"],
)
def test_a_file_that_is_no_toml_is_refused_in_one_line(
    tmp_path: Path, content: str | bytes, expected: str
) -> None:
    line, *_ = wrong(tmp_path, content)
    assert line.startswith(expected)


def test_an_absurd_number_is_refused_in_one_line(tmp_path: Path) -> None:
    (line,) = wrong(tmp_path, "a = " + "9" * 5000)
    assert line.startswith("is not TOML: Exceeds the limit")


def test_a_broken_line_with_a_secret_is_not_shown(tmp_path: Path) -> None:
    assert CANARY not in "\n".join(wrong(tmp_path, f'[bots.a]\npassword = "{CANARY}\n'))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "plugin_dir = []" + LEAST,
            [
                "there is no key 'plugin_dir' at the top of the file",
                "  fix: rename plugin_dir to plugin_dirs",
            ],
        ),
        (
            "[default]\n" + LEAST,
            ["there is no key 'default' at the top of the file", "  fix: rename default to defaults"],
        ),
        (LEAST + "[service]\nadmn = ''", ["[service] has no key 'admn'", "  fix: rename admn to admin"]),
        (
            LEAST + "hok_timeout = 1",
            ["[bots.a] has no key 'hok_timeout'", "  fix: rename hok_timeout to hook_timeout"],
        ),
        (
            LEAST.replace('"secret"', '{ evn = "X" }'),
            ["[bots.a.password] has no key 'evn'", "  fix: rename evn to env"],
        ),
        (
            LEAST + "[[demo]]\nbot = 'a'\ncustmer = ''",
            ["[[demo]] has no key 'custmer'", "  fix: rename custmer to customer"],
        ),
        (
            LEAST + "[[demo]]\nbot = 'a'\nlines = [{ sya = '' }]",
            ["[[demo.lines]] has no key 'sya'", "  fix: rename sya to say"],
        ),
        (
            "[defaults]\nhok_timeout = 1\n" + LEAST + LEAST.replace("bots.a", "bots.b"),
            ["[defaults] has no key 'hok_timeout'", "  fix: rename hok_timeout to hook_timeout"],
        ),
        (
            LEAST + "[service]\nqqq = 1",
            ["[service] has no key 'qqq'", "  fix: remove qqq"],
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_one(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert wrong(tmp_path, text) == expected


@pytest.mark.parametrize("name", ["demo", "service", "lines", "password", "defaults", "plugin", "bots"])
def test_a_bot_may_be_called_like_a_table(tmp_path: Path, name: str) -> None:
    assert wrong(tmp_path, LEAST.replace("bots.a", f"bots.{name}") + "plugns = []") == [
        f"[bots.{name}] has no key 'plugns'",
        "  fix: rename plugns to plugins",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "needs the key 'bots': at least one table [bots.NAME]"),
        ("[bots]", "bots: expected at least 1 item, found 0"),
        ("bots = 3", "bots: expected a table"),
        ("bots = { a = 3 }", "[bots] a: expected a table"),
        ("defaults = 3" + LEAST, "defaults is no table expected a table [defaults]"),
        ("service = 3" + LEAST, "service: expected a table"),
        ("plugin_dirs = 'x'" + LEAST, "plugin_dirs: expected a list"),
        (LEAST.replace('username = "bot"', ""), "[bots.a] needs the key 'username'"),
        (LEAST.replace('"bot"', "5"), "[bots.a] username: expected a valid string"),
        (LEAST.replace('"bot"', '""'), "[bots.a] username: expected at least 1 character"),
        (LEAST + "cometd = 'curl'", "[bots.a] cometd: expected 'httpx' or 'aiocometd'"),
        (LEAST + "hook_timeout = 'x'", "[bots.a] hook_timeout: expected a valid number"),
        (LEAST + "notifications_path = 'x'", "[bots.a] notifications_path: expected pattern '^/[!-~]*$'"),
        (LEAST + "plugins = ['a', 'a']", "[bots.a] plugins lists 'a' twice"),
        (LEAST + "plugin = []", "[bots.a] plugin: expected a table"),
        (LEAST + "[bots.a.plugin]\nx = 1", "[bots.a.plugin] x: expected a table"),
        (LEAST + "[bots.a.plugin.x]", "[bots.a] plugin.x has settings, but 'x' is not in plugins"),
        (
            LEAST.replace('"secret"', "5"),
            "[bots.a] password is neither a string nor a table",
        ),
        (
            LEAST.replace("example.com", "example.com:port"),
            f"[bots.a] server is no address {ADDRESS}",
        ),
        (
            LEAST.replace("https", "http"),
            "[bots.a] http://gws.example.com would get the password without encryption",
        ),
        (
            LEAST + "[service]\nadmin = '8080'",
            '[service] admin: expected "host:port", for example "127.0.0.1:8080", or "" for none',
        ),
        ("[defaults]\nhook_timeout = 'x'" + LEAST, "[defaults] hook_timeout: expected a valid number"),
        (
            "[defaults]\nhook_timeout = 'x'" + LEAST + LEAST.replace("bots.a", "bots.b"),
            "[defaults] hook_timeout: expected a valid number",
        ),
        (LEAST + "[[demo]]\nbot = 'b'", "[[demo]] names the bot 'b', which is not in [bots]"),
        (LEAST + "[[demo]]\nlines = []", "[[demo]] needs the key 'bot'"),
        (LEAST + "[[demo]]\nbot = 'a'\nlines = [3]", "[demo.lines] item 1: expected a table"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, expected: str) -> None:
    line, *fix = wrong(tmp_path, text)
    assert line == expected
    assert len(fix) <= 1


def test_a_mistake_of_one_bot_is_not_blamed_on_the_defaults(tmp_path: Path) -> None:
    text = "[defaults]\nhook_timeout = 1\nmax_chats = -1\n" + LEAST + "hook_timeout = 'x'"
    assert wrong(tmp_path, text) == [
        "[defaults] max_chats: expected greater than or equal to 0",
        "[bots.a] hook_timeout: expected a valid number",
    ]


def test_what_neither_a_bot_nor_the_defaults_hold_is_asked_of_the_bot(tmp_path: Path) -> None:
    text = LEAST.replace('server = "https://gws.example.com"', "")
    assert wrong(tmp_path, "[defaults]\nhook_timeout = 1\n" + text) == [
        "[bots.a] needs the key 'server'",
        "  fix: add server = ...",
    ]


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    assert wrong(tmp_path, "extra = 1\n[service]\nadmin = 5\n[bots.a]\nserver = 'x'\n") == [
        "there is no key 'extra' at the top of the file",
        "  fix: remove extra",
        "[service] admin: expected a valid string",
        "[bots.a] needs the key 'username'",
        "  fix: add username = ...",
        "[bots.a] needs the key 'password'",
        "  fix: add password = ...",
        f"[bots.a] server is no address {ADDRESS}",
    ]


@pytest.mark.parametrize(
    "text",
    [
        LEAST.replace('"secret"', f'"{CANARY}"') + "hook_timeout = 'x'",
        LEAST.replace('"secret"', f'["{CANARY}"]'),
        LEAST.replace('"secret"', f'{{ env = "A", plain = "{CANARY}" }}'),
        LEAST.replace("//", f"//bot:{CANARY}@"),
        LEAST.replace("https://", f"https://bot:{CANARY}:"),
        LEAST + f"pasword = '{CANARY}'",
        LEAST + f"proxy = ['{CANARY}']",
    ],
)
def test_a_secret_is_never_shown_in_an_error(tmp_path: Path, text: str) -> None:
    assert CANARY not in "\n".join(wrong(tmp_path, text))


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "bots.toml"
    text = '[bots.a]\nserver = "http://localhost"\nusername = "a"\npassword = "p"\n'
    path.write_bytes(text.encode("utf-8-sig"))
    assert list(load(path).bots) == ["a"]
