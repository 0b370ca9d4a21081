"""Rows 1 to 9: answers that cannot be read. What hung on one is asked for or told again."""

from __future__ import annotations

import codecs
import gzip
import json
import time

import pytest

from tests.faults.raw import Platform
from tests.faults.stage import at_work, starting
from tests.wire.raw_server import Play, answer, closing, dripping, flooding, hang, resetting

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SOUND = b'[{"statusCode":0}]'
PLACES = ["GET me", "handshake", "subscribe", "connect", "Ready", "GET chats", "GET messages", "SendMessage"]

BODIES: dict[str, Play] = {
    "row-01-deep-json": answer(b"[" * 100_000),
    "row-01-deep-objects": answer(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "row-02-long-number": answer(b'{"statusCode":' + b"9" * 5_000 + b"}"),
    "row-02-50-MB-number": closing(OK + b"Content-Length: 50000000\r\n\r\n" + b"9" * 9_000_000),
    "row-02-50-MB-string": closing(OK + b'Content-Length: 50000000\r\n\r\n"' + b"x" * 9_000_000),
    "row-02-1e400": answer(b'{"statusCode":1e400}'),
    "row-02-nan": answer(b'{"statusCode":NaN}'),
    "row-02-infinity": answer(b'{"statusCode":0,"x":-Infinity}'),
    "row-03-gzip-bomb": answer(gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip"),
    "row-03-gzip-in-gzip": answer(gzip.compress(gzip.compress(SOUND)), "Content-Encoding: gzip, gzip"),
    "row-04-endless-chunks": flooding(CHUNKED, b"100000\r\n" + b" " * 2**20 + b"\r\n"),
    "row-04-5-MB-headers": closing(OK + b"X: " + b"x" * 5_000_000),
    "row-04-two-lengths": closing(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
    "row-05-headers-drip": dripping(OK, b"X-Drip: 1\r\n"),
    "row-05-body-drip": dripping(OK + b"Content-Length: 100000\r\n\r\n", b" "),
    "row-05-silence": hang,
    "row-06-truncated-json": answer(SOUND[:-4]),
    "row-06-truncated-body": closing(OK + b"Content-Length: 100\r\n\r\n" + SOUND),
    "row-06-truncated-chunk": closing(CHUNKED + b"5\r\n[{"),
    "row-06-reset": resetting(OK + b"Content-Le"),
    "row-07-login-page": answer(b"<!DOCTYPE html><title>Log in</title>", "Content-Type: text/html"),
    "row-08-empty": answer(b""),
    "row-08-no-content": answer(b"", status="204 No Content"),
    "row-08-blank": answer(b" \r\n "),
    "row-08-null": answer(b"null"),
    "row-09-latin-1": answer(b'"\xe4'),
    "row-09-odd-utf-16": answer('[{"statusCode":'.encode("utf-16")),
    "row-09-bom-alone": answer(codecs.BOM_UTF8),
}
# what the log says of it: that it was refused for the right reason
REASONS = {
    "row-01": "is not JSON",
    "row-02-long": "is not JSON",
    "row-02-50": "larger than",
    "row-02-1e400": "no status code",
    "row-02": "is not JSON",
    "row-03-gzip-bomb": "larger than",
    "row-03": "a Content-Encoding that was not asked for",
    "row-04-endless": "larger than",
    "row-04": "the server broke off",
    "row-05": "no answer to POST within 0.05 s",
    "row-06-truncated-json": "is not JSON",
    "row-06-reset": "connection lost",
    "row-06": "the server broke off",
    "row-07": "a web page came instead of JSON",
    "row-08-no-content": "HTTP 204",
    "row-08-null": "no Bayeux message",
    "row-08": "is not JSON",
    "row-09": "is not JSON",
}
SLOW = {"row-05-headers-drip", "row-05-body-drip", "row-05-silence"}
LARGE = {"row-02-50-MB-string", "row-04-endless-chunks", "row-04-5-MB-headers"}
EVERYWHERE = ["row-02-nan", "row-06-truncated-json", "row-07-login-page", "row-08-empty", "row-08-null"]


@pytest.mark.parametrize("row", BODIES)
async def test_an_answer_that_cannot_be_read_costs_no_text(
    platform: Platform, caplog: pytest.LogCaptureFixture, row: str
) -> None:
    """Once each: a poll, a transcript that is read, and a reply that is sent."""
    async with at_work(platform, request_timeout=0.05 if row in SLOW else 2.0) as work:
        chat = await work.chat()
        places = ["SendMessage"] if row in SLOW | LARGE else ["connect", "GET messages", "SendMessage"]
        for place in places:
            platform.breaks(place, BODIES[row])
        platform.chats[chat.id].write("Customer", "Ana", text="canary-words")  # and nothing is told of it
        await work.goes_on(chat)
        assert platform.faults == []
    assert work.bot.counters.troubles == places.count("connect")
    assert next(reason for start, reason in REASONS.items() if row.startswith(start)) in caplog.text


@pytest.mark.parametrize("row", EVERYWHERE)
async def test_an_answer_that_cannot_be_read_is_no_end_wherever_it_comes(
    platform: Platform, row: str
) -> None:
    for place in PLACES:
        platform.breaks(place, BODIES[row], times=2)
    async with starting(platform) as work:
        await work.goes_on()
        assert [fault.what for fault in platform.faults] in ([], ["GET messages"])
        assert platform.times("GET me") >= 3


async def test_row_07_a_login_page_is_a_lost_session(platform: Platform) -> None:
    async with at_work(platform) as work:
        platform.breaks("connect", BODIES["row-07-login-page"])
        await work.until(lambda: platform.times("GET me") == 2)
        assert [asked.what for asked in platform.asked][-2:] == ["connect", "GET me"]
        await work.goes_on()
        assert (platform.times("GET me"), work.bot.counters.sessions) == (2, 2)


@pytest.mark.parametrize("row", sorted(SLOW))
async def test_a_server_that_drips_is_left_at_the_deadline(platform: Platform, row: str) -> None:
    platform.breaks("GET me", BODIES[row])
    async with starting(platform, request_timeout=0.1) as work:
        began = time.monotonic()
        await work.until(lambda: platform.times("GET me") == 2)
        took = time.monotonic() - began
        await work.goes_on()
    # 1.1 times the time-out, and what a busy machine may add
    assert 0.1 <= took <= 0.1 * 1.1 + 1.0


TEXTS = {
    "row-09-bom": lambda text: codecs.BOM_UTF8 + text.encode(),
    "row-09-utf-16": lambda text: text.encode("utf-16"),
    "row-09-utf-16-be": lambda text: text.encode("utf-16-be"),
    "row-09-utf-32": lambda text: text.encode("utf-32"),
    "row-09-latin-1-in-a-text": lambda text: text.encode().replace(b"words", b"w\xf6rds"),
}


@pytest.mark.parametrize("row", TEXTS)
async def test_json_in_another_encoding_is_read(platform: Platform, row: str) -> None:
    async with at_work(platform) as work:
        chat = await work.chat()
        line = chat.write("Customer", "Ana", text="words")
        data = {"chatPath": f"/me/chats/{chat.id}", "messages": [line]}
        platform.answers(
            "connect",
            lambda asked: answer(
                TEXTS[row](
                    json.dumps(
                        [
                            {"channel": "/v2/me/chats", "data": data},
                            {
                                "channel": "/meta/connect",
                                "id": json.loads(asked.body)[0]["id"],
                                "successful": True,
                            },
                        ]
                    )
                )
            ),
        )
        await work.until(lambda: len(chat.said()) == 2)
        assert chat.said()[1] in {"You said words", "You said w\ufffdrds", "You said w?rds"}
        assert work.bot.counters.troubles == 0
