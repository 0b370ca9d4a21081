"""A plugin that changes what it is handed, over real sockets: the bot and other plugins see nothing of it."""

from collections.abc import Callable
from typing import Any

from chatbot import Bot, Chat, Event, TextReceived, UnknownMessage, UserDataChanged, hookimpl
from chatbot.model.notifications import Notification
from tests.flow.stage import on_stage
from tests.flow.test_bad_plugins import Echo, hears, own_chat, told, until


class Meddles:
    """Tries to change whatever it is handed, nested values too; keeps what that came to."""

    def __init__(self) -> None:
        self.came_to: dict[str, str] = {}

    @hookimpl
    async def on_event(self, bot: Bot, chat: Chat, event: Event) -> None:
        def try_to(name: str, change: Callable[[], object]) -> None:
            try:
                change()
            except Exception as error:  # noqa: BLE001 (the test looks at what it is)
                self.came_to[name] = f"{type(error).__name__}: {error}"
            else:
                self.came_to[name] = "nothing"

        handed: Any = chat
        try_to("event", lambda: setattr(event, "chat_id", "X"))
        try_to("user data", lambda: handed.user_data.update(Level="gold"))
        try_to("user data itself", lambda: setattr(chat, "user_data", {}))
        try_to("nested user data", lambda: handed.user_data["Cart"]["items"].append("gun"))
        try_to("capabilities", lambda: handed.capabilities.append("Fly"))
        try_to("participants", lambda: setattr(chat.participants[0], "nickname", "Eve"))
        try_to("chats", lambda: bot.chats.pop("x"))  # type: ignore[attr-defined]
        if isinstance(event, UnknownMessage):
            try_to("raw", event.raw["deep"][0].clear)
        if isinstance(event, UserDataChanged):
            try_to("changed", event.changed.clear)
            try_to("nested change", event.changed["Cart"]["items"].clear)
        if isinstance(event, TextReceived):
            try_to("text", lambda: setattr(event, "text", "something else"))
            try_to("sender", lambda: setattr(event.sender, "nickname", "Eve"))


class Sees:
    """The plugin after it: keeps what it sees."""

    def __init__(self) -> None:
        self.changed: list[UserDataChanged] = []
        self.raw: list[Any] = []

    @hookimpl
    async def on_user_data_changed(self, event: UserDataChanged) -> None:
        self.changed.append(event)

    @hookimpl
    async def on_unknown_message(self, event: UnknownMessage) -> None:
        self.raw.append(event.raw)


async def test_a_plugin_that_changes_what_it_is_handed_changes_nothing_for_others() -> None:
    cart = {"items": ["book"]}
    async with (
        on_stage(meddles := Meddles(), sees := Sees(), Echo()) as stage,
        stage.customer(user_data={"Level": "tin", "Cart": cart}) as ana,
    ):
        await hears(ana, "hello")
        more = {"items": ["book", "pen"]}
        await stage.chat.update_user_data({"Cart": more})
        await stage.seen.event(UserDataChanged, lambda event: "Cart" in event.changed)
        chat = own_chat(stage)
        riddle = {"type": "Riddle", "deep": [{"a": 1}]}
        told_by_server = {"chatPath": f"/chats/{chat}", "messages": [riddle]}
        stage.bot._pipeline.feed(Notification("/v2/me/chats", told_by_server))
        await until(lambda: sees.raw)
        await hears(ana, "bye")
        assert stage.chat.user_data["Level"] == "tin"
        assert stage.chat.user_data["Cart"] == more
        assert [event.changed["Cart"] for event in sees.changed if "Cart" in event.changed] == [more]
        assert sees.raw[0]["deep"] == [{"a": 1}]
        assert stage.chat.customer is not None
        assert (stage.chat.customer.nickname, set(stage.seen.bot.chats)) == ("Ana", {chat})
        assert told(ana) == ["You said hello", "You said bye"]
    json = "TypeError: what a hook is handed cannot be changed"
    first_lines = {name: line.partition("\n")[0] for name, line in meddles.came_to.items()}
    for name in ("user data", "nested user data", "raw", "changed", "nested change"):
        assert first_lines.pop(name) == json
    assert {line.partition(":")[0] for line in first_lines.values()} == {"ValidationError", "AttributeError"}
    assert "Instance is frozen" in meddles.came_to["text"]
