"""``chatbot run`` tells nobody what customers and servers say: all that a real process prints."""

import asyncio
import base64
import json
from pathlib import Path

import httpx
import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.faults import Answer, Fault, Match
from chatbot.simulator.server import serve
from tests.cli.programs import answers, free_port, program, write

pytestmark = pytest.mark.long

PASSWORD, WORDS, NAME, DATA, SERVER = (
    "canary-password-7731",
    "canary-words 4111 1111 1111 1111",
    "Canary-Nickname",
    "canary-data-2204",
    "canary-server-9034",
)
PLUGIN = """
    import asyncio, gc, logging, sys, threading, time, warnings
    from chatbot import hookimpl

    log = logging.getLogger("careless")


    class Dying:
        def __init__(self, text):
            self.text = text

        def __del__(self):
            raise ValueError(self.text)


    async def lost(text):
        raise ValueError(text)


    def tell(chat, event):
        log.info("%s and %s", event, chat.user_data)
        log.debug("%r", [event, chat.participants])
        log.warning("the customer says %s", event.text)
        log.warning("bad template %d", event.text)
        log.error(ValueError(event.text))
        warnings.warn(event.text)
        del [Dying(event.text)][0]
        thread = threading.Thread(target=fail, args=(event.text,))
        thread.start()
        thread.join()
        try:
            {}[event.text]
        except KeyError as exc:
            log.exception("no such key: %s", exc)


    def fail(text):
        raise ValueError(text)


    @hookimpl
    def on_action(action):
        if "review" in getattr(action, "text", ""):
            raise ValueError(action.text)


    @hookimpl
    async def on_text(chat, event):
        word, _, rest = event.text.partition(" ")
        if word == "tell":
            tell(chat, event)
            asyncio.get_running_loop().create_task(lost(event.text))
            await asyncio.sleep(0)
            gc.collect()
            chat.spawn(lost(event.text))
        elif word == "raise":
            raise ExceptionGroup(event.text, [ValueError(event.text)])
        elif word == "overrun":
            await asyncio.sleep(60)
        elif word == "block":
            time.sleep(1.5)
        return f"You said {event.text}"
"""
SAID = ("tell", "raise", "overrun", "block", "review", "html", "refused", "plain")


async def printed(folder: Path, level: str, mode: str, *options: str) -> tuple[str, str]:
    """All that a process told: on its streams, and on its pages for machines."""
    simulator, admin = Simulator(), f"127.0.0.1:{free_port()}"
    simulator.world.add_agent("maid", password=PASSWORD)
    simulator.world.add_agent("late", password="another")
    refusal = json.dumps({"statusCode": 6, "statusMessage": f"{SERVER} {WORDS}"})
    send = Match(operation="SendMessage", agent="maid")
    async with serve(simulator.asgi) as server:
        write(
            folder,
            f"""
            service.admin = "{admin}"
            [defaults]
            server = "{server}"
            password = {{ env = "PASSWORD" }}
            plugins = ["careless"]
            hook_timeout = 2.0
            mode = "{mode}"
            [bots.maid]
            username = "maid"
            [bots.late]
            username = "late"
            """,
            careless=PLUGIN,
        )
        run_ = program("run", "--log-level", level, *options, cwd=folder, PASSWORD=PASSWORD)
        about = {"nickname": NAME, "user_data": {"note": DATA}}
        async with run_ as run:
            await run.says("refused user name and password")
            if mode == "live":
                await run.says("ready")
                async with Customer(server, endpoint="maid", **about) as customer:
                    await customer.sees_agent()
                    for word in SAID:
                        if word == "html":
                            page = Answer(
                                500, f"<html>{SERVER} {WORDS}</html>", {"Content-Type": "text/html"}
                            )
                            simulator.faults.append(Fault(send, page))
                        if word == "refused":
                            simulator.faults.append(Fault(send, Answer(200, refusal)))
                        await customer.says(f"{word} {WORDS}")
                    await customer.hears(f"You said plain {WORDS}", timeout_s=20)
                    await customer.says(f"overrun {WORDS}")  # and is stopped in the middle
                    pages = await _pages(admin)
                    run.stop()
                    await run.ends(30.0)
            else:
                pages = await _pages(admin)
                run.stop()
                await run.ends(30.0)
        sessions = simulator._sessions.sessions.values()
        csrf = [secret for session in sessions for secret in (session.id, session.csrf_token)]
        assert [token for token in csrf if token in run.output] == []
        return run.output, pages


async def _pages(admin: str) -> str:
    async with httpx.AsyncClient(trust_env=False) as http:
        found = [await http.get(f"http://{admin}/{page}") for page in ("metrics", "readyz", "healthz")]
    await answers(f"http://{admin}/healthz", 200)
    return "\n".join(page.text for page in found)


@pytest.mark.parametrize("level", ["info", "debug"])
def test_a_service_tells_nothing_of_what_is_said(tmp_path: Path, level: str) -> None:
    output, pages = asyncio.run(printed(tmp_path, level, "live"))
    told = f"{output}\n{pages}".lower()
    secret = base64.b64encode(f"maid:{PASSWORD}".encode()).decode().lower()
    assert [line for line in told.splitlines() if "canary" in line or "4111" in line or secret in line] == []
    messages = [json.loads(line)["message"] for line in output.splitlines()]
    for sign in (
        "plugin careless: on_text failed",
        "plugin careless: on_action failed: SendMessage is not sent",
        "plugin careless: what on_text had spawned failed",
        "Task exception was never retrieved",
        "an error had nobody to go to",
    ):
        assert sign in messages


def test_who_asks_for_texts_gets_them_and_is_told_so(tmp_path: Path) -> None:
    output, _ = asyncio.run(printed(tmp_path, "info", "live", "--show-texts"))
    assert "this log shows what customers say (--show-texts)" in output
    assert WORDS in output
    assert PASSWORD not in output


def test_a_bot_in_shadow_tells_nothing_either(tmp_path: Path) -> None:
    output, pages = asyncio.run(printed(tmp_path, "debug", "shadow"))
    assert "canary" not in f"{output}\n{pages}".lower()
