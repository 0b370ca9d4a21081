"""The reports of chats in their file, whatever happens to it."""

import asyncio
import json
import os
import shutil
import stat
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chatbot import SessionReport
from chatbot.model.codes import Code
from chatbot.model.config import Settings
from chatbot.model.config_file import load
from chatbot.service import reports
from chatbot.service.reports import ReportFile, check_reports, keep_reports
from chatbot.service.supervisor import build
from chatbot.service.system import WriterThread, system_world
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.bot.scribe import as_nobody
from tests.cli.programs import until
from tests.docs.blocks import blocks
from tests.service.house import BOUND_S

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BOTS = """
[service]
journal = ":memory:"
admin = ""
session_reports = "reports.jsonl"

[defaults]
server = "{server}"
password = "s3cret"

[bots.maid]
username = "maid"

[bots.cook]
username = "cook"
category = "Dialog"
"""


def report(number: int = 1) -> SessionReport:
    return SessionReport(
        bot="maid",
        chat_id="c1",
        received_at=NOON,
        session_id=str(number),
        started_at=NOON,
        ended_at=NOON,
        duration=0.0,
        ended_by="bot",
        end_reason="left",
    )


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(path)]


def count(path: Path) -> int:
    return len(records(path)) if path.exists() else 0


def keeps(file: ReportFile, number: int = 1) -> bool:
    return asyncio.run(file.keep(report(number)))


def ids(path: Path) -> list[str]:
    return [record["session_id"] for record in records(path)]


def settings(path: Path | str) -> Settings:
    bot = {"server": "https://x", "username": "a", "password": "b"}
    return Settings.model_validate({"service": {"session_reports": str(path)}, "bots": {"a": bot}})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reports.jsonl"


@pytest.fixture
def file(path: Path) -> ReportFile:
    return ReportFile(path, WriterThread("session reports"))


async def test_two_bots_share_a_file(tmp_path: Path) -> None:
    simulator = Simulator()
    for name in ("maid", "cook"):
        simulator.world.add_agent(name, password="s3cret")
    path = tmp_path / "reports.jsonl"
    async with serve(simulator.asgi) as server, asyncio.timeout(BOUND_S):
        (tmp_path / "bots.toml").write_text(BOTS.format(server=server))
        service = build(load(tmp_path / "bots.toml"), system_world())
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(service.run())
            for name in ("maid", "cook"):
                async with Customer(server, endpoint=name, poll_s=0.01) as ana:
                    await ana.sees_agent()
                    await ana.ends()
            await until(lambda: count(path) == 2)
            service.stop()
            await running
    found = {(one["bot"], one["category"], one["ended_by"], one["end_reason"]) for one in records(path)}
    customer = ("customer", "customer_left")
    assert found == {("maid", None, *customer), ("cook", "Dialog", *customer)}
    assert "received_at" not in records(path)[0]


def test_only_its_owner_may_read_it(file: ReportFile, path: Path) -> None:
    assert keeps(file)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_odd_id_is_written_too(file: ReportFile, path: Path) -> None:
    assert asyncio.run(file.keep(report().model_copy(update={"chat_id": "\ud83d"})))
    assert records(path)[0]["chat_id"] == "\ud83d"


def test_a_rotated_file_is_begun_anew(file: ReportFile, path: Path) -> None:
    assert keeps(file, 1)
    path.rename(f"{path}.1")
    assert keeps(file, 2)
    path.unlink()
    assert keeps(file, 3)
    os.truncate(path, 0)
    assert keeps(file, 4)
    assert (ids(Path(f"{path}.1")), ids(path)) == (["1"], ["4"])


def test_a_disk_in_trouble_is_told_once_and_when_it_is_well(
    file: ReportFile, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.mkdir()
    assert [keeps(file) for _ in range(3)] == [False] * 3
    path.rmdir()
    assert keeps(file, 2)
    assert keeps(file, 3)
    trouble = f"session reports cannot be written to {path}: Is a directory"
    told = [record.getMessage().partition("\n")[0] for record in caplog.records]
    assert told == [trouble, "session reports can be written again"]
    assert ids(path) == ["2", "3"]


def test_a_full_disk_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    file = ReportFile(Path("/dev/full"), WriterThread("session reports"))
    assert not keeps(file)
    assert "No space left on device" in caplog.text


def test_what_a_full_disk_has_cut_off_does_not_spoil_the_next_line(
    file: ReportFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(reports.os, "write", lambda fd, data: write(fd, data[:20]))
        assert not keeps(file, 1)
    assert keeps(file, 2)
    first, *rest = lines(path)
    assert (len(first), [json.loads(line)["session_id"] for line in rest]) == (20, ["2"])


def test_a_disk_that_hangs_holds_nobody_up(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reports, "_PATIENCE_S", 0.01)
    monkeypatch.setattr(reports, "_MOST_WAITING", 2)
    monkeypatch.setattr(reports.os, "open", hangs := Hangs())
    file = ReportFile(path, WriterThread("session reports"))
    kept = asyncio.run(three(file))
    hangs.go.set()
    assert (kept, hangs.times) == ([False] * 3, 1)
    assert "the disk does not answer" in caplog.text


async def three(file: ReportFile) -> list[bool]:
    return [await file.keep(report(number)) for number in range(3)]


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq")
def test_the_questions_of_the_page_have_answers(path: Path) -> None:
    ended = {"result": "noted", "duration": 4.0, "ended_abnormally": True, "end_detail": "no answer"}
    for number, duration in enumerate((2.0, 4.0)):
        record = report(number).model_copy(update=ended | {"duration": duration})
        with path.open("a") as file:
            file.write(record.model_dump_json() + "\n")
    asked = [one.code for one in blocks("docs/how-to/session-report.md") if "jq" in one.code]
    first, second = [subprocess.check_output(code, shell=True, cwd=path.parent, text=True) for code in asked]
    assert first == '["noted",2,3]\n'
    assert second == "2026-01-01T12:00:00Z\tc1\tleft\tno answer\n" * 2


class Hangs:
    """Opens nothing before it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.times = 0

    def __call__(self, *_: object) -> int:
        self.times += 1
        self.go.wait(BOUND_S)
        raise OSError(5, "too late")


def test_who_wants_no_file_gets_none() -> None:
    assert keep_reports(settings("")) is None
    assert check_reports(settings(""), "bots.toml") == []


def test_a_place_that_can_be_written_is_no_finding(path: Path) -> None:
    assert check_reports(settings(path), "bots.toml") == []
    assert not path.exists()
    path.touch()
    assert check_reports(settings(path), "bots.toml") == []


def test_a_place_that_cannot_be_written_is_one(tmp_path: Path) -> None:
    found = [*check_reports(settings(tmp_path), "b"), *check_reports(settings(tmp_path / "no/file"), "b")]
    assert [(one.code, one.message.partition(" cannot be written: ")[2], one.fix) for one in found] == [
        (Code.REPORTS_PLACE, "it is a folder", "name a file"),
        (
            Code.REPORTS_PLACE,
            f"there is no folder {tmp_path / 'no'}",
            "create the folder, or name another",
        ),
    ]


def test_a_folder_of_somebody_else_is_one() -> None:
    with as_nobody():
        [found] = check_reports(settings("/reports.jsonl"), "b")
    assert (
        found.message
        == "[service] session_reports = '/reports.jsonl' cannot be written: / may not be written"
    )
