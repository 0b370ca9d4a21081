"""What a service says it does at this moment."""

import asyncio

import pytest

from chatbot import Chat, hookimpl
from chatbot.service.status import BotStatus, HookStatus, Person, PluginStatus, chat_status, status_of
from chatbot.testing.kit import Kit
from tests.service.staged import serving


class Slow:
    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await asyncio.sleep(5)


async def test_bots_with_their_plugins(chatbot: Kit) -> None:
    now = status_of(serving(await chatbot.start(Slow(), options={"mode": "shadow"})))
    slow = PluginStatus("slow", "closed", is_paused=False)
    assert now.bots == (BotStatus("bot", "shadow", (), is_draining=False, chats=0, plugins=(slow,)),)
    assert (now.is_ready, now.bots[0].state) == (True, "in shadow")


async def test_a_chat_with_who_is_there_and_what_runs(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Slow()))
    customer = await chatbot.customer()
    await customer.says("one", "two", "three")
    live = service.bots[0].live[customer.chat.id]
    now = chat_status(live, service.monotonic() + 2.0)
    assert (now.id, now.state, now.muted, now.human) == (customer.chat.id, "Chatting", "", "")
    assert {*now.people} == {
        Person("Ana", "Customer", is_bot=False),
        Person("bot", "Agent", is_bot=True),
    }
    # the line that a hook runs for is in the mailbox until that has ended
    assert (now.waiting, now.open, now.started_at is not None) == (3, (), True)
    assert now.hooks == (HookStatus("slow", "on_text", now.hooks[0].trigger, is_waiting=False),)
    assert now.owed_s == pytest.approx(2.0, abs=0.5)


@pytest.mark.parametrize(
    ("problems", "draining", "chats", "mode", "state"),
    [
        (("not polling",), True, 1, "live", "not ready"),
        ((), True, 1, "live", "draining"),
        ((), True, 0, "live", "drained"),
        ((), False, 1, "shadow", "in shadow"),
        ((), False, 1, "live", "ready"),
    ],
)
def test_the_state_in_a_word(
    problems: tuple[str, ...], *, draining: bool, chats: int, mode: str, state: str
) -> None:
    assert BotStatus("maid", mode, problems, is_draining=draining, chats=chats, plugins=()).state == state
