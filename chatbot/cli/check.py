"""``chatbot check``: everything that can be known before a bot logs in; with ``--online``, the login too."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from http import HTTPStatus
from pathlib import Path

import click
from pydantic import SecretStr

from chatbot.bot.connection import connect
from chatbot.bot.runner import World
from chatbot.cli.common import USAGE, counted, printable
from chatbot.cli.report import as_github, as_json, from_here
from chatbot.model.codes import Code
from chatbot.model.config import BotSettings, Settings
from chatbot.model.config_file import read
from chatbot.model.errors import ConfigError, WireError
from chatbot.model.findings import Finding
from chatbot.model.secret import SecretSource, is_open_to_all
from chatbot.model.section import Section
from chatbot.service.reports import check_reports
from chatbot.service.supervisor import assemble, check_journal, check_token
from chatbot.service.system import system_world

__all__ = ["check"]

_FINDINGS, _OFFLINE = 1, 3
_PLACES = '{ env = "NAME" }, { file = "path" } or { credential = "NAME" }'
# Which key of a bot has to do with a login that failed, and what to do about it.
_KEYS: Mapping[Code | None, str] = {
    Code.NO_CERTIFICATES: "ca_file",
    Code.NO_CREDENTIALS: "password",
    Code.EXTRA_MISSING: "cometd",
    Code.LOGIN_REFUSED: "password",
    Code.CREDENTIALS_EXPIRED: "password",
}
_FIXES = {
    "ca_file": "name the certificate of the authority that the server's is signed by: ca_file",
    "password": "log in by hand with the same user name and password",
    "server": "see that this is the address of the server, and that this machine reaches it",
    "time": "try again later: the server is in trouble, or has too much to do",
}


def check(config: Path, *, online: bool, form: str) -> None:
    """Tell what is wrong, and end with the exit code.

    Args:
        config: The configuration.
        online: Whether to log in as well.
        form: For whom: `text`, `json` or `github`.
    """
    with redirect_stdout(sys.stderr):  # what plugins print when they are imported is no finding
        code, findings, last_words = _checked(config, online=online)
    findings.sort(key=lambda it: (it.file != str(config), it.file, it.line or 0))
    _report([from_here(finding) for finding in findings], form)
    if form == "text" and not code:
        click.echo(last_words)
    raise SystemExit(code)


def _checked(config: Path, *, online: bool) -> tuple[int, list[Finding], str]:
    """The exit code, the findings, and what to say if all is well."""
    settings, findings = read(config)
    if settings is None:
        return USAGE, findings, ""
    found = _of_settings(settings, str(config), is_whole=not findings)
    if not online:
        found += _of_connections(settings, str(config))
    code = USAGE if findings else _FINDINGS if any(finding.is_error for finding in found) else 0
    findings += found
    if online and not code:
        return _tried(settings, str(config), findings)
    warnings = counted(len(findings), "warning") if findings else "no findings"
    return code, findings, f"{config}: {counted(len(settings.bots), 'bot')}, {warnings}"


def _tried(settings: Settings, file: str, warnings: list[Finding]) -> tuple[int, list[Finding], str]:
    """The same after a login to each server; what keeps a bot from it is no warning any more."""
    code, greetings, refusals = asyncio.run(_online(settings, file))
    told = {(refusal.code, refusal.line) for refusal in refusals}
    others = [warning for warning in warnings if (warning.code, warning.line) not in told]
    return code, others + refusals, "\n".join(greetings)


def _report(findings: Sequence[Finding], form: str) -> None:
    if form == "json":
        click.echo(as_json(findings))
    for finding in findings:
        if form == "github":
            click.echo(as_github(finding))
        elif form == "text":
            click.echo(printable(str(finding)), err=True)


def _of_settings(settings: Settings, file: str, *, is_whole: bool) -> list[Finding]:
    """What is wrong beyond the file itself; what is suspicious, only if the file is as it was written."""
    warnings = list(_warnings(settings, file)) if is_whole else []
    _, findings = assemble(settings, system_world(), file)
    return [*warnings, *findings, *check_journal(settings, file), *check_reports(settings, file)]


def _warnings(settings: Settings, file: str) -> Iterator[Finding]:
    """What works, and still should not stay so."""
    whole = Section(file, (), settings.lines)
    for number, folder in enumerate(settings.plugin_dirs):
        if not folder.is_dir():
            message, fix = f"plugin_dirs names {folder}, which is no folder", "create it, or remove it"
            yield whole.finding(
                Code.NO_PLUGIN_DIR, message, "plugin_dirs", number, fix=fix, severity="warning"
            )
    yield from _shared_logins(settings, whole)
    yield from _of_token(settings, file)
    for name, bot in settings.bots.items():
        yield from _of_secret(bot.password, whole.below("bots", name), "password")


def _of_token(settings: Settings, file: str) -> Iterator[Finding]:
    """One that is not here may be where the service runs; one that can be guessed is an error anywhere."""
    where = Section(file, ("service",), settings.lines)
    if (token := settings.service.admin_token) is not None:
        yield from _of_secret(token, where, "admin_token")
    yield from (found for found in check_token(settings, file) if found.code is not Code.NO_CREDENTIALS)


def _of_secret(secret: SecretSource, where: Section, key: str) -> Iterator[Finding]:
    if secret.plain is not None:
        yield _inline(where, key)
        return
    if (path := secret.path) is not None and is_open_to_all(path):
        message, fix = f"{key}: every user of this machine may read {path}", f"chmod o= {path}"
        yield where.finding(Code.OPEN_CREDENTIALS, message, key, fix=fix, severity="warning")
    try:
        secret.read()
    except ConfigError as error:
        for it in error.findings:
            yield where.finding(it.code, f"{key}: {it.message}", key, fix=it.fix, severity="warning")


def _inline(where: Section, key: str) -> Finding:
    message, fix = f"holds its {key}", f"{key} = {_PLACES}"
    if is_open_to_all(Path(where.file)):
        message = f"{message}, and every user of this machine may read it"
        fix = f"{fix}; until then: chmod 600 {where.file}"
    return where.finding(Code.INLINE_CREDENTIALS, message, key, fix=fix, severity="warning")


def _of_connections(settings: Settings, file: str) -> Iterator[Finding]:
    """What a bot needs to connect, beside its password, and is not here."""
    world = system_world()
    password = SecretSource(plain=SecretStr("not sent"))
    for name, bot in settings.bots.items():
        try:
            connect(name, bot.model_copy(update={"password": password}), clock=world.clock, rng=world.rng)
        except ConfigError as error:
            yield from _placed(error, Section(file, ("bots", name), settings.lines))


def _placed(error: ConfigError, where: Section) -> Iterator[Finding]:
    for it in error.findings:
        yield where.finding(it.code, it.message, _KEYS.get(it.code, "server"), fix=it.fix)


def _shared_logins(settings: Settings, whole: Section) -> Iterator[Finding]:
    agents: dict[tuple[str, str], str] = {}
    for name, bot in settings.bots.items():
        other = agents.setdefault((bot.server, bot.username), name)
        if other != name:
            message = f"is one agent with [bots.{other}], {bot.username!r}: each may end the other's session"
            fix = "give each bot an agent of its own"
            yield whole.below("bots", name).finding(Code.SHARED_LOGIN, message, fix=fix, severity="warning")


async def _online(settings: Settings, file: str) -> tuple[int, list[str], list[Finding]]:
    """The exit code, and what each server said."""
    world = system_world()
    code, greetings, findings = 0, list[str](), list[Finding]()
    for name, bot in settings.bots.items():
        where = Section(file, ("bots", name), settings.lines)
        try:
            await _try_login(name, bot, world)
        except ConfigError as error:
            code = code or USAGE
            findings += _placed(error, where)
        except WireError as error:
            code = _OFFLINE
            findings.append(_refused(error, bot, where))
        else:
            greetings.append(f"[bots.{name}]  logged in to {bot.server} as {bot.username}")
    return code, greetings, findings


async def _try_login(name: str, bot: BotSettings, world: World) -> None:
    """One login by ``GET /me``, and no more: a session of a running bot must not end by a check."""
    connection = connect(name, bot, clock=world.clock, rng=world.rng)
    try:
        await connection.platform.session.log_in()
    finally:
        await connection.http.aclose()


def _trouble_of(error: WireError, key: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in error.text:
        return "ca_file"
    status = error.status or 0
    is_passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
    return "time" if is_passing else key


def _refused(error: WireError, bot: BotSettings, where: Section) -> Finding:
    key = _KEYS.get(error.code, "server")
    fix = _FIXES[_trouble_of(error, key)]
    return where.finding(error.code or Code.PROTOCOL_VIOLATION, f"{bot.server}: {error.text}", key, fix=fix)
