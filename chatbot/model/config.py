"""bots.toml as typed, frozen settings. Numbers are seconds; relative paths are relative to the file.

Reading the file and explaining what is wrong with it: ``model/config_file.py``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, field_validator, model_validator

from chatbot.model.codes import Code
from chatbot.model.config_admin import admin_address, is_loopback, open_to_others
from chatbot.model.config_care import BreakerSettings, FallbackSettings, GuardSettings, HandoffSettings
from chatbot.model.config_table import Flaw, Patience, Seconds, Table, flawed
from chatbot.model.nearest import nearest
from chatbot.model.secret import Secret, SecretSource
from chatbot.model.toml_lines import Lines

__all__ = [
    "BotSettings",
    "DemoChat",
    "DemoLine",
    "SecretSource",
    "ServiceSettings",
    "Settings",
]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NO_ADDRESS = Flaw(
    Code.NO_ADDRESS,
    "is no address",
    expected='expected an address such as "https://gws.example.com" or "https://gws.example.com:8090"',
)

_TEN_YEARS = 315_360_000

_IN_SHADOW = {
    "auto_accept": False,
    "max_chats": 0,
    "fallback": None,
    "on_agent_joined": "mute",
    "on_customer_left": "stay",
    "on_stop": "keep",
}


class ServiceSettings(Table):
    """What all bots of a file share: ``[service]``.

    Keys:
        journal: The file of what survives a crash; ``":memory:"`` keeps nothing.
        admin: Host and port of health, metrics and console; ``""`` turns them off.
        admin_token: What they ask for; at least 16 characters, needed where other machines can reach them.
        session_reports: The file that gets a line of JSON at the end of each chat; ``""`` for none.
        shadow_reports: The file that gets a line of JSON at the end of each chat of a bot in shadow: what its
            plugins planned beside what humans did; ``""`` for none.
        shadow_texts: Put texts of customers, humans and plugins into them.
        drain_timeout: How long running hooks may take at the end.
        retention: How long chats that have ended stay in the journal, and all that is left of bots that are
            no longer in bots.toml; a week.
    """

    journal: str = "chatbot.sqlite3"
    admin: str = "127.0.0.1:8080"
    admin_token: Secret | None = None
    session_reports: str = ""
    shadow_reports: str = ""
    shadow_texts: bool = False
    drain_timeout: Patience = 30.0
    retention: float = Field(default=604_800.0, ge=0, le=_TEN_YEARS, allow_inf_nan=False, strict=True)

    @model_validator(mode="after")
    def _leaves_the_journal_alone(self) -> Self:
        own = {os.path.normpath(self.journal + ending) for ending in ("", "-wal", "-shm", ".lock")}
        taken = dict.fromkeys(own, "a file of the journal")
        for key, path in self.reports.items():
            if path and (why := taken.get(os.path.normpath(path))):
                message = f"{key} = {path!r} is {why}"
                raise flawed(Flaw(Code.REPORTS_PLACE, message, (key,), fix="name another file"))
            taken[os.path.normpath(path)] = f"the file of {key}"
        return self

    @property
    def reports(self) -> dict[str, str]:
        """The files to which lines are added, by their keys."""
        return {"session_reports": self.session_reports, "shadow_reports": self.shadow_reports}

    @field_validator("admin")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        if value:
            admin_address(value)
        return value

    @model_validator(mode="after")
    def _is_not_open_to_others(self) -> Self:
        if self.admin and self.admin_token is None and not is_loopback(admin_address(self.admin)[0]):
            raise flawed(open_to_others(self.admin))
        return self


class BotSettings(Table):
    """One bot: ``[bots.NAME]``, completed by ``[defaults]``.

    Keys:
        server: The address of GWS, without ``/api/v2``.
        username: The agent's user name.
        password: The agent's password; as a text it is a warning of ``chatbot check``.
        nickname: Shown to the customer; the agent's own, if not given.
        mode: ``"shadow"`` hears everything and sends nothing.
        category: For reports: what kind of bot it is, as ``"Dialog"``.
        function: For reports: what it does, as ``"Advisor"``.
        plugins: Their names, in call order.
        auto_accept: Accept offers that no plugin has decided.
        hook_timeout: For each hook; time inside an action, or waiting for the customer, does not count.
        stuck_after: How long what came in a chat may wait for its hooks before the bot is not ready; hooks
            that wait for the customer, or make a pause, do not count.
        cometd: Who listens; ``"aiocometd"`` needs ``pip install "chatbot[aiocometd]"``.
        listen_to_agents: ``on_text`` also for texts of agents, and for texts that only agents see.
        max_chats: Offers beyond this many chats are rejected, so that other agents get them; 0: no limit of
            its own.
        on_stop: ``"keep"`` leaves session and chats to the next process.
        request_timeout: For a request, all in all.
        settle_time: How long an unanswered request may still take effect.
        place: The place, if not the agent's default.
        login_code: The login code, if one is needed.
        channels: Media of the contact-centre session.
        notifications_path: Of the CometD endpoint.
        ca_file: Certificates to trust, PEM; the system's, if not given.
        proxy: Address of an HTTP proxy; the environment's are ignored.
        allow_plain_http: Send the password without encryption to another machine.
        tag_messages: Put a tag into the ``messageType`` of own texts, so that their lines are told for
            certain where the server sends it back; customer widgets may show it.
        on_agent_joined: What to do when a human agent joins.
        on_agent_left: What to do when the last one has left.
        on_customer_left: What to do when the customer has left.
        reply_timeout: How long a text may stay unanswered before the fallback takes the customer; off
            without a ``fallback``.
        idle_after: After how much silence of the customer ``on_idle`` runs, and then each time that as much
            has passed.
        fallback: Who gets the customer when the bot cannot go on: ``[bots.NAME.fallback]``.
        handoff: How a plugin hands a chat over: ``[bots.NAME.handoff]``.
        guards: When a bot talks too much: ``[bots.NAME.guards]``.
        breaker: When a plugin that only fails is no longer asked: ``[bots.NAME.breaker]``.
        plugin: The settings of each plugin: ``[bots.NAME.plugin.PLUGIN]``.
    """

    server: str
    username: str = Field(min_length=1)
    password: Secret
    nickname: str | None = Field(default=None, min_length=1)
    mode: Literal["live", "shadow"] = "live"
    category: str | None = Field(default=None, min_length=1)
    function: str | None = Field(default=None, min_length=1)
    plugins: tuple[str, ...] = ()
    auto_accept: bool = True
    hook_timeout: Seconds = 10.0
    stuck_after: Seconds = 60.0
    cometd: Literal["httpx", "aiocometd"] = "httpx"
    listen_to_agents: bool = False
    max_chats: int = Field(default=0, ge=0, strict=True)
    on_stop: Literal["logout", "keep"] = "logout"
    request_timeout: Seconds = 10.0
    settle_time: Patience = 5.0
    place: str | None = None
    login_code: str | None = None
    channels: tuple[str, ...] = Field(default=("chat",), min_length=1)
    notifications_path: str = Field(default="/api/v2/notifications", pattern=r"^/[!-~]*$")
    ca_file: Path | None = None
    proxy: str | None = Field(default=None, repr=False)  # may hold a password
    allow_plain_http: bool = False
    tag_messages: bool = False
    on_agent_joined: Literal["mute", "leave", "observe", "stay"] = "mute"
    on_agent_left: Literal["resume", "stay_muted"] = "resume"
    on_customer_left: Literal["complete", "leave", "stay"] = "complete"
    reply_timeout: Seconds = 30.0
    idle_after: Seconds = 300.0
    fallback: FallbackSettings | None = None
    handoff: HandoffSettings = HandoffSettings()
    guards: GuardSettings = GuardSettings()
    breaker: BreakerSettings = BreakerSettings()
    plugin: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False)

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            raise flawed(_NO_ADDRESS) from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise flawed(_NO_ADDRESS)
        if parts.username is not None or parts.query or parts.fragment:
            form = "expected an address without user, query or fragment: they have keys of their own"
            raise flawed(Flaw(Code.NO_ADDRESS, "is more than an address", expected=form))
        # in its normal form: the scheme is compared later
        return parts.geturl().rstrip("/").removesuffix("/api/v2")

    @field_validator("plugins")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        again = [place for place, name in enumerate(value) if name in value[:place]]
        if again:
            raise flawed(*(_listed_twice(value[place], place) for place in again))
        return value

    @model_validator(mode="after")
    def _keeps_its_password(self) -> Self:
        if self.server.startswith("http://") and not self.allow_plain_http and not self.is_loopback:
            message = f"{self.server} would get the password without encryption"
            fix = "use https, or set allow_plain_http = true"
            raise flawed(Flaw(Code.PLAIN_HTTP, message, ("server",), fix=fix))
        return self

    @model_validator(mode="after")
    def _settings_of_listed_plugins(self) -> Self:
        strange = [name for name in self.plugin if name not in self.plugins]
        if strange:
            raise flawed(*(_unlisted(name, self.plugins) for name in strange))
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        return urlsplit(self.server).hostname in _LOOPBACK

    @property
    def effective(self) -> Self:
        """The settings that count: in shadow the bot begins nothing by itself, for nothing comes of it."""
        return self.model_copy(update=_IN_SHADOW) if self.mode == "shadow" else self


class DemoLine(Table):
    """One exchange of a scripted customer.

    Keys:
        say: What the customer says; empty to only listen.
        expect: A regular expression that an answer must match.
        sender: A regular expression for the nickname of who answers.
    """

    say: str = ""
    expect: str = ""
    sender: str = ""

    @field_validator("expect", "sender")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as exc:
            raise ValueError(f"{value!r} is not a regular expression: {exc}") from exc
        return value


class DemoChat(Table):
    """One scripted customer of ``chatbot demo``: ``[[demo]]``.

    Keys:
        bot: Whose queue the customer comes to.
        customer: The nickname.
        subject: Of the chat.
        user_data: Attached to the chat.
        lines: What is said and expected, one after the other.
    """

    bot: str
    customer: str = "Customer"
    subject: str = ""
    user_data: dict[str, Any] = Field(default_factory=dict)
    lines: tuple[DemoLine, ...] = ()


class Settings(Table):
    """A whole bots.toml.

    Keys:
        plugin_dirs: Folders searched for plugin modules.
        service: What all bots share: ``[service]``.
        bots: One table ``[bots.NAME]`` for each bot; what it leaves out stands in ``[defaults]``.
        demo: The scripted customers of ``chatbot demo``: ``[[demo]]``.
    """

    plugin_dirs: tuple[Path, ...] = ()
    service: ServiceSettings = ServiceSettings()
    bots: dict[str, BotSettings] = Field(min_length=1)
    demo: tuple[DemoChat, ...] = ()
    _lines: Lines = PrivateAttr(default_factory=Lines)

    @model_validator(mode="after")
    def _every_demo_has_its_bot(self) -> Self:
        strange = [place for place, chat in enumerate(self.demo) if chat.bot not in self.bots]
        if strange:
            raise flawed(*(_unknown_bot(self.demo[place].bot, place, self.bots) for place in strange))
        return self

    @property
    def lines(self) -> Lines:
        """Where everything stands in the file; of settings that come from no file, nothing."""
        return self._lines

    def read_from(self, lines: Lines) -> Self:
        """The same settings, with their places in the file."""
        placed = self.model_copy()
        placed._lines = lines  # noqa: SLF001
        return placed


def _listed_twice(name: str, place: int) -> Flaw:
    return Flaw(Code.LISTED_TWICE, f"lists {name!r} twice", (place,), fix="list it once")


def _unlisted(name: str, plugins: tuple[str, ...]) -> Flaw:
    return Flaw(
        Code.UNLISTED_PLUGIN,
        f"plugin.{name} has settings, but {name!r} is not in plugins",
        ("plugin", name),
        expected=f"listed: {', '.join(plugins) or 'none'}",
        closest=nearest(name, plugins) or "",
        fix=f"list {name!r} in plugins, or remove the table",
    )


def _unknown_bot(name: str, place: int, bots: Mapping[str, BotSettings]) -> Flaw:
    return Flaw(
        Code.UNKNOWN_BOT,
        f"[[demo]] names the bot {name!r}, which is not in [bots]",
        ("demo", place, "bot"),
        expected=f"the bots: {', '.join(bots)}",
        closest=nearest(name, bots) or "",
    )
