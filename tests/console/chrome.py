"""Drives Chromium by its own protocol, over two pipes: nothing has to be installed beside the browser."""

import asyncio
import base64
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.console.keys import KEYS

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 20.0
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars", "--remote-debugging-pipe"),
)


def browser() -> str | None:
    """The browser of this machine; None if it has none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Tab:
    """One page of the browser, and all that it has said.

    Args:
        send: Sends a command and waits for its answer.
    """

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send
        self.said: list[str] = []

    def hear(self, event: dict[str, Any]) -> None:
        """What the page logs, and what it fails with."""
        method, details = event["method"], event.get("params", {})
        if method == "Log.entryAdded":
            self.said.append(f"{details['entry']['source']}: {details['entry']['text']}")
        elif method == "Runtime.exceptionThrown":
            self.said.append(json.dumps(details["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.said.append(f"console: {details['type']}")

    async def open(self, url: str) -> None:
        """Load a page."""
        await self._send("Page.navigate", url=url)
        await self.until(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    async def run(self, script: str) -> Any:
        """What an expression is."""
        answer = await self._send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        """Until an expression is true."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await self._holds(condition):  # noqa: ASYNC110 (the page tells nobody)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            page = await self.run("document.body.innerText")
            raise AssertionError(f"in vain: {condition}\n{page}") from None

    async def _holds(self, condition: str) -> bool:
        answer = await self._send("Runtime.evaluate", expression=condition, returnByValue=True)
        return bool(answer["result"].get("value"))

    async def press(self, key: str, times: int = 1) -> None:
        """Press a key."""
        for _ in range(times):
            await self._send("Input.dispatchKeyEvent", type="keyDown", **KEYS[key])
            await self._send("Input.dispatchKeyEvent", type="keyUp", **KEYS[key])

    async def write(self, text: str) -> None:
        """Write into what has the focus."""
        await self._send("Input.insertText", text=text)

    async def tab_to(self, selector: str, most: int = 60) -> None:
        """Press the tabulator until this has the focus."""
        for _ in range(most):
            await self.press("Tab")
            if await self.run(f"document.activeElement?.matches({json.dumps(selector)}) ?? false"):
                return
        raise AssertionError(f"{selector} cannot be reached by the keyboard")

    async def follow(self, selector: str) -> None:
        """Reach this by the keyboard, press Enter, and wait for the page that comes."""
        await self.tab_to(selector)
        await self.run("window.isOld = true")
        await self.press("Enter")
        await self.until("!window.isOld && document.readyState === 'complete'")

    async def looks(self, scheme: str, width: int = 1280, height: int = 900, zoom: float = 1) -> None:
        """Light or dark, and how large the window is."""
        feature = [{"name": "prefers-color-scheme", "value": scheme}]
        await self._send("Emulation.setEmulatedMedia", features=feature)
        await self._send(
            "Emulation.setDeviceMetricsOverride",
            width=int(width / zoom),
            height=int(height / zoom),
            deviceScaleFactor=zoom,
            mobile=False,
        )

    async def picture(self, path: Path) -> None:
        """Keep how it looks, from top to bottom."""
        answer = await self._send("Page.captureScreenshot", captureBeyondViewport=True)
        await asyncio.to_thread(_keep, path, base64.b64decode(answer["data"]))


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


class _Pipe:
    """Commands out, answers and events in."""

    def __init__(self, reader: asyncio.StreamReader, out: int) -> None:
        self._reader, self._out = reader, out
        self._number = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.hear: Callable[[dict[str, Any]], None] = lambda _: None

    async def listen(self) -> None:
        while True:
            message = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            waiting = self._waiting.pop(message.get("id", 0), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
            elif "method" in message:
                self.hear(message)

    async def send(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        self._number += 1
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = waiting
        command = {"id": self._number, "method": method, "params": params}
        text = json.dumps(command | ({"sessionId": session} if session else {}))
        os.write(self._out, text.encode() + b"\0")
        answer = await asyncio.wait_for(waiting, PATIENCE_S)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result


@asynccontextmanager
async def chrome() -> AsyncIterator[Tab]:
    """A browser of its own, with one empty page."""
    path = browser()
    assert path is not None
    with tempfile.TemporaryDirectory(prefix="chrome-", ignore_cleanup_errors=True) as folder:
        async with _process(path, folder) as pipe:
            listening = asyncio.create_task(pipe.listen(), name="browser")
            try:
                yield await _tab(pipe)
                await pipe.send("Browser.close")
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


@asynccontextmanager
async def _process(path: str, folder: str) -> AsyncIterator[_Pipe]:
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
    # the browser reads commands from 3 and writes to 4
    script = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script, path, *_FLAGS, f"--user-data-dir={folder}", "about:blank"),
        pass_fds=(theirs_in, theirs_out),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    reader = asyncio.StreamReader(limit=2**26)
    with os.fdopen(ours_in, "rb", buffering=0) as source:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), source
        )
        try:
            yield _Pipe(reader, ours_out)
        finally:
            transport.close()
            os.close(ours_out)
            if process.returncode is None:
                try:
                    await asyncio.wait_for(process.wait(), 5)
                except TimeoutError:
                    process.kill()
            await process.wait()


async def _tab(pipe: _Pipe) -> Tab:
    target = (await pipe.send("Target.createTarget", url="about:blank"))["targetId"]
    session = (await pipe.send("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]

    async def send(method: str, **params: Any) -> dict[str, Any]:
        return await pipe.send(method, session, **params)

    tab = Tab(send)
    pipe.hear = tab.hear
    for domain in ("Page", "Runtime", "Log"):
        await send(f"{domain}.enable")
    return tab
