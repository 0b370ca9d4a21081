"""The invariants of reliability 2.5, held against what the server and the plugin saw."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from chatbot.model.events import SessionReport
from tests.simulation.chats import Chat
from tests.simulation.disk import Disk
from tests.simulation.options import AT_ONCE_S, SLOW_S
from tests.simulation.scenario import expected
from tests.simulation.truth import HookStart, Line, Truth, key_of, replies_to

__all__ = ["check"]

_MOST_STARTS = 3
# that hooks start is durable before they do
_WRITTEN_WITHIN_S = 0.02
# the transcript of a quiet chat is read again (reliability 2.1)
_READ_AGAIN_S = 35.0
_LOGIN_WINDOW_S = 55.0
_MOST_REFUSED = 3


def check(truth: Truth, disk: Disk, chats: Sequence[Chat]) -> None:
    """Find what is wrong with a run that is over."""
    for chat in chats:
        starts = [start for start in truth.hooks if start.chat == chat.id]
        _check_lost(truth, chat)
        _check_poison(truth, disk, chat)
        _check_doubled(truth, chat)
        _check_order(truth, chat)
        _check_hooks(truth, disk, chat, starts)
        _check_end(truth, disk, chat)
        if truth.prompt_s:
            _check_prompt(truth, chat, starts)
    _check_settled(truth, disk, {chat.id for chat in chats if chat.is_closed})
    _check_stops(truth)
    _check_calls(truth)
    _check_logins(truth)


def _check_lost(truth: Truth, chat: Chat) -> None:
    """Every line is answered, but those that the server has refused an answer to, and poison."""
    owed, said = Counter(expected(chat)), Counter(_said(chat, with_lost=True))
    truth.counts["replies"] += sum(said.values())
    truth.counts["given up"] += len(chat.given_up)
    missing = owed - said
    for line in chat.texts("customer"):
        replies = Counter(reply for reply in replies_to(line.text, line.ms) if missing[reply])
        missing -= replies
        if replies and not _is_swallowed(truth, chat, replies):
            truth.find("lost", f"{chat.id} line {line.index} {line.text!r} has no {[*replies]}")
    if missing:
        truth.find("lost", f"{chat.id} has no {dict(missing)}")


def _is_swallowed(truth: Truth, chat: Chat, replies: Counter[str]) -> bool:
    """Whether the server has let it vanish, and the life that could have known, or the chat, ended soon."""
    at = {key_of(text): at for text, at in chat.swallowed.items()}
    ends = [*truth.kills, *truth.ends, *truth.stopped.values()]
    is_alone = [
        chat.is_closed or any(at[reply] <= end < at[reply] + _READ_AGAIN_S for end in ends)
        for reply in replies
        if reply in at
    ]
    return len(is_alone) == len(replies) and all(is_alone)


def _check_poison(truth: Truth, disk: Disk, chat: Chat) -> None:
    """A line is given up only after three crashes."""
    for ms in disk.dead_letters(chat.id) - {0}:
        if disk.attempts[chat.id, ms] != _MOST_STARTS:
            truth.find(
                "poison", f"{chat.id} line {ms} is given up after {disk.attempts[chat.id, ms]} crashes"
            )


def _check_doubled(truth: Truth, chat: Chat) -> None:
    customers = chat.texts("customer", with_lost=True)
    owed = Counter(["hello", *(reply for line in customers for reply in replies_to(line.text, line.ms))])
    more = Counter(_said(chat)) - owed
    if more:
        truth.find("doubled", f"{chat.id} has once too often {dict(more)}")


def _check_order(truth: Truth, chat: Chat) -> None:
    """I8: replies stand in the order of what they answer; but what was accepted blocks nothing that follows.

    So a text that the server has swallowed may come after later ones. What it has lost, and the bot has
    heard, has no place.
    """
    lines = sorted(chat.texts("customer", with_lost=True), key=lambda line: line.ms)
    late = {key_of(text) for text in chat.swallowed}
    late.update(reply for line in lines if line.is_lost for reply in replies_to(line.text, line.ms))
    said = [key for key in dict.fromkeys(_said(chat, with_lost=True)) if key not in late]
    owed = [("hello", 0), *((reply, line.ms) for line in lines for reply in replies_to(line.text, line.ms))]
    owed = [(reply, ms) for reply, ms in owed if reply in said and reply != "ok"]
    if [reply for reply in said if reply != "ok"] == [reply for reply, _ in owed]:
        return
    sure = [reply for reply, ms in owed if not _is_unsure(truth, chat, ms)]
    if [reply for reply in said if reply in sure] != sure:
        truth.find("misordered", f"{chat.id} reads {said}")
    truth.counts["reordered by failover"] += 1


def _is_unsure(truth: Truth, chat: Chat, ms: int) -> bool:
    """Whether the line was said between a failover and the next look at the whole transcript.

    It may stand under an index that was done with; nobody can know till then, and later lines go first.
    """
    return any(cut <= ms / 1000 < max(cut, truth.until_s) + _READ_AGAIN_S for cut in chat.cuts)


def _check_hooks(truth: Truth, disk: Disk, chat: Chat, starts: Sequence[HookStart]) -> None:
    """I3: in order. What the server has lost since has no place in it, although the bot may have heard it."""
    lost = {line.ms for line in chat.texts("customer", with_lost=True) if line.is_lost}
    for one, other in pairwise(starts):
        is_before = other.ms < one.ms and not _is_unsure(truth, chat, other.ms) and other.ms not in lost
        if is_before or (other.ms == one.ms and other.life == one.life):
            truth.find("I3", f"{chat.id}: hooks for line {other.index} start after those for {one.index}")
    of_line: dict[int, list[HookStart]] = {}
    for start in starts:
        of_line.setdefault(start.ms, []).append(start)
    for same in of_line.values():
        _check_again(truth, same)
        if same[0].ms not in lost and not chat.is_closed and not disk.is_done(same[-1]):
            truth.find("I1", f"{chat.id}: hooks for line {same[0].index} never end")


def _check_again(truth: Truth, same: Sequence[HookStart]) -> None:
    """I4: hooks for a line start again only after a crash, or a stop that cut them short; thrice in all."""
    what = f"{same[0].chat}: hooks for line {same[0].index} ({same[0].ms})"
    crashed = [start for start in same if not _was_stopped(truth, start)]
    if len(crashed) > _MOST_STARTS:
        truth.find("I4", f"{what} start {len(crashed)} times")
    for one, _ in pairwise(same):
        until = truth.durable_at(one)
        is_forgotten = any(began < until and end >= one.at for began, end in truth.disk_failed)
        was_killed = any(one.at <= kill < until for kill in truth.kills)
        if not (was_killed or is_forgotten or _was_stopped(truth, one)):
            truth.find("I4", f"{what} start again, although no crash came before their end was durable")


def _was_stopped(truth: Truth, start: HookStart) -> bool:
    """Whether a stop has cut it short."""
    return start.is_cut and truth.stopped.get(start.life, math.inf) <= start.ended_at


def _check_stops(truth: Truth) -> None:
    """I19: no hook starts after its life was asked to stop, but one whose start was just being written."""
    for start in truth.hooks:
        late_s = start.at - truth.stopped.get(start.life, math.inf)
        if late_s > _WRITTEN_WITHIN_S:
            truth.find(
                "I19", f"hooks for line {start.index} of {start.chat} start {late_s:.3f} s after the stop"
            )


def _check_prompt(truth: Truth, chat: Chat, starts: Sequence[HookStart]) -> None:
    """L2: a dropped notification costs no more than the resync interval; else nobody waits for that."""
    said = {key_of(line.text): line.ms / 1000 for line in reversed(chat.texts("bot"))}
    hooks = {start.ms: (start.at, start.ended_at) for start in starts}
    # where nothing goes wrong only hooks can hold each other up, and these begin with the greeting (I16)
    before = said.get("hello", 0.0) if truth.prompt_s == AT_ONCE_S else 0.0
    for line in chat.texts("customer"):
        started, ended = hooks.get(line.ms, (0.0, 0.0))
        replies = () if line.text.startswith("twice") else replies_to(line.text, line.ms)
        answered = max([started, *(said.get(reply, 0.0) for reply in replies)])
        stir = max((at for at in truth.stirs if at <= answered), default=0.0)
        since = max(line.ms / 1000, stir, before)
        took_s = answered - since - (SLOW_S if line.text.startswith("slow") else 0.0)
        if took_s > truth.prompt_s:
            truth.find("L2", f"{chat.id} line {line.index} is answered after {took_s:.1f} s")
        before = max(before, answered, ended)


def _check_end(truth: Truth, disk: Disk, chat: Chat) -> None:
    times = truth.ended.count(chat.id)
    if chat.id in truth.over and not times:
        truth.find("end", f"{chat.id} is over, and on_chat_ended was not called")
    # an old notice of the offer is a new offer to a life that did not see the end
    again = truth.counts["revoked"] + (truth.counts["offered late"] if truth.counts["lives"] > 1 else 0)
    if times > 1 + len(truth.kills) + again:
        truth.find("end", f"{chat.id}: on_chat_ended was called {times} times")
    _check_reports(truth, disk, chat, 1 + len(truth.kills) + again)


def _check_reports(truth: Truth, disk: Disk, chat: Chat, most: int) -> None:
    """One for each end, again only for a crash; a transcript that was not rewound tells what was said."""
    reports = [report for report in truth.reports if report.chat_id == chat.id]
    if chat.id in truth.over and chat.id in truth.ended and not reports:
        truth.find("report", f"{chat.id} is over, and on_session_report was not called")
    if len(reports) > most:
        truth.find("report", f"{chat.id}: on_session_report was called {len(reports)} times")
    # a chat that goes on may have been offered before, and lost
    if chat.id in truth.over and len(reports) == 1 and not truth.rewinds[chat.id]:
        _check_counts(truth, disk, chat, *reports)


def _check_counts(truth: Truth, disk: Disk, chat: Chat, report: SessionReport) -> None:
    """What is said when the chat is not the bot's any more may be heard or not.

    Of a chat that has vanished nobody can read what was not heard, or shown, before; nor whether a text came
    there whose answer nobody has had, or that was accepted and never shown.
    """
    said, texts = len(chat.texts("bot")), chat.texts("customer")
    # a chat that was handed on as the bot stopped is gone when the next life looks for it
    is_vague = report.end_reason == "gone" or report.end_detail == "stopping"
    mine = (record for record in disk.operations.values() if record.key.chat_id == chat.id)
    unknown = sum(record.operation == "SendMessage" and record.state == "abandoned" for record in mine)
    least = 0 if is_vague else said - unknown
    owed = 0 if is_vague else sum(not line.excused for line in texts)
    if not least <= report.messages_sent <= said + unknown:
        truth.find("report", f"{chat.id}: {said} texts sent are told as {report.messages_sent}")
    if not owed <= report.messages_received <= len(texts):
        of = f"{owed} to {len(texts)} texts received"
        truth.find("report", f"{chat.id}: {of} are told as {report.messages_received}")


def _check_settled(truth: Truth, disk: Disk, closed: set[str]) -> None:
    """I7: no operation vanishes.

    What shows in no line may wait for its notification while the chat lasts, and whatever the last life
    sent as it stopped, for a next life.
    """
    for record in disk.unsettled():
        is_invisible = record.state == "accepted" and record.operation == "UpdateUserData"
        is_last_word = record.key.trigger.startswith("stopping") or record.key.chat_id in closed
        if record.key.chat_id not in truth.over and (is_invisible or is_last_word):
            continue
        truth.find("I7", f"{record.operation} {record.key} ends as {record.state}")
    for record in disk.operations.values():
        truth.counts[f"operations {record.state}"] += 1


def _check_calls(truth: Truth) -> None:
    """I10: nothing is sent to a chat that is gone."""
    for call in truth.calls:
        if call.at > truth.told_gone.get((call.life, call.chat), call.at):
            truth.find("I10", f"{call.operation} is sent to {call.chat}, which is over")


def _check_logins(truth: Truth) -> None:
    """I14: refused passwords are few."""
    refused = [at for at, is_refused in truth.logins if is_refused]
    for at in refused:
        lives = 1 + sum(at - 10.0 <= end < at + _LOGIN_WINDOW_S for end in (*truth.kills, *truth.ends))
        times = sum(at <= other < at + _LOGIN_WINDOW_S for other in refused)
        if times > _MOST_REFUSED * lives:
            truth.find("I14", f"{times} refused logins within {_LOGIN_WINDOW_S:g} s")


def _said(chat: Chat, *, with_lost: bool = False) -> list[str]:
    lines: list[Line] = chat.texts("bot", with_lost=with_lost)
    return [key_of(line.text) for line in sorted(lines, key=lambda line: line.ms)]
