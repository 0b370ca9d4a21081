"""The checks can fail: each finds what it is there for, in the record of a run that is spoilt for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chatbot import SessionReport
from chatbot.bot.journal import Checkpoint, Incident, Key, OperationRecord, OperationState
from chatbot.wire.http import Reply
from tests.simulation.chats import Chat
from tests.simulation.check import check
from tests.simulation.disk import Disk
from tests.simulation.options import Options
from tests.simulation.request import Request
from tests.simulation.truth import Call, HookStart, Truth
from tests.simulation.watch import Watch


class Record:
    """The record of a run in which all was well, to be spoilt."""

    def __init__(self) -> None:
        self.truth = Truth(lambda: 0.0)
        self.disk = Disk(lambda: 0.0, self.truth)
        self.chat = Chat("chat1", 1, Options())
        self.chat.state = "Chatting"
        self.chat.join(0.1)
        self.chat.add("Text", "bot", 0.2, "hello")
        self.line = self.chat.add("Text", "customer", 1.0, "say 1")
        self.other = self.chat.add("Text", "customer", 1.1, "say 2")
        self.truth.counts["lives"] = 1
        self.truth.hooks = [self.start(self.line.index, 1000), self.start(self.other.index, 1100)]

    def answer(self, *texts: str) -> None:
        for number, text in enumerate(texts):
            self.chat.add("Text", "bot", 2.0 + number, text)

    @staticmethod
    def start(index: int, ms: int, life: int = 1) -> HookStart:
        return HookStart(0.0, life, "chat1", index, ms, ended_at=0.0)

    @staticmethod
    def operation(state: OperationState) -> OperationRecord:
        key = Key("chat1", "started", "answers", "on_chat_started", 0)
        return OperationRecord(key, "SendMessage", '{"text":"hello"}', "", state)

    @staticmethod
    def report(sent: int = 3, received: int = 2) -> SessionReport:
        noon = datetime(2026, 1, 1, tzinfo=UTC)
        return SessionReport(
            chat_id="chat1",
            received_at=noon,
            session_id="1",
            started_at=noon,
            ended_at=noon,
            duration=0.0,
            messages_sent=sent,
            messages_received=received,
            ended_by="bot",
            end_reason="left",
        )

    def found(self) -> set[str]:
        check(self.truth, self.disk, [self.chat])
        return {finding.partition(":")[0] for finding in self.truth.findings}


@pytest.fixture
def record() -> Iterator[Record]:
    record = Record()
    yield record
    record.disk.destroy()


def test_nothing_is_found_where_all_is_well(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    assert record.found() == set()


def test_a_lost_reply_is_found(record: Record) -> None:
    record.answer("re 1000.0")
    assert record.found() == {"lost"}


def test_a_doubled_reply_is_found_whatever_its_words(record: Record) -> None:
    record.answer("re 1000.0", "re 1000.0~7", "re 1100.0")
    assert record.found() == {"doubled"}


def test_a_misordered_reply_is_found(record: Record) -> None:
    record.answer("re 1100.0", "re 1000.0")
    assert record.found() == {"misordered"}


def test_hooks_out_of_order_are_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.truth.hooks.reverse()
    assert record.found() == {"I3"}


def test_hooks_that_run_again_without_a_crash_are_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.truth.hooks.append(record.start(record.other.index, 1100))
    assert record.found() == {"I3", "I4"}


def test_hooks_may_run_again_only_if_a_crash_comes_before_their_end_is_durable(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.truth.hooks.append(record.start(record.other.index, 1100, life=2))
    record.truth.cursors["chat1"] = [(3.0, record.other.index)]
    record.truth.kills = [2.0]
    assert record.found() == set()
    record.truth.kills = [3.0]
    assert record.found() == {"I4"}


def test_hooks_that_a_stop_has_cut_short_may_run_again(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.truth.hooks.append(record.start(record.other.index, 1100, life=2))
    record.truth.hooks[1].is_cut = True
    record.truth.hooks[1].ended_at = 4.0
    record.truth.stopped[1] = 3.0
    assert record.found() == set()
    record.truth.stopped[1] = 5.0
    assert record.found() == {"I4"}


def test_hooks_that_never_end_are_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.truth.hooks[1].ended_at = float("inf")
    assert record.found() == {"I1"}


def test_a_cursor_that_passes_a_running_hook_is_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.disk.apply([("robo", [Checkpoint("chat1", "started", cursor=record.other.index)])])
    assert record.found() == set()
    record.truth.hooks[1].ended_at = float("inf")
    record.disk.apply([("robo", [Checkpoint("chat1", "started", cursor=record.other.index + 1)])])
    assert record.found() == {"I1"}


def test_a_hook_that_starts_after_the_stop_is_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.truth.stopped[1] = -0.01
    assert record.found() == set()
    record.truth.stopped[1] = -0.1
    assert record.found() == {"I19"}


def test_an_operation_without_an_end_is_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.disk.apply([("robo", [record.operation("unknown")])])
    assert record.found() == {"I7"}


def test_a_request_to_a_chat_that_is_over_is_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.truth.told_gone[1, "chat1"] = 5.0
    record.truth.calls = [Call(5.0, 1, "chat1", "SendMessage")]
    assert record.found() == set()
    record.truth.calls.append(Call(5.1, 1, "chat1", "SendMessage"))
    assert record.found() == {"I10"}


def test_too_many_refused_logins_are_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.truth.logins = [(at, True) for at in (1.0, 2.0, 3.0, 64.0, 65.0)]
    assert record.found() == set()
    record.truth.logins.append((66.0, True))
    record.truth.logins.append((67.0, True))
    assert record.found() == {"I14"}


def test_a_cursor_that_falls_is_found_unless_the_rewind_is_recorded(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    far, back = Checkpoint("chat1", "started", cursor=7), Checkpoint("chat1", "started", cursor=5)
    record.truth.rewinds["chat1"] = 1
    record.disk.apply([("robo", [far, Incident("chat1", "rewind", ""), back])])
    assert record.found() == set()
    record.disk.apply([("robo", [far, back])])
    assert record.found() == {"I2"}


def test_a_rewind_of_a_transcript_that_has_lost_nothing_is_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    far, back = Checkpoint("chat1", "started", cursor=7), Checkpoint("chat1", "started", cursor=5)
    record.disk.apply([("robo", [far, Incident("chat1", "rewind", ""), back])])
    assert record.found() == {"I2"}


def test_an_end_that_no_hook_was_told_of_is_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.truth.over = {"chat1"}
    assert record.found() == {"end"}
    record.truth.findings.clear()
    record.truth.ended += ["chat1", "chat1"]
    record.truth.reports = [record.report()]
    assert record.found() == {"end"}


def test_a_report_that_is_missing_doubled_or_wrong_is_found(record: Record) -> None:
    record.answer("re 1000.0", "re 1100.0")
    record.truth.ended, record.truth.over = ["chat1"], {"chat1"}
    assert record.found() == {"report"}
    for reports in ([record.report(sent=2)], [record.report(received=1)], [record.report()] * 2):
        record.truth.findings.clear()
        record.truth.reports = reports
        assert record.found() == {"report"}
    record.truth.findings.clear()
    record.truth.reports = [record.report()]
    assert record.found() == set()


def test_an_answer_that_waits_for_the_next_comparison_is_found(record: Record) -> None:
    record.truth.prompt_s = 16.0
    record.chat.add("Text", "bot", 2.0, "re 1000.0")
    record.chat.add("Text", "bot", 30.0, "re 1100.0")
    assert record.found() == {"L2"}


def test_an_intent_is_found_by_what_it_says(record: Record) -> None:
    said = b'{"operationName":"SendMessage","text":"hello"}'
    assert not record.disk.has_intent("chat1", said)
    record.disk.apply([("robo", [record.operation("intent")])])
    assert record.disk.has_intent("chat1", said)
    assert not record.disk.has_intent("chat1", said.replace(b"hello", b"other"))
    assert not record.disk.has_intent("chat2", said)
    record.disk.apply([("robo", [replace(record.operation("confirmed"), body="")])])
    assert not record.disk.has_intent("chat1", said)


# requests


class Wire:
    """A watched connection, and the time on it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.truth = Truth(lambda: self.now)
        self.watch = Watch(self.truth, lambda _chat: "Chatting", has_human=lambda _chat: True)

    def send(self, operation: str = "SendMessage") -> Request:
        body = json.dumps({"operationName": operation}).encode()
        request = Request("POST", "/api/v2/me/chats/chat1", body, None, None)
        self.watch.sends(request, 1)
        return request

    def hear(self, serial: int, *capabilities: str) -> None:
        chat = {"id": "chat1", "state": "Chatting", "serial": serial, "capabilities": capabilities}
        request = Request("POST", "/api/v2/notifications", b"[]", None, None)
        self.watch.hears(request, 1, Reply(200, {}, json.dumps([{"data": {"chat": chat}}]).encode()))

    def hear_line(self, kind: str, who: str) -> None:
        line = {"index": 1, "type": kind, "from": {"participantId": who}}
        data = {"messages": [line], "chatUri": "/chats/chat1"}
        request = Request("POST", "/api/v2/notifications", b"[]", None, None)
        self.watch.hears(request, 1, Reply(200, {}, json.dumps([{"data": data}]).encode()))

    def found(self) -> set[str]:
        return {finding.partition(":")[0] for finding in self.truth.findings}


def test_what_the_newest_view_does_not_list_is_not_to_be_sent() -> None:
    wire = Wire()
    wire.hear(1, "SendMessage")
    wire.now = 1.0
    wire.hear(2)
    wire.send()
    assert wire.found() == set()
    wire.now = 1.1
    wire.send()
    assert wire.found() == {"I11"}


def test_a_view_that_comes_late_says_nothing() -> None:
    wire = Wire()
    wire.hear(2, "SendMessage")
    wire.now = 1.0
    wire.hear(1)
    wire.now = 2.0
    wire.send()
    assert wire.found() == set()


def test_talk_over_a_human_of_whom_a_poll_has_told_is_found_until_the_leaving_is_told() -> None:
    wire = Wire()
    wire.hear_line("ParticipantJoined", "00C000101")
    wire.hear_line("ParticipantJoined", "00H000101")
    wire.send()
    wire.now = 0.1
    wire.send("UpdateUserData")
    assert wire.found() == set()
    wire.send()
    assert wire.found() == {"I21"}
    wire.truth.findings.clear()
    wire.hear_line("ParticipantLeft", "00H000101")
    wire.send()
    assert wire.found() == set()


def test_what_was_to_wait_is_found_if_it_does_not() -> None:
    wire = Wire()
    wire.watch.hears(wire.send(), 1, Reply(429, {"retry-after": "3"}, b""))
    wire.now = 3.0
    wire.send()
    assert wire.found() == set()
    wire.now = 2.9
    wire.send()
    assert wire.found() == {"I15"}


def test_a_second_login_beside_the_first_is_found() -> None:
    wire = Wire()
    login = Request("GET", "/api/v2/me", None, None, None)
    wire.watch.sends(login, 1)
    wire.watch.lands(login, 1)
    wire.watch.sends(login, 1)
    assert wire.found() == set()
    wire.watch.sends(login, 1)
    assert wire.found() == {"I14"}


def test_many_requests_to_a_failing_server_are_found() -> None:
    wire = Wire()
    for number in range(100):
        wire.now = 0.1 * number
        wire.send()
    assert wire.found() == set()
    for number in range(100):
        wire.now = 20.0 + 0.1 * number
        wire.watch.fails(wire.send(), 1)
    assert wire.found() == {"rate"}
