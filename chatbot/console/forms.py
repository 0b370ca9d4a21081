"""What an operator may do: each as a form that says what it means for customers, and each logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatbot.console.api import Wish, grant
from chatbot.console.gate import form_of
from chatbot.console.house import House, named_in, who
from chatbot.console.notes import Note
from chatbot.console.places import bot_at, chat_at
from chatbot.hooks.handoff import Destination
from chatbot.service.controls import ControlRefused

__all__ = ["Forms"]

_MOST_DESTINATION = 200
_BY_FALLBACK = Destination()


@dataclass(frozen=True, slots=True)
class Forms:
    """Handles forms: the page that asks whether it is really meant, and what comes after it.

    Args:
        house: What they share with pages.
    """

    house: House

    def routes(self) -> list[Route]:
        """Where they are."""
        chat = "/bots/{bot}/chats/{chat}"
        plugin = "/bots/{bot}/plugins/{plugin}"
        asked = [
            Route("/bots/{bot}/drain", self.ask_drain),
            Route(f"{plugin}/pause", self.ask_pause),
            Route(f"{chat}/mute", self.ask_mute),
            Route(f"{chat}/hand-over", self.ask_hand_over),
        ]
        done = [
            Route("/bots/{bot}/drain", self.drain, methods=["POST"]),
            Route("/bots/{bot}/resume", self.resume, methods=["POST"]),
            Route(f"{plugin}/pause", self.pause, methods=["POST"]),
            Route(f"{plugin}/unpause", self.unpause, methods=["POST"]),
            Route(f"{chat}/mute", self.mute, methods=["POST"]),
            Route(f"{chat}/unmute", self.unmute, methods=["POST"]),
            Route(f"{chat}/hand-over", self.hand_over, methods=["POST"]),
        ]
        return [*asked, *done]

    # before

    async def ask_drain(self, request: Request) -> Response:
        """What it means to drain a bot."""
        return self._asked(request, "drain.html", "Drain")

    async def ask_pause(self, request: Request) -> Response:
        """What it means to pause a plugin."""
        return self._asked(request, "pause.html", "Pause", plugin=named_in(request, "plugin"))

    async def ask_mute(self, request: Request) -> Response:
        """What it means to silence a bot."""
        return self._asked(request, "mute.html", "Mute", chat_id=named_in(request, "chat"))

    async def ask_hand_over(self, request: Request) -> Response:
        """Where a customer is to go."""
        return self._asked(request, "hand_over.html", "Hand over", chat_id=named_in(request, "chat"))

    def _asked(self, request: Request, template: str, title: str, **values: object) -> Response:
        bot = self.house.bot(request)
        common = {
            "title": f"{title}: bot {bot.name}",
            "bot": bot,
            "fallback": bot.settings.fallback,
            "chat_id": "",
            "note": self.house.note(request),
        }
        return self.house.look.page(request, template, {**common, **values})

    # after

    async def drain(self, request: Request) -> Response:
        """Let a bot take no more chats."""
        bot = self.house.bot(request).name
        is_all = form_of(request).get("hand_over") == "yes"
        return self._done(request, Wish(do="drain", bot=bot, hand_over=is_all))

    async def resume(self, request: Request) -> Response:
        """Let it take chats again."""
        return self._done(request, Wish(do="resume", bot=self.house.bot(request).name))

    async def pause(self, request: Request) -> Response:
        """Let a plugin not be asked."""
        return self._of_plugin(request, "pause")

    async def unpause(self, request: Request) -> Response:
        """Let it be asked again."""
        return self._of_plugin(request, "unpause")

    async def mute(self, request: Request) -> Response:
        """Let the bot say nothing more in a chat."""
        return self._of_chat(request, "mute")

    async def unmute(self, request: Request) -> Response:
        """Let it talk again."""
        return self._of_chat(request, "unmute")

    async def hand_over(self, request: Request) -> Response:
        """Send a customer elsewhere."""
        form = form_of(request)
        queue, target = (form.get(name, "").strip() for name in ("queue", "target"))
        if not all(_is_destination(name) for name in (queue, target)):
            note = Note(
                "Refused: this is no name of a queue or agent.", is_good=False, fix="Write it as in Genesys."
            )
            bot, chat = self.house.bot(request).name, named_in(request, "chat")
            return self.house.go(f"{chat_at(bot, chat)}/hand-over", note)
        return self._of_chat(request, "hand_over", Destination(target or None, queue or None))

    def _of_plugin(self, request: Request, do: Literal["pause", "unpause"]) -> Response:
        bot, plugin = self.house.bot(request).name, named_in(request, "plugin")
        return self._done(request, Wish(do=do, bot=bot, plugin=plugin))

    def _of_chat(
        self,
        request: Request,
        do: Literal["mute", "unmute", "hand_over"],
        to: Destination = _BY_FALLBACK,
    ) -> Response:
        bot, chat = self.house.bot(request).name, named_in(request, "chat")
        return self._done(request, Wish(do=do, bot=bot, chat=chat, queue=to.queue, target=to.target))

    def _done(self, request: Request, wish: Wish) -> Response:
        """Do it, and tell on the page that comes after it what became of it."""
        page = chat_at(wish.bot, wish.chat) if wish.chat is not None else bot_at(wish.bot)
        try:
            done = grant(self.house.controls, wish, who(request))
        except ControlRefused as error:
            return self.house.go(page, Note(f"Refused: {error}.", is_good=False, fix=_sentence(error.fix)))
        return self.house.go(page, Note(_sentence(done)))


def _is_destination(name: str) -> bool:
    return len(name) <= _MOST_DESTINATION and name.isprintable()


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
