"""``chatbot check``: its exit codes, and what it says."""

import asyncio
import json
from pathlib import Path
from textwrap import dedent

import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.faults import Answer, Fault, Match
from chatbot.simulator.named_faults import strike
from chatbot.simulator.server import serve
from tests.cli.conftest import Chatbot
from tests.cli.programs import CANARY, ECHO, free_port, write


def config(folder: Path, *keys: str, server: str = "https://gws.invalid", plugin: str = ECHO) -> Path:
    bot = ["[bots.maid]", f'server = "{server}"', 'username = "maid"', 'plugins = ["echo"]', *keys]
    return write(folder, "\n".join(bot), echo=plugin)


FROM_ENV = 'password = { env = "MAID_PASSWORD" }'
INLINE = f'password = "{CANARY}"'
PLACES = 'password = { env = "NAME" }, { file = "path" } or { credential = "NAME" }'


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAID_PASSWORD", CANARY)


def test_a_good_file_has_no_findings(chatbot: Chatbot, tmp_path: Path) -> None:
    path = config(tmp_path, FROM_ENV)
    result = chatbot("check", "-c", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{path}: 1 bot, no findings\n"


def test_a_hook_without_a_chat_in_a_class_that_has_an_object_for_each_is_a_finding(
    chatbot: Chatbot, tmp_path: Path
) -> None:
    own = """
        from chatbot import hookimpl

        class Own:
            per_chat = True

            @hookimpl
            async def on_bot_started(self): ...
    """
    result = chatbot("check", "-c", config(tmp_path, FROM_ENV, plugin=own))
    first, fix = result.stderr.splitlines()
    assert result.exit_code == 1
    assert f"CB210  {tmp_path / 'plugins/echo.py'}:7  plugin 'echo' implements on_bot_started" in first
    assert fix.startswith("       fix: move that hook to a plugin without per_chat        more: ")


def test_a_misspelt_limit_of_a_breaker_is_told_with_the_nearest(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("check", "-c", config(tmp_path, FROM_ENV, "breaker = { error = 3 }"))
    assert result.exit_code == 2
    assert "bots.toml:7  [bots.maid.breaker] has no key 'error'\n" in result.stderr
    assert "closest: errors\n       fix: rename error to errors" in result.stderr


def test_a_password_in_the_file_is_a_warning_and_never_printed(chatbot: Chatbot, tmp_path: Path) -> None:
    path = config(tmp_path, INLINE)
    path.chmod(0o600)
    result = chatbot("check", "-c", path)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        f"CB121  {path}:6  warning: [bots.maid] holds its password",
        f"       fix: {PLACES}        more: chatbot explain CB121",
    ]
    assert result.stdout == f"{path}: 1 bot, 1 warning\n"
    assert CANARY not in result.output


def test_a_file_with_a_password_that_everybody_may_read_is_told(chatbot: Chatbot, public: Path) -> None:
    path = config(public, INLINE)
    path.chmod(0o644)
    result = chatbot("check", "-c", path)
    assert result.exit_code == 0
    message = "[bots.maid] holds its password, and every user of this machine may read it"
    assert result.stderr.splitlines() == [
        f"CB121  {path}:6  warning: {message}",
        f"       fix: {PLACES}; until then: chmod 600 {path}        more: chatbot explain CB121",
    ]


@pytest.mark.parametrize("kind", ["file", "credential"])
def test_a_password_in_a_file_that_everybody_may_read_is_a_warning(
    chatbot: Chatbot, public: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(public))
    secret = public / "secret"
    secret.write_text(CANARY)
    path = config(public, f'password = {{ {kind} = "secret" }}')
    for mode, told in ((0o640, []), (0o644, ["CB124"])):
        secret.chmod(mode)
        result = chatbot("check", "-c", path)
        assert (result.exit_code, [line[:5] for line in result.stderr.splitlines()[:1]]) == (0, told)
    assert result.stderr.splitlines() == [
        f"CB124  {path}:6  warning: [bots.maid] password: every user of this machine may read {secret}",
        f"       fix: chmod o= {secret}        more: chatbot explain CB124",
    ]


def test_two_bots_that_are_one_agent_are_a_warning(chatbot: Chatbot, tmp_path: Path) -> None:
    twin = ["[bots.twin]", 'server = "https://gws.invalid"', 'username = "maid"', FROM_ENV]
    result = chatbot("check", "-c", config(tmp_path, FROM_ENV, *twin))
    assert result.exit_code == 0
    place = f"CB122  {tmp_path}/bots.toml:7  warning: [bots.twin] is one agent with [bots.maid], "
    assert result.stderr.startswith(place)


def test_a_password_that_is_not_there_yet_is_a_warning(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAID_PASSWORD")
    result = chatbot("check", "-c", config(tmp_path, FROM_ENV))
    assert result.exit_code == 0
    what = "[bots.maid] password: the environment variable MAID_PASSWORD is missing or empty"
    assert result.stderr.startswith(f"CB116  {tmp_path}/bots.toml:6  warning: {what}\n")


@pytest.mark.parametrize(
    ("plugin", "finding"),
    [
        ("from chatbot import hookimpl\n@hookimpl\nasync def on_txet(): ...", "closest: on_text("),
        ("from chatbot import hookimpl\n@hookimpl\nasync def on_text(chta): ...", "closest: chat"),
        ("raise SystemExit(5)", "plugin 'echo' cannot be imported: SystemExit: 5"),
        ("raise ValueError('\\x1b[31m')", r"ValueError: \x1b[31m"),
    ],
)
def test_findings_in_plugins_end_with_code_1(
    chatbot: Chatbot, tmp_path: Path, plugin: str, finding: str
) -> None:
    result = chatbot("check", "-c", config(tmp_path, FROM_ENV, plugin=plugin))
    assert result.exit_code == 1
    assert "plugin 'echo'" in result.stderr
    assert finding in result.stderr


@pytest.mark.parametrize(
    ("journal", "finding", "fix"),
    [
        ("gone/j", "there is no folder {folder}/gone", "create the folder, or name another"),
        ("plugins", "it is a folder", "name a file"),
    ],
)
def test_a_place_that_cannot_hold_the_journal_is_a_finding(
    chatbot: Chatbot, tmp_path: Path, journal: str, finding: str, fix: str
) -> None:
    path = config(tmp_path, FROM_ENV, f'[service]\njournal = "{journal}"')
    result = chatbot("check", "-c", path)
    what = f"journal = '{tmp_path}/{journal}' cannot be used: {finding.format(folder=tmp_path)}"
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"CB501  {path}:8  [service] {what}",
        f"       fix: {fix}        more: chatbot explain CB501",
    ]


def test_nothing_is_looked_for_if_nothing_is_kept(chatbot: Chatbot, tmp_path: Path) -> None:
    path = config(tmp_path, FROM_ENV, '[service]\njournal = ":memory:"')
    assert chatbot("check", "-c", path).exit_code == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bots.toml", "plugins"]


def test_a_file_that_cannot_be_used_ends_with_code_2(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("check", "-c", config(tmp_path))
    assert result.exit_code == 2
    assert "[bots.maid] needs the key 'password'" in result.stderr


def test_what_a_plugin_prints_is_not_among_the_findings(chatbot: Chatbot, tmp_path: Path) -> None:
    path = config(tmp_path, FROM_ENV, plugin=f"print('hello')\n{dedent(ECHO)}")
    result = chatbot("check", "--format", "json", "-c", path)
    assert (result.stdout, result.stderr) == ("[]\n", "hello\n")


def test_certificates_that_are_not_there_are_found_before_a_bot_connects(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAID_PASSWORD")
    result = chatbot("check", "-c", config(tmp_path, FROM_ENV, 'ca_file = "gone.pem"'))
    assert result.exit_code == 1
    assert (
        f"CB113  {tmp_path}/bots.toml:7  [bots.maid] ca_file {tmp_path}/gone.pem holds no " in result.stderr
    )


# online


@pytest.mark.parametrize(("password", "code"), [(CANARY, 0), ("another", 3)])
async def test_online_it_tries_the_password_once(
    chatbot: Chatbot, tmp_path: Path, password: str, code: int
) -> None:
    simulator = Simulator()
    simulator.world.add_agent("maid", password=password)
    async with serve(simulator.asgi) as server:
        path = config(tmp_path, FROM_ENV, server=server)
        result = await asyncio.to_thread(chatbot, "check", "--online", "-c", path)
    assert result.exit_code == code, result.output
    told = {
        0: f"[bots.maid]  logged in to {server} as maid\n",
        3: f"CB404  {path}:6  [bots.maid] {server}: the server refused user name and password\n",
    }
    assert result.output.startswith(told[code])
    assert [(request.method, request.path) for request in simulator.requests] == [("GET", "/api/v2/me")]


@pytest.mark.parametrize("trouble", ["503", "429"])
async def test_online_a_server_in_trouble_is_no_wrong_address(
    chatbot: Chatbot, tmp_path: Path, trouble: str
) -> None:
    simulator = Simulator()
    strike(simulator, trouble, on="any", times=None)
    async with serve(simulator.asgi) as server:
        path = config(tmp_path, FROM_ENV, server=server)
        result = await asyncio.to_thread(chatbot, "check", "--online", "-c", path)
    assert result.exit_code == 3
    assert "fix: try again later" in result.output


async def test_online_a_running_bot_keeps_its_session(chatbot: Chatbot, tmp_path: Path) -> None:
    simulator = Simulator()
    simulator.world.add_agent("maid")
    simulator.world.operate("maid", {"operationName": "StartContactCenterSession", "channels": ["chat"]})
    async with serve(simulator.asgi) as server:
        path = config(tmp_path, FROM_ENV, server=server)
        await asyncio.to_thread(chatbot, "check", "--online", "-c", path)
    assert simulator.world.agents.get("maid").has_session


def test_online_a_server_that_is_not_there_ends_with_code_3(chatbot: Chatbot, tmp_path: Path) -> None:
    server = f"http://127.0.0.1:{free_port()}"
    result = chatbot("check", "--online", "-c", config(tmp_path, FROM_ENV, server=server))
    assert result.exit_code == 3
    assert result.stderr.startswith(f"CB401  {tmp_path}/bots.toml:3  [bots.maid] {server}: cannot connect: ")


async def test_online_what_a_server_says_steers_no_terminal(chatbot: Chatbot, tmp_path: Path) -> None:
    simulator = Simulator()
    said = Answer(200, '{"statusCode": 3, "statusMessage": "\\u001b[31mred\\u0007"}')
    simulator.faults.append(Fault(Match(path="/api/v2/me"), said))
    async with serve(simulator.asgi) as server:
        path = config(tmp_path, FROM_ENV, server=server)
        result = await asyncio.to_thread(chatbot, "check", "--online", "-c", path)
    assert result.exit_code == 3
    assert "\\x1b[31mred\\x07\n" in result.stderr


@pytest.mark.parametrize("key", [FROM_ENV, INLINE + '\nca_file = "gone.pem"'])
def test_online_a_secret_or_certificate_that_is_not_there_ends_with_code_2(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.delenv("MAID_PASSWORD")
    result = chatbot("check", "--online", "-c", config(tmp_path, key))
    assert result.exit_code == 2
    assert f"{tmp_path}/bots.toml:" in result.stderr.splitlines()[-2]
    assert result.stderr.count("CB116") == (2 if key == FROM_ENV else 0)  # in the finding, and after "more"


def test_a_mistake_in_a_plugin_of_several_bots_is_told_once(chatbot: Chatbot, tmp_path: Path) -> None:
    twin = ["[bots.twin]", 'server = "https://gws.invalid"', 'username = "twin"', FROM_ENV]
    path = config(tmp_path, FROM_ENV, *twin, 'plugins = ["echo"]', plugin=ECHO.replace("on_text", "on_txet"))
    assert chatbot("check", "-c", path).stderr.count("CB203  ") == 1


# for programs


def test_without_findings_the_list_is_empty(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("check", "--format", "json", "-c", config(tmp_path, FROM_ENV))
    assert (result.exit_code, result.output) == (0, "[]\n")


@pytest.mark.parametrize(("key", "code"), [(INLINE, 0), (INLINE + "\nnicknam = 'x'", 2)])
def test_json_is_one_list_with_all_fields_whatever_the_exit_code(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    result = chatbot("check", "--format", "json", "-c", config(tmp_path, key).name)
    found = json.loads(result.stdout)[-1]
    assert (result.exit_code, result.stderr) == (code, "")
    assert list(found) == [
        *("code", "message", "file", "line", "expected", "closest", "fix", "severity", "more")
    ]
    assert (found["file"], found["severity"]) == ("bots.toml", "error" if code else "warning")


def test_a_workflow_gets_annotations(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config(tmp_path, INLINE, plugin="def on_text(:")
    result = chatbot("check", "--format", "github")
    warning, error = result.stdout.splitlines()
    assert result.exit_code == 1
    assert warning.startswith(
        "::warning file=bots.toml,line=6,title=CB121::[bots.maid] holds its password%0A"
    )
    assert error.startswith("::error file=plugins/echo.py,line=1,title=CB202::plugin 'echo' is not Python: ")


def test_a_server_that_refuses_is_a_finding_for_programs_too(chatbot: Chatbot, tmp_path: Path) -> None:
    path = config(tmp_path, FROM_ENV, server=f"http://127.0.0.1:{free_port()}")
    result = chatbot("check", "--online", "--format", "json", "-c", path)
    assert result.exit_code == 3
    assert [found["code"] for found in json.loads(result.stdout)] == ["CB401"]
