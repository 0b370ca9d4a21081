"""Rows 16 to 24 without 17 and 18: a server that refuses, redirects, brakes, forgets or falls silent.

Each storm lasts 40 seconds of the bot's clock. Nothing is sent faster than design 4.6 allows, and
what the customer said meanwhile is answered when the server is well again.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import pytest

from chatbot.model.errors import ConnectionLost
from chatbot.model.notifications import Batch, SessionStarted, Signal, Trouble
from chatbot.wire.aiocometd_source import AiocometdSource
from chatbot.wire.cometd import CometdSource
from chatbot.wire.http import HttpxHttp
from chatbot.wire.retry import Limits
from tests.faults.raw import Asked, Platform, replied, serving
from tests.faults.stage import MOST_IN_10_S, JumpClock, at_work, starting, status, storm
from tests.wire.raw_server import Play, answer, closing, dripping, hang

STORMS = {
    "row-07-login-page": ("*", answer(b"<html>Log in</html>")),
    "row-08-empty": ("*", answer(b"")),
    "row-16-redirect": ("*", status(302, "Location: http://127.0.0.1:9/login")),
    "row-19-401-cometd": ("connect", status(401)),
    "row-20-402": ("*", status(402)),
    "row-20-402-posts": ("POST", status(402)),
    "row-20-403": ("*", status(403, body=b"Missing or invalid Csrf token")),
    "row-20-403-posts": ("POST", status(403, body=b"Missing or invalid Csrf token")),
    "row-20-code-20": ("POST", answer(b'{"statusCode":20}')),
    "row-22-429": ("*", status(429, "Retry-After: 0")),
    "row-22-500": ("*", status(500)),
    "row-22-503-cometd": ("connect", status(503)),
    "half-open-closed": ("*", closing(b"")),
}


@pytest.mark.parametrize("row", STORMS)
async def test_a_storm_is_bounded_and_ends_well(platform: Platform, row: str) -> None:
    what, play = STORMS[row]
    async with at_work(platform) as work:
        chat = await work.chat()
        only = _is_post if what == "POST" else _any
        platform.breaks("*" if what == "POST" else what, play, times=None, only=only)
        platform.says(chat, "canary-words")
        await storm(work)
        assert work.busiest() <= MOST_IN_10_S
        platform.heal()
        await work.until(lambda: "You said canary-words" in chat.said())
        await work.goes_on(chat)
        assert chat.said().count("You said canary-words") == 1


def _any(_: Asked) -> bool:
    return True


def _is_post(asked: Asked) -> bool:
    return not asked.what.startswith("GET ")


@pytest.mark.parametrize("row", ["row-19-at-start", "row-19-later"])
async def test_a_refused_password_is_tried_three_times_and_then_once_a_minute(
    platform: Platform, row: str
) -> None:
    """Every request carries the password, so all of them count."""
    if row == "row-19-at-start":
        platform.breaks("*", status(401), times=None)
    async with starting(platform) as work:
        if row == "row-19-later":
            chat = await work.chat()
            platform.breaks("*", status(401), times=None)
            platform.says(chat, "canary-words")
        start = len(platform.asked)
        await storm(work, 255)
        tries = platform.asked[start:]
        logins = [asked.at for asked in tries if asked.what == "GET me"]
        # what was under way when the session ended may come once more
        assert len(tries) - len(logins) <= 2
        first, *_, third = logins[:3]
        assert third - first < 10
        assert [later - earlier for earlier, later in pairwise(logins[2:])] == [pytest.approx(60.0)] * 4
        platform.heal()
        await work.goes_on(*platform.chats.values())


async def test_row_19_a_code_8_is_not_tried_more_than_once_a_minute(platform: Platform) -> None:
    platform.breaks("*", answer(b'{"statusCode":8}'), times=None)
    async with starting(platform) as work:
        await storm(work)
        assert len(platform.asked) <= 3
        assert "password must be changed" in " ".join(work.bot.health.problems())


PLACES = ["GET me", "connect", "SendMessage", "GET chats"]
REDIRECTS = [301, 302, 303, 307, 308]


async def test_row_16_a_redirect_takes_nothing_anywhere(platform: Platform) -> None:
    """To another port, another host, and another scheme; from each place, and for a while from all."""
    decoy = Platform()
    async with serving(decoy) as elsewhere, at_work(platform) as work:
        chat = await work.chat()
        port = elsewhere.rpartition(":")[2]
        wheres = [
            elsewhere,
            f"http://localhost:{port}",
            f"https://127.0.0.1:{port}",
            f"//robo@127.0.0.1:{port}",
        ]
        for number, code in enumerate(REDIRECTS):
            for place, where in zip(PLACES, wheres[number % 4 :] + wheres, strict=False):
                platform.breaks(place, status(code, f"Location: {where}/login", "Set-Cookie: S=1; Path=/"))
            platform.says(chat, str(code))
            await work.until(lambda code=code: chat.said()[-1] == f"You said {code}")
            platform.breaks("*", status(code, f"Location: {elsewhere}/api/v2/me"), times=5)
        await work.goes_on(chat)
        assert (decoy.connections, decoy.asked, platform.faults) == (0, [], [])


WAITS = {
    "-1": 0,
    "1e9": 60,
    "abc": 1,
    "Thu, 01 Jan 1970 00:00:00 GMT": 0,
    "Fri, 01 Jan 2999 00:00:00 GMT": 60,
    "Fri, 99 Foo 99999 99:99:99 GMT": 1,
    "Thu, 01 Jan 2026": 1,
    "inf": 60,
    "nan": 1,
    "9" * 400: 60,
    "": 1,
    "2, 3": 1,
    "7": 7,
}


async def test_row_21_retry_after_is_clamped(platform: Platform) -> None:
    waited = {}
    async with at_work(platform) as work:
        chat = await work.chat()
        for value in WAITS:
            platform.breaks("SendMessage", status(429, f"Retry-After: {value}"))
            platform.says(chat, value)
            await work.until(lambda value=value: chat.said()[-1] == f"You said {value}")
            first, second = [asked.at for asked in platform.asked if asked.what == "SendMessage"][-2:]
            waited[value] = round(second - first, 3)
        await work.goes_on(chat)
    # a server that names no time to come is not hurried all the same: the first step of the back-off
    assert {value: 0 if 0 < seconds <= 0.5 else seconds for value, seconds in waited.items()} == WAITS


async def test_row_22_a_chat_that_is_always_braked_costs_no_other(platform: Platform) -> None:
    async with at_work(platform) as work:
        slow = await work.chat("Slow")
        brake = status(429, "Retry-After: 60")
        platform.breaks("SendMessage", brake, times=None, only=lambda asked: asked.chat_id == slow.id)
        platform.says(slow, "canary-words")
        other = await work.chat("Other")
        await work.goes_on(other)
        await work.until(lambda: work.bot.counters.actions["SendMessage", "RateLimited"])
        platform.heal()
        platform.says(slow, "and now?")
        await work.until(lambda: slow.said()[-1] == "You said and now?")


# row 23: Bayeux


def fields(**changes: Any) -> Callable[[Asked], bytes]:
    """Sound answers to all messages of a request, changed."""

    def make(asked: Asked) -> bytes:
        messages = json.loads(asked.body)
        changed = [{**replied(message, clientId="c9"), **changes} for message in messages]
        return answer(
            json.dumps(
                [{key: value for key, value in one.items() if value is not ...} for one in changed]
            ).encode()
        )

    return make


REFUSED = {"successful": False, "error": "402::Unknown client"}
ODD: dict[str, tuple[str, Callable[[Asked], bytes]]] = {
    "no-clientId": ("handshake", fields(clientId=...)),
    "clientId-number": ("handshake", fields(clientId=7)),
    "interval-1": ("connect", fields(advice={"interval": -1})),
    "interval-1e12": ("connect", fields(advice={"interval": 1e12})),
    "interval-nan-text": ("connect", fields(advice={"interval": "NaN", "timeout": [], "reconnect": {}})),
    "timeout-1e12": ("handshake", fields(advice={"timeout": 10**12})),
    "advice-list": ("connect", fields(advice=[])),
    "reconnect-none": ("connect", fields(**REFUSED, advice={"reconnect": "none"})),
    "reconnect-handshake": ("connect", fields(**REFUSED, advice={"reconnect": "handshake"})),
    "other-channel": ("connect", fields(channel="/meta/../x")),
    "other-id": ("connect", fields(id="no such")),
    "no-id": ("connect", fields(id=...)),
    "id-list": ("connect", fields(id=[1])),
    "refused-subscription": ("subscribe", fields(successful=False, error="403::denied")),
    "not-a-message": ("connect", lambda _: answer(b"[1,null,[],{}]")),
    "ack-list": ("connect", fields(ext={"ack": [1]})),
    "ack-1e30": ("connect", fields(ext={"ack": 10**30})),
    "402": ("connect", fields(**REFUSED)),
}


@pytest.mark.parametrize("cometd", ["httpx", "aiocometd"])
async def test_row_23_odd_bayeux_answers_are_no_end(platform: Platform, cometd: str) -> None:
    """One after another, in one life of the bot."""
    async with at_work(platform, cometd=cometd) as work:
        chat = await work.chat()
        for name, (what, make) in ODD.items():
            platform.answers(what, make)
            if what != "connect":
                platform.answers("connect", fields(**REFUSED))
            platform.says(chat, name)
            began = work.clock.monotonic()
            await work.until(lambda: len(chat.said()) == len(chat.said("Customer")) and not platform.faults)
            assert work.clock.monotonic() - began < 3600, name
        await work.goes_on(chat)


@pytest.mark.parametrize("cometd", ["httpx", "aiocometd"])
async def test_row_23_a_402_loop_is_bounded(platform: Platform, cometd: str) -> None:
    async with at_work(platform, cometd=cometd) as work:
        chat = await work.chat()
        platform.answers("connect", fields(**REFUSED), times=None)
        platform.says(chat, "canary-words")
        await storm(work)
        assert work.busiest() <= MOST_IN_10_S
        platform.heal()
        await work.goes_on(chat)


@pytest.mark.parametrize("cometd", ["httpx", "aiocometd"])
async def test_row_23_data_of_another_channel_is_not_ours(platform: Platform, cometd: str) -> None:
    async with at_work(platform, cometd=cometd) as work:
        chat = await work.chat()
        line = {**chat.write("Customer", "Ana", text="stolen"), "index": 5}
        chat.lines.pop()
        data = {"chatPath": f"/me/chats/{chat.id}", "messages": [line]}
        for channel in ("/v2/me/other", "/v2/me/chats/x", "/v2/me/../me/chats", "/meta/chats", "", "/"):
            platform.tell_text(json.dumps({"channel": channel, "data": data}))
        await work.goes_on(chat)
        assert "You said stolen" not in chat.said()


# half-open connections


async def test_a_server_that_accepts_and_never_answers_keeps_nobody(platform: Platform) -> None:
    platform.breaks("*", hang, times=3)
    async with starting(platform, request_timeout=0.1) as work:
        began = time.monotonic()
        await work.until(lambda: len(platform.asked) > 3)
        assert time.monotonic() - began >= 0.3
        await work.goes_on()


DRIP = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ")


@pytest.mark.parametrize("play", [hang, DRIP], ids=["silence", "row-05-drip"])
@pytest.mark.parametrize("source_class", [CometdSource, AiocometdSource])
async def test_a_server_that_vanishes_while_a_poll_is_held_is_noticed(
    platform: Platform, source_class: type[CometdSource], play: Play
) -> None:
    """It sends no whole answer and no FIN. The poll's deadline is what was advised, and some slack."""
    platform.advice = {"timeout": 100}
    clock = JumpClock(platform)
    found: list[Signal] = []

    async def renew() -> None:
        raise AssertionError("nobody was logged out")

    async with serving(platform) as url, aclosing(HttpxHttp(url)) as http, asyncio.TaskGroup() as tasks:
        ticking = tasks.create_task(clock.run())
        source = source_class(
            http,
            path="/api/v2/notifications",
            channels=["/v2/me/chats"],
            clock=clock,
            rng=random.Random(7),
            renew=renew,
            limits=Limits(request_timeout_s=2.0, poll_slack_s=0.1),
        )
        async with asyncio.timeout(5.0), aclosing(source.signals()) as signals:
            async for signal in signals:
                if isinstance(signal, Batch) and not found:
                    platform.breaks("connect", play)
                    began = time.monotonic()
                if isinstance(signal, SessionStarted) and not found:
                    continue
                found.append(signal)
                if isinstance(signal, Trouble):
                    took = time.monotonic() - began
                elif any(isinstance(one, Trouble) for one in found):
                    break
        ticking.cancel()
    (trouble,) = [signal.error for signal in found if isinstance(signal, Trouble)]
    assert isinstance(trouble, ConnectionLost)
    assert 0.2 <= took <= 1.5
