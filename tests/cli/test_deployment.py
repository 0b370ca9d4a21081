"""Dockerfile, compose file and unit of a new project: linted, and held against what we promise."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.cli import running, signals
from chatbot.cli.project import rendered
from chatbot.console.admin import create_admin
from chatbot.service.supervisor import Service
from chatbot.service.system import system_world
from chatbot.simulator.server import serve
from tests.cli.deployment import (
    NAMES,
    compose_of,
    composed,
    health_check,
    of,
    settings_of,
    stages,
    unit_of,
    unit_text,
)

FILES = rendered("hello", NAMES)
BIN = Path(sys.executable).parent
# the longest a stop takes after drain_timeout: the last requests, then the last seconds of the process
LAST_S = running._LAST_RESORT_S + signals._AT_ONCE_S + signals._TELLING_S
MOST_EXPOSED = 2.0


def tool(name: str) -> str:
    """A program that is installed with the extra "lint", or that the system has."""
    found = shutil.which(name, path=f"{BIN}") or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def passes(*command: object) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_whatever_stops_the_bots_waits_until_they_have_left() -> None:
    drain = settings_of(FILES).service.drain_timeout
    waits = [unit_of(FILES)["Service"]["TimeoutStopSec"], composed(FILES)["stop_grace_period"].rstrip("s")]
    for place in ("Dockerfile", "README.md"):
        waits += re.findall(r"--stop-timeout (\d+)", FILES[place])
    waits += re.findall(r"must wait (\d+) s", FILES["README.md"])
    assert len(waits) == 5
    assert all(int(wait) > drain + LAST_S and int(wait) > drain + 30 for wait in waits)
    assert f"`drain_timeout` ({drain:g} s)" in FILES["README.md"]


def test_no_secret_is_in_any_file() -> None:
    [bot] = settings_of(FILES).bots.values()
    assert bot.password.credential == "concierge_password"
    for text in FILES.values():
        assert not re.search(r"(password|token|secret)\s*[:=]\s*[\"\'][^\"\']", text, re.IGNORECASE)
    assert "secrets/" in FILES[".gitignore"].splitlines()
    allowed = [line for line in FILES[".dockerignore"].splitlines() if line.startswith("!")]
    assert FILES[".dockerignore"].splitlines()[1] == "*"
    assert not [line for line in allowed if "secret" in line]


# the image


@pytest.fixture
def dockerfile(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_text(FILES["Dockerfile"])
    return path


def test_the_dockerfile_is_what_its_linter_likes(dockerfile: Path) -> None:
    passes(tool("hadolint"), dockerfile)


def test_the_image_is_made_in_two_stages_of_one_pinned_base() -> None:
    head, build, final = stages(FILES)
    assert head == [("ARG", "BASE=python:3.13-slim-trixie")]
    assert (of(build, "FROM"), of(final, "FROM")) == (["${BASE} AS build"], ["${BASE}"])
    assert of(build, "COPY") == ["pyproject.toml *.whl ./"]
    # nothing is installed where it runs, and what was needed to install stays behind
    assert of(final, "RUN") == []
    assert [copied for copied in of(final, "COPY") if "--from" in copied] == [
        "--from=build /opt/venv /opt/venv"
    ]
    assert not [rest for stage in (build, final) for rest in of(stage, "ADD")]


def test_the_image_runs_the_bots_without_a_shell_and_without_root() -> None:
    _, build, final = stages(FILES)
    # exec form everywhere: signals reach the bots, and no shell reads any name
    for command in (*of(build, "RUN"), *of(final, "CMD")):
        assert isinstance(json.loads(command), list)
    assert json.loads(of(final, "CMD")[0])[:2] == ["chatbot", "run"]
    assert of(final, "USER") == ["10001:10001"]
    assert of(final, "STOPSIGNAL") == ["SIGTERM"]
    assert of(final, "ENTRYPOINT") == []


def test_the_image_holds_no_secret_and_finds_them_where_they_are_mounted() -> None:
    _, build, final = stages(FILES)
    [environment] = of(final, "ENV")
    names = re.findall(r"(\w+)=", environment)
    assert names == ["PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "CREDENTIALS_DIRECTORY"]
    assert environment.endswith("CREDENTIALS_DIRECTORY=/run/secrets")
    assert of(build, "ARG") == of(final, "ARG") == []


def test_the_image_keeps_the_journal_on_a_volume() -> None:
    final = stages(FILES)[-1]
    journal = Path(of(final, "WORKDIR")[0]) / settings_of(FILES).service.journal
    assert json.loads(of(final, "VOLUME")[0]) == [str(journal.parent)]
    assert f"--chown={of(final, 'USER')[0]} data/ data/" in of(final, "COPY")


def test_the_image_gets_all_files_that_it_copies() -> None:
    allowed = {line[1:] for line in FILES[".dockerignore"].splitlines() if line.startswith("!")}
    copied = " ".join(rest for stage in stages(FILES) for rest in of(stage, "COPY") if "--from" not in rest)
    taken = {word for word in copied.split() if not word.startswith(("-", "./"))}
    assert {place.removesuffix(".gitignore") for place in allowed} == taken


@pytest.mark.parametrize("is_alive", [True, False])
async def test_the_health_check_of_the_image_sees_whether_the_bots_are_alive(
    *, is_alive: bool, tmp_path: Path
) -> None:
    program, option, code = health_check(FILES)
    assert (program, option) == ("python", "-c")
    [command] = of(stages(FILES)[-1], "CMD")
    _, _, port = json.loads(command)[-1].partition(":")
    assert f"'127.0.0.1', {port}" in code
    service = Service([], world=system_world(), drain_timeout=0)
    async with serve(create_admin(service), "127.0.0.1", 0) as url:
        page = code if is_alive else code.replace("/healthz", "/readyz-not")
        code_here = page.replace(port, url.rpartition(":")[2])
        checked = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", code_here, cwd=tmp_path)
        assert await checked.wait() == (0 if is_alive else 1)


# the compose file


def test_the_compose_file_keeps_to_its_specification(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(FILES["compose.yaml"])
    passes(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", path)


def test_the_container_of_the_compose_file_may_do_nothing_but_its_work() -> None:
    service = composed(FILES)
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp:size=64m,mode=1777,noexec,nosuid,nodev"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ulimits"] == {"core": 0}
    assert not {"privileged", "cap_add", "user", "network_mode", "environment", "env_file"} & set(service)


def test_the_container_is_reached_from_this_machine_only() -> None:
    [port] = composed(FILES)["ports"]
    assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)
    assert json.loads(of(stages(FILES)[-1], "CMD")[0])[-1] == f"0.0.0.0:{port.rpartition(':')[2]}"


def test_the_container_has_its_secret_as_a_file_and_its_journal_on_a_volume() -> None:
    found = compose_of(FILES)
    secrets = {name: {"file": f"./secrets/{name}"} for name in ("concierge_password", "admin_token")}
    assert (found["secrets"], composed(FILES)["secrets"]) == (secrets, [*secrets])
    [volume] = json.loads(of(stages(FILES)[-1], "VOLUME")[0])
    assert composed(FILES)["volumes"] == [f"data:{volume}"]
    assert found["volumes"] == {"data": None}


def test_the_container_is_started_again_and_its_health_is_what_the_image_says() -> None:
    service = composed(FILES)
    assert (service["restart"], service["init"]) == ("unless-stopped", True)
    assert service["healthcheck"]["test"] == ["CMD", *health_check(FILES)]


# the unit


def test_the_unit_hands_over_the_secrets_of_bots_toml() -> None:
    [bot] = settings_of(FILES).bots.values()
    name = bot.password.credential
    assert unit_of(FILES)["Service"]["LoadCredential"] == f"{name}:/etc/bots-hello/{name}"
    assert "EnvironmentFile" not in unit_text(FILES)


def test_the_unit_keeps_the_journal_out_of_the_code() -> None:
    service = unit_of(FILES)["Service"]
    state, _, data = service["BindPaths"].partition(":")
    assert state == f"/var/lib/{service['StateDirectory']}"
    assert Path(data) == (Path(service["WorkingDirectory"]) / settings_of(FILES).service.journal).parent
    assert service["ExecStart"] == f"{service['WorkingDirectory']}/.venv/bin/chatbot run"


def test_the_unit_starts_again_what_ends_or_stands_still_but_not_what_cannot_work() -> None:
    service = unit_of(FILES)["Service"]
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("always", "2")
    assert int(service["WatchdogSec"]) == 60
    assert int(service["RestartSec"]) > 0
    assert (service["KillSignal"], service["LimitCORE"]) == ("SIGTERM", "0")


def test_systemd_finds_nothing_wrong_with_the_unit_and_little_that_it_exposes(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    unit = tmp_path / "bots-hello.service"
    # only the program is not there
    unit.write_text(re.sub("^ExecStart=.*$", "ExecStart=/bin/true", unit_text(FILES), flags=re.MULTILINE))
    passes(analyze, "verify", unit)
    passes(analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:g}", unit)
