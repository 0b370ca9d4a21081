from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from chatbot.model.config import (
    BotSettings,
    DemoChat,
    DemoLine,
    ServiceSettings,
    Settings,
)

CANARY = "canary-7c1f"
LEAST: dict[str, Any] = {"server": "https://gws.example.com", "username": "bot", "password": "secret"}


def bot(**keys: Any) -> BotSettings:
    return BotSettings.model_validate(LEAST | keys)


def finding(model: type[BotSettings | ServiceSettings | Settings], **keys: Any) -> str:
    """What is wrong with these keys."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate((LEAST if model is BotSettings else {}) | keys)
    (error,) = caught.value.errors()
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


def test_a_bot_has_the_documented_defaults() -> None:
    found = bot().model_dump()
    assert found.pop("password")["plain"] == SecretStr("secret")
    assert found == {
        "server": "https://gws.example.com",
        "username": "bot",
        "nickname": None,
        "mode": "live",
        "category": None,
        "function": None,
        "plugins": (),
        "auto_accept": True,
        "hook_timeout": 10.0,
        "cometd": "httpx",
        "listen_to_agents": False,
        "max_chats": 0,
        "on_stop": "logout",
        "request_timeout": 10.0,
        "settle_time": 5.0,
        "stuck_after": 60.0,
        "place": None,
        "login_code": None,
        "channels": ("chat",),
        "notifications_path": "/api/v2/notifications",
        "ca_file": None,
        "proxy": None,
        "allow_plain_http": False,
        "tag_messages": False,
        "on_agent_joined": "mute",
        "on_agent_left": "resume",
        "on_customer_left": "complete",
        "reply_timeout": 30.0,
        "idle_after": 300.0,
        "fallback": None,
        "handoff": {
            "target": None,
            "queue": None,
            "second_target": None,
            "second_queue": None,
            "wait": 90.0,
            "reassure": (),
            "reassure_every": 20.0,
        },
        "guards": {
            "sends_per_trigger": 20,
            "unprompted_per_minute": 30,
            "since_human": 20,
            "repeats": 3,
            "text_length": 8000,
            "chat_age": 86_400.0,
            "warn_at": 0.5,
        },
        "breaker": {"errors": 5, "timeouts": 3, "blocked": 5.0, "cooldown": 60.0},
        "plugin": {},
    }


def test_a_service_has_the_documented_defaults() -> None:
    assert ServiceSettings().model_dump() == {
        "journal": "chatbot.sqlite3",
        "admin": "127.0.0.1:8080",
        "admin_token": None,
        "session_reports": "",
        "shadow_reports": "",
        "shadow_texts": False,
        "drain_timeout": 30.0,
        "retention": 604_800.0,
    }


@pytest.mark.parametrize("name", ["chatbot.sqlite3", "./chatbot.sqlite3-wal", "x/../chatbot.sqlite3.lock"])
def test_reports_do_not_go_into_the_journal(name: str) -> None:
    assert finding(ServiceSettings, session_reports=name) == (
        f": session_reports = {name!r} is a file of the journal: name another file"
    )


def test_each_kind_of_report_has_its_own_file() -> None:
    assert finding(ServiceSettings, session_reports="x.jsonl", shadow_reports="./x.jsonl") == (
        ": shadow_reports = './x.jsonl' is the file of session_reports: name another file"
    )


@pytest.mark.parametrize("retention", [-1.0, float("inf"), float("nan"), "7 days", True])
def test_retention_is_a_number_of_seconds(retention: object) -> None:
    assert finding(ServiceSettings, retention=retention).startswith("retention: ")


def test_a_file_needs_a_bot_and_nothing_else() -> None:
    assert Settings(bots={"a": bot()}) == Settings(
        plugin_dirs=(), service=ServiceSettings(), bots={"a": bot()}, demo=()
    )
    assert finding(Settings, bots={}).startswith("bots: ")


def test_a_scripted_customer_has_defaults() -> None:
    assert DemoChat.model_validate({"bot": "a", "lines": [{"say": "hi"}]}) == DemoChat(
        bot="a",
        customer="Customer",
        subject="",
        user_data={},
        lines=(DemoLine(say="hi", expect="", sender=""),),
    )


@pytest.mark.parametrize("key", ["expect", "sender"])
def test_an_expectation_is_a_pattern(key: str) -> None:
    with pytest.raises(ValidationError, match=r"'\(' is not a regular expression: missing \)"):
        DemoLine.model_validate({key: "("})


def test_a_scripted_customer_talks_to_a_bot_of_the_file() -> None:
    script = {"bot": "b"}
    assert finding(Settings, bots={"a": bot()}, demo=(script,)) == (
        ": [[demo]] names the bot 'b', which is not in [bots]: the bots: a"
    )
    assert Settings(bots={"b": bot()}, demo=(DemoChat(bot="b"),)).demo == (DemoChat(bot="b"),)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("https://gws.example.com", "https://gws.example.com"),
        ("https://gws.example.com/", "https://gws.example.com"),
        ("https://gws.example.com:8090", "https://gws.example.com:8090"),
        ("https://gws.example.com/api/v2", "https://gws.example.com"),
        ("https://gws.example.com/api/v2/", "https://gws.example.com"),
        ("https://gws.example.com/gws/api/v2", "https://gws.example.com/gws"),
        ("HTTPS://gws.example.com", "https://gws.example.com"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_server_is_kept_in_its_normal_form(server: str, expected: str) -> None:
    assert bot(server=server).server == expected


@pytest.mark.parametrize(
    "server",
    [
        "",
        "gws.example.com",
        "gws.example.com:8090",
        "//gws.example.com",
        "ftp://gws.example.com",
        "https://",
        "https://:8090",
        "https://gws.example.com:port",
        "https://gws.example.com:99999",
        "https://[::1",
        "javascript:alert(1)",
    ],
)
def test_a_server_that_is_no_address_is_refused(server: str) -> None:
    assert finding(BotSettings, server=server) == (
        "server: is no address: expected an address such as "
        '"https://gws.example.com" or "https://gws.example.com:8090"'
    )


@pytest.mark.parametrize(
    "server", [f"https://bot:{CANARY}@gws.example.com", "https://@x", "https://x?a={CANARY}", "https://x/#a"]
)
def test_a_server_with_a_user_in_it_is_refused_and_not_shown(server: str) -> None:
    text = finding(BotSettings, server=server)
    assert text.startswith("server: is more than an address: expected an address without user, query")


@pytest.mark.parametrize(
    "server",
    ["http://gws.example.com", "HTTP://gws.example.com", " http://gws.example.com", "http://localhost.evil"],
)
def test_a_password_does_not_travel_in_the_open(server: str) -> None:
    assert "would get the password without encryption" in finding(BotSettings, server=server)
    assert bot(server=server, allow_plain_http=True).allow_plain_http


@pytest.mark.parametrize(
    ("server", "is_loopback"),
    [("http://localhost", True), ("http://127.0.0.1:1", True), ("https://[::1]", True), ("https://x", False)],
)
def test_loopback_is_this_machine(server: str, is_loopback: bool) -> None:  # noqa: FBT001 (a column of the table)
    assert bot(server=server).is_loopback is is_loopback


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hook_timeout", 0),
        ("hook_timeout", -1.0),
        ("hook_timeout", float("nan")),
        ("hook_timeout", float("inf")),
        ("hook_timeout", 1e9),
        ("hook_timeout", "10"),
        ("hook_timeout", True),
        ("request_timeout", True),
        ("settle_time", -1),
        ("settle_time", "5"),
        ("max_chats", -1),
        ("max_chats", 1.5),
        ("max_chats", True),
        ("username", ""),
        ("username", 7),
        ("nickname", ""),
        ("mode", "dry"),
        ("auto_accept", "perhaps"),
        ("cometd", "curl"),
        ("on_stop", "die"),
        ("channels", ()),
        ("channels", "chat"),
        ("plugins", "greeter"),
        ("plugins", ("greeter", 5)),
        ("notifications_path", "notifications"),
        ("notifications_path", "/a b"),
        ("notifications_path", "/a\r\nb"),
        ("plugin", []),
        ("password", 5),
        ("password", []),
        ("ca_file", 5),
        ("unknown", 1),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(key: str, value: object) -> None:
    keys = {key: value}
    assert finding(BotSettings, **keys).startswith(key)


@pytest.mark.parametrize("number", [1, 0.5, 86_400])
def test_whole_numbers_are_numbers_of_seconds_too(number: float) -> None:
    assert bot(hook_timeout=number, settle_time=0).hook_timeout == number


def test_a_plugin_is_listed_once() -> None:
    assert (
        finding(BotSettings, plugins=("faq", "greeter", "faq")) == "plugins: lists 'faq' twice: list it once"
    )


def test_settings_of_a_plugin_that_is_not_listed_are_refused() -> None:
    assert finding(BotSettings, plugins=("faq",), plugin={"greeter": {"text": "hi"}}) == (
        ": plugin.greeter has settings, but 'greeter' is not in plugins: listed: faq"
    )
    assert bot(plugins=("greeter",), plugin={"greeter": {"text": "hi"}}).plugin == {"greeter": {"text": "hi"}}


@pytest.mark.parametrize("seconds", [-1, 3601, float("nan"), True, "30"])
def test_a_drain_has_an_end(seconds: object) -> None:
    assert finding(ServiceSettings, drain_timeout=seconds).startswith("drain_timeout: ")


# secrets


def test_a_secret_is_never_printed() -> None:
    settings = Settings(
        bots={
            "a": bot(
                password=CANARY,
                proxy=f"http://user:{CANARY}@proxy:3128",
                plugins=("crm",),
                plugin={"crm": {"api_key": CANARY}},
            )
        }
    )
    for text in (repr(settings), str(settings), repr(settings.bots["a"]), str(settings.bots["a"].password)):
        assert CANARY not in text
    assert settings.bots["a"].proxy == f"http://user:{CANARY}@proxy:3128"


@pytest.mark.parametrize(
    "keys", [{"password": CANARY, "hook_timeout": "x"}, {"password": [CANARY]}, {"username": [CANARY]}]
)
def test_a_secret_is_not_printed_in_an_error(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        bot(**keys)
    assert CANARY not in str(caught.value)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        bot().server = "https://other.example.com"  # type: ignore[misc]


def test_in_shadow_a_bot_begins_nothing_by_itself() -> None:
    live = bot(fallback={"queue": "Support"}, max_chats=3, on_agent_joined="leave")
    assert live.effective is live
    shadow = live.model_copy(update={"mode": "shadow"}).effective
    assert (shadow.auto_accept, shadow.max_chats, shadow.fallback) == (False, 0, None)
    assert (shadow.on_agent_joined, shadow.on_customer_left, shadow.on_stop) == ("mute", "stay", "keep")
