"""Tells open pages that something has changed, at most once a second; they then load their parts anew.

To look for changes takes at most a twentieth of the time of the event loop, however many pages listen: then
each is told less often.

Nothing of what has changed is told here: a page shows only what its reader may see by asking for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from time import perf_counter

from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

__all__ = ["MOST_LISTENERS", "EventStream", "Live", "version_of"]

MOST_LISTENERS = 32
"""So many pages are kept up to date; further ones are as they were when they were loaded."""

_EVERY_S = 1.0
_SEND_WITHIN_S = 5.0
_ROUNDS_OF_SILENCE = 15
_MOST_ROUNDS = 3_600
_SHARE = 20


def version_of(state: Hashable) -> str:
    """A short name of this state. Other processes give it another one."""
    return f"{hash(state) & 0xFFFF_FFFF_FFFF:x}"


class Live:
    """All pages that are kept up to date.

    Args:
        most: How many there may be.
        every_s: How often each is told, at most.
    """

    def __init__(self, most: int = MOST_LISTENERS, every_s: float = _EVERY_S) -> None:
        self.every_s = every_s
        self._most = most
        self._places = 0
        self._listening: set[asyncio.Task[None]] = set()
        self._is_open = True

    def stream(self, look: Callable[[], Hashable]) -> Response:
        """Tells one page of each change; or says that there are too many.

        Args:
            look: What the page shows, as far as a change of it is to be told.
        """
        if len(self._listening) >= self._most or not self._is_open:
            return PlainTextResponse("too many listeners\n", 503, headers={"retry-after": "30"})
        return EventStream(self, look)

    def set_open(self, *, is_open: bool) -> None:
        """Let pages listen, or send all of them away: the service is about to end."""
        self._is_open = is_open
        if not is_open:
            for task in self._listening:
                task.cancel()

    def pause_after(self, seconds: float) -> float:
        """How long a page is to wait that took so long to look at."""
        return max(self.every_s, seconds * _SHARE * len(self._listening))

    @contextmanager
    def listening(self, task: asyncio.Task[None]) -> Iterator[None]:
        """The task ends when the page goes away, or is sent away."""
        self._listening.add(task)
        try:
            yield
        finally:
            self._listening.discard(task)
            task.cancel()


class EventStream(Response):
    """The events of one page, as server-sent events.

    Args:
        live: Where it belongs.
        look: What the page shows.
    """

    media_type = "text/event-stream"

    def __init__(self, live: Live, look: Callable[[], Hashable]) -> None:
        super().__init__(headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._live = live
        self._look = look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it until the reader goes."""
        if scope["method"] == "HEAD":
            await PlainTextResponse()(scope, receive, send)
            return
        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(_until_gone(receive), name="console: listener")
            with self._live.listening(ending):
                await self._tell(send, ending)

    async def _tell(self, send: Send, ending: asyncio.Task[None]) -> None:
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await _sent(send, start)
            await _sent(send, _part("retry: 3000\n\n"))
            await self._tell_changes(send, ending)
            await _sent(send, _part("", more=False))
        except TimeoutError:
            return  # it reads nothing: the connection ends without a good-bye

    async def _tell_changes(self, send: Send, ending: asyncio.Task[None]) -> None:
        known, silent = "", 0
        for _ in range(_MOST_ROUNDS):
            began = perf_counter()
            version = version_of(self._look())
            pause_s = self._live.pause_after(perf_counter() - began)
            silent = 0 if version != known else silent + 1
            if version != known:
                await _sent(send, _part(f"event: changed\ndata: {version}\n\n"))
            elif silent % _ROUNDS_OF_SILENCE == 0:
                await _sent(send, _part(":\n\n"))
            known = version
            await asyncio.wait([ending], timeout=pause_s)
            if ending.done():
                return


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _sent(send: Send, message: Message) -> None:
    async with asyncio.timeout(_SEND_WITHIN_S):
        await send(message)


def _part(text: str, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": text.encode(), "more_body": more}
