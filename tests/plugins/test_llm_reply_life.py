"""Key, connections and settings of llm_reply, and what a customer sees."""

import asyncio
import gc
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from chatbot import hookimpl
from chatbot.hooks.manager import CallResult, Occasion
from chatbot.model.actions import SendMessage
from chatbot.model.errors import ConfigError
from tests.flow.stage import on_stage
from tests.hooks.stage import ME
from tests.plugins.endpoint import Talk, endpoint, line, says, talking, uses
from tests.plugins.stage import WHERE, load
from tests.told import told


async def test_only_customers_are_answered() -> None:
    async with talking() as talk:
        await talk.stage.call(talk.plugins, line(1, "hi", ME))
        assert talk.there.requests == []


async def test_the_key_goes_along_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="chatbot")
    monkeypatch.setenv("LLM", "s3cret")
    (tmp_path / "key").write_text("s3cret\n")
    for key in ({"env": "LLM"}, {"file": str(tmp_path / "key")}, "s3cret"):
        async with talking(api_key=key) as talk:
            await talk.hears(Response("no", 500))
            assert talk.there.keys == ["Bearer s3cret"]
            assert "s3cret" not in repr(talk.loaded)
    assert "s3cret" not in caplog.text


async def test_without_its_key_it_is_silent_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    async with talking(api_key={"env": "NOT_THERE"}) as talk:
        assert await talk.hears() == CallResult()
        assert await talk.hears() == CallResult()
        assert talk.there.requests == []
    expected = (
        "llm_reply answers nothing: api_key: CB116 the environment variable NOT_THERE is missing or empty"
    )
    assert caplog.messages == [expected]


async def test_the_end_lets_what_is_asked_be_answered_and_leaves_nothing_open() -> None:
    async with endpoint() as there:
        talk = Talk(there)
        await talk.life("on_bot_started")
        client = vars(talk.loaded.hooks)["_client"]
        there.hangs = True
        asking = asyncio.create_task(talk.hears(says("late")))
        await there.reached.wait()
        stopping = asyncio.create_task(talk.life("on_bot_stopping"))
        await asyncio.sleep(0)
        assert not client.is_closed
        there.go.set()
        await asyncio.gather(asking, stopping)
        assert talk.sent == [SendMessage(text="late")]
        assert client.is_closed
        assert await talk.hears(says("later")) == CallResult()
        await talk.life("on_bot_started")
        await talk.life("on_bot_started")  # a bot that is started again
        assert (await talk.hears(says("again"))).handled
        await talk.life("on_bot_stopping")
    gc.collect()


async def test_an_end_that_is_cut_short_closes_all_the_same() -> None:
    async with endpoint() as there:
        talk = Talk(there)
        await talk.life("on_bot_started")
        client = vars(talk.loaded.hooks)["_client"]
        there.hangs = True
        asking = asyncio.create_task(talk.stage.call(talk.plugins, line(1, "hi")))
        await there.reached.wait()
        result = await talk.plugins.call("on_bot_stopping", Occasion(talk.stage.bot), timeout_s=0.01)
        assert (result.failed, client.is_closed) == (["llm_reply"], True)
        asking.cancel()
        await asyncio.wait([asking])


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"model": "m"}, "needs the key 'base_url'"),
        ({"base_url": "https://x", "model": ""}, "model: expected at least 1 character"),
        (
            {"base_url": "", "model": "m"},
            'base_url: expected an address such as "https://llm.example.com/v1"',
        ),
        ({"base_url": "https://x:y", "model": "m"}, "base_url: expected an address"),
        ({"base_url": "https://u:p@x", "model": "m"}, "base_url: expected an address"),
        ({"base_url": "https://:p@x", "model": "m"}, "base_url: expected an address"),
        ({"base_url": "https://x/v1#end", "model": "m"}, "base_url: expected an address"),
        ({"base_url": " https://x/v1", "model": "m"}, "base_url: expected an address"),
        (
            {"base_url": "http://llm.example.com", "model": "m"},
            "base_url: customers' texts would go there without encryption: use https",
        ),
        ({"base_url": "https://x", "model": "m", "timeout": 0}, "timeout: expected"),
        (
            {"base_url": "https://x", "model": "m", "api_key": {"file": "key"}},
            "api_key: file: expected an abs",
        ),
        ({"base_url": "https://x", "model": "m", "api_key": {}}, "api_key gives no place, or several"),
        (
            {"base_url": "https://x", "model": "m", "modle": "m"},
            "has no key 'modle'\n  fix: rename modle to model",
        ),
        (
            {"base_url": "https://x", "model": "m", "tools": {"transfer": {}}},
            "[tools] transfer: give exactly one of queue and target",
        ),
        (
            {"base_url": "https://x", "model": "m", "tools": {"transfer": {"queue": ""}}},
            "[tools.transfer] queue: expected at least 1 character",
        ),
        (
            {"base_url": "https://x", "model": "m", "tools": {"rm": True}},
            "[tools] has no key 'rm'\n  fix: remove rm",
        ),
    ],
)
def test_wrong_settings_are_told(table: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load("llm_reply", **table)
    assert told(caught.value, WHERE).startswith(expected)


# the whole way


class LastResort:
    @hookimpl
    async def on_text(self) -> str:
        return "A colleague will see to it."


async def test_a_customer_reads_the_model_or_else_the_next_plugin_and_never_an_error() -> None:
    async with endpoint() as there:
        there.answers = [says("I am a model."), Response("secret stack", 500), uses(("transfer", {}))]
        tools = {"transfer": {"queue": "Support"}}
        plugin = load("llm_reply", base_url=there.url, model="m", tools=tools).hooks
        async with on_stage(plugin, LastResort()) as stage, stage.customer() as ana:
            await ana.says("hello")
            await ana.hears("^I am a model")
            await ana.says("and now?")
            await ana.hears("^A colleague will see to it")
            await ana.says("a human please")
            await ana.hears("Helena here")
        said = [one.text for one in ana.lines if one.type == "Text"]
        assert "secret" not in json.dumps(said)
        roles = [message["role"] for message in there.requests[1]["messages"]]
        assert roles == ["user", "assistant", "user"]
