import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chatbot import Chat, ChatEnded, ParticipantLeft, TextReceived, TranscriptSaved, hookimpl
from chatbot.hooks.manager import Occasion
from chatbot.model.actions import Complete, SendMessage
from chatbot.model.errors import ConfigError, ConnectionLost
from chatbot.model.events import TranscriptEvent, UrlPushed
from tests.bot.desk import Desk, code
from tests.bot.drawer import Drawer
from tests.bot.stage import on_stage
from tests.flow.stage import on_stage as on_real_stage
from tests.hooks.stage import ANA, ME, Stage, manager
from tests.plugins.stage import ABOUT, WHERE, load
from tests.told import told

CARD = "4111 1111 1111 1111"
THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def line(index: int | None, text: str = "hi", **fields: Any) -> TextReceived:
    return TextReceived(text=text, chat_id="A", index=index, **{"sender": ANA, **ABOUT, **fields})


ENDED = ChatEnded(chat_id="A", reason="Completed", **ABOUT)
SAVED = TranscriptSaved(chat_id="A", index=-1, **ABOUT)
LEFT = ParticipantLeft(chat_id="A", index=9, sender=ANA, **ABOUT)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def texts_in(path: Path) -> list[str]:
    """What was said; lines without a text left out."""
    written = [json.loads(one) for one in path.read_text().splitlines()]
    return [one["text"] for one in written if one["text"]]


class Archive:
    """One chat with the plugin."""

    def __init__(self, folder: Path, *transcript: TranscriptEvent, chat_id: str = "A", **table: Any) -> None:
        self.stage = Stage()
        self.stage.view.resource = self.stage.view.resource.model_copy(update={"id": chat_id})
        self.shows(*transcript)
        self.folder = folder
        self.plugins = manager(load("transcript_archive", folder=str(folder), **table))

    def shows(self, *transcript: TranscriptEvent) -> None:
        self.stage.view.transcript = list(transcript)

    def shows_no_more(self) -> None:
        async def lines(start: int, count: int | None) -> list[TranscriptEvent]:
            raise ConnectionLost("gone")

        self.stage.view.lines = lines  # type: ignore[method-assign]

    async def hears(self, *events: Any) -> list[str]:
        """Which hooks failed."""
        failed = []
        for event in events:
            for hook in ("on_event", event.hook):
                failed += (await self.stage.call(self.plugins, event, hook=hook)).failed
        return failed

    def texts(self, name: str = "concierge.A.jsonl") -> list[str]:
        return [json.loads(written)["text"] for written in (self.folder / name).read_text().splitlines()]


async def test_a_chat_that_has_ended_is_a_file_of_masked_lines(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    mail = ANA.model_copy(update={"nickname": "ana@example.com"})
    pushed = UrlPushed(url="https://x.example", chat_id="A", index=3, sender=ME, **ABOUT)
    archive = Archive(folder, line(1, f"my card: {CARD}", sender=mail, timestamp=THEN), pushed)
    assert await archive.hears(ENDED) == []
    path = folder / "concierge.A.jsonl"
    assert [json.loads(written) for written in path.read_text().splitlines()] == [
        {
            "index": 1,
            "time": "2026-01-02T03:04:05+00:00",
            "type": "TextReceived",
            "visibility": "All",
            "sender": "[email]",
            "sender_type": "Customer",
            "text": "my card: [card]",
        },
        {
            "index": 3,
            "time": None,
            "type": "UrlPushed",
            "visibility": "All",
            "sender": "Concierge",
            "sender_type": "Agent",
            "text": "https://x.example",
        },
    ]
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert names_in(folder) == ["concierge.A.jsonl"]


async def test_what_was_heard_is_kept_where_the_server_shows_nothing_any_more(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.shows_no_more()
    assert await archive.hears(line(2, "two"), line(1, "one"), line(None, "nowhere"), SAVED, ENDED) == []
    assert archive.texts() == ["one", "two"]


async def test_it_is_read_when_the_customer_leaves_and_before_the_bot_does(tmp_path: Path) -> None:
    archive = Archive(tmp_path, line(1, "one"), line(2, "the bot's", sender=ME))
    await archive.hears(LEFT)
    archive.shows(line(3, "farewell", sender=ME))
    occasion = Occasion(archive.stage.bot, archive.stage.chat)
    for action in (SendMessage(text="x"), Complete()):
        assert await archive.plugins.review(action, occasion, timeout_s=5) is action
    archive.shows_no_more()
    assert await archive.plugins.review(Complete(), occasion, timeout_s=5) == Complete()
    await archive.hears(ENDED)
    assert archive.texts() == ["one", "the bot's", "farewell", ""]
    assert archive.stage.view.asked == [(1, None), (1, None)]


async def test_it_may_be_written_when_the_server_has_stored_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path, line(1, "one"), when=["saved"])
    await archive.hears(SAVED)
    assert archive.texts() == ["one"]
    archive.shows(line(1, "one"), line(2, "two"))
    await archive.hears(ENDED)
    assert archive.texts() == ["one"]
    both = Archive(tmp_path, line(1, "one"), line(2, "two"), when=["saved", "ended"])
    await both.hears(SAVED, ENDED)
    assert both.texts() == ["one", "two"]


async def test_a_file_that_is_written_again_keeps_what_it_held_and_doubles_nothing(tmp_path: Path) -> None:
    await Archive(tmp_path, line(1, "one"), line(2, "two")).hears(ENDED)
    (tmp_path / "concierge.A.jsonl.new").write_text("left by a process that was killed")
    again = Archive(tmp_path, line(2, "two"), line(3, "three"))
    await again.hears(ENDED)
    assert again.texts() == ["one", "two", "three"]
    assert names_in(tmp_path) == ["concierge.A.jsonl"]


async def test_where_nothing_is_known_no_file_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    archive = Archive(tmp_path)
    assert await archive.hears(ENDED) == []
    assert names_in(tmp_path) == []
    assert caplog.messages == ["chat A: nothing is known of what was said: no file is written"]


@pytest.mark.parametrize("damage", ["{", "[]\n", '{"index": "x"}\n', "7\n", '{"a": 1}\n'])
async def test_a_damaged_file_is_written_anew(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "concierge.A.jsonl").write_text(damage)
    archive = Archive(tmp_path, line(1, "one"))
    assert await archive.hears(ENDED) == []
    assert archive.texts() == ["one"]
    assert caplog.messages == [f"{tmp_path / 'concierge.A.jsonl'} is damaged: it is written anew"]


@pytest.mark.parametrize(
    "chat_id", ["../../etc/x", "/etc/x", "a\x00b", "a b%2e\n", "\ud800", "..", "x" * 500, "y" * 500, "ä"]
)
async def test_no_id_leads_out_of_the_folder(tmp_path: Path, chat_id: str) -> None:
    folder = tmp_path / "in"
    assert await Archive(folder, line(1), chat_id=chat_id).hears(ENDED) == []
    [name] = names_in(folder)
    assert name.startswith("concierge.")
    assert len(name) < 255
    assert names_in(tmp_path) == ["in"]


async def test_long_ids_that_begin_alike_have_files_of_their_own(tmp_path: Path) -> None:
    for end in "ab":
        await Archive(tmp_path, line(1), chat_id="x" * 500 + end).hears(ENDED)
    assert len(names_in(tmp_path)) == 2


async def test_a_dot_in_the_name_of_a_bot_leads_to_no_file_of_another(tmp_path: Path) -> None:
    for bot, chat_id in (("a.b", "c"), ("a", "b.c")):
        archive = Archive(tmp_path, chat_id=chat_id)
        await archive.hears(line(1, bot), ENDED.model_copy(update={"bot": bot}))
    assert [texts_in(tmp_path / name) for name in names_in(tmp_path)] == [["a.b"], ["a"]]


async def test_a_disk_that_fails_costs_the_file_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    archive = Archive(tmp_path, line(1, "one"))
    await archive.hears(ENDED)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    archive.shows(line(2, "two"))
    assert await archive.hears(ENDED) == ["transcript_archive"]
    assert archive.texts() == ["one"]
    assert names_in(tmp_path) == ["concierge.A.jsonl"]
    assert "transcript_archive: on_chat_ended failed" in caplog.text


async def test_the_disk_holds_up_no_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    monkeypatch.setattr(os, "fsync", lambda _: threads.append(threading.current_thread()))
    await Archive(tmp_path, line(1), when=["saved", "ended"]).hears(SAVED, ENDED)
    assert len(threads) == 2
    assert threading.main_thread() not in threads


def test_the_folder_is_looked_at_when_the_plugin_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for folder, expected in [
        (file, f"folder: '{file}' cannot be made: '{file}' is no folder"),
        (file / "a", f"folder: '{file}/a' cannot be made: '{file}' is no folder"),
        (tmp_path / "link", f"folder: '{tmp_path}/link' cannot be made: '{tmp_path}/link' is no folder"),
        ("here", "folder: 'here' is not absolute: a plugin does not know where bots.toml stands"),
    ]:
        with pytest.raises(ConfigError) as caught:
            load("transcript_archive", folder=str(folder))
        assert told(caught.value, WHERE) == expected
    load("transcript_archive", folder=str(tmp_path / "a" / "b"))
    assert not (tmp_path / "a").exists()


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(ConfigError, match="cannot be written: no permission in"):
        load("transcript_archive", folder=str(tmp_path))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({}, "needs the key 'folder'"),
        ({"folder": "/", "when": []}, "when: expected at least 1"),
        ({"folder": "/", "when": ["never"]}, "[when] item 1: expected 'ended' or 'saved'"),
        ({"folder": "/", "mask": {"card": True}}, "[mask] has no key 'card'\n  fix: rename card to cards"),
    ],
)
def test_wrong_settings_are_told(table: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load("transcript_archive", **table)
    assert told(caught.value, WHERE).startswith(expected)


class Says:
    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str | None:
        if event.text == "bye":
            await chat.complete(text="Goodbye.")
            return None
        return f"You said {event.text}"


@pytest.mark.parametrize("ending", ["the bot", "the customer"])
@pytest.mark.parametrize("is_shown", [True, False])
async def test_a_chat_that_is_over_is_in_the_archive_whoever_ended_it(
    tmp_path: Path,
    ending: str,
    is_shown: bool,  # noqa: FBT001
) -> None:
    desk, path = Desk(), tmp_path / "robo.c1.jsonl"
    plugin = load("transcript_archive", folder=str(tmp_path)).hooks
    async with on_stage(Says(), plugin, desk=desk) as stage:
        await stage.chatting()
        desk.says(f"card {CARD}")
        await stage.quiet()
        gate = desk.unanswered("Complete")
        if ending == "the bot":
            desk.says("bye")
        else:
            desk.line("c1", {"type": "ParticipantLeft", "from": desk.chats["c1"]["participants"][0]})
        await stage.until(gate.reached.is_set)
        if not is_shown:
            desk.always("messages", code(6))
        gate.open.set()
        await stage.until(path.exists)
    bye = ["bye"] if ending == "the bot" else []
    assert texts_in(path) == ["card [card]", f"You said card {CARD}".replace(CARD, "[card]"), *bye]


async def test_a_chat_that_goes_on_after_a_crash_is_whole_in_the_archive(tmp_path: Path) -> None:
    desk, drawer = Desk(), Drawer()
    plugin = load("transcript_archive", folder=str(tmp_path)).hooks
    async with on_stage(plugin, desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("one")
        await stage.quiet()
        await stage.crash(drawer)
    desk.says("two")
    again = load("transcript_archive", folder=str(tmp_path)).hooks
    async with on_stage(again, desk=desk, journal=drawer) as stage:
        await stage.quiet()
        desk.always("messages", code(6))
        desk.end()
        await stage.until(lambda: stage.bot.chats == 0)
    assert texts_in(tmp_path / "robo.c1.jsonl") == ["one", "two"]


async def test_over_the_simulator_all_that_was_said_is_archived(tmp_path: Path) -> None:
    plugin = load("transcript_archive", folder=str(tmp_path)).hooks
    async with on_real_stage(Says(), plugin) as stage, stage.customer() as ana:
        await ana.says("hello")
        await ana.hears("You said hello")
        await ana.ends()
        await stage.seen.event(ChatEnded)
    [name] = names_in(tmp_path)
    assert texts_in(tmp_path / name) == ["hello", "You said hello"]
