"""The pages that are looked at: all bots, one bot, one chat, and what went wrong."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatbot.bot.runner import BotRunner
from chatbot.console import views
from chatbot.console.house import House, named_in
from chatbot.console.listing import Listing, listing, wanted
from chatbot.console.live import version_of
from chatbot.console.render import counted
from chatbot.console.timeline import Moment, first_index, timeline
from chatbot.console.transcript import Reading
from chatbot.service.recorder import Entry
from chatbot.service.status import bot_status, chat_status, status_of

__all__ = ["Pages"]

_MOST_MISTAKES = 5
_MOMENTS = 100


@dataclass(frozen=True, slots=True)
class Pages:
    """Handles requests for pages.

    Args:
        house: What they share.
    """

    house: House

    def routes(self) -> list[Route]:
        """Where they are, and the events that keep them up to date."""
        return [
            Route("/", self.overview),
            Route("/events", self.overview_events),
            Route("/errors", self.errors),
            Route("/errors/events", self.errors_events),
            Route("/bots/{bot}", self.bot),
            Route("/bots/{bot}/events", self.bot_events),
            Route("/bots/{bot}/chats/{chat}", self.chat),
            Route("/bots/{bot}/chats/{chat}/events", self.chat_events),
            Route("/static/{name}", self.static),
        ]

    async def overview(self, request: Request) -> Response:
        """All bots."""
        service = self.house.service
        status = status_of(service)
        values = {
            "title": "All bots",
            "status": status,
            "bots": views.bots(service, wanted(request.query_params)),
            "mistakes": views.mistakes(service.recorder)[:_MOST_MISTAKES],
            "lag": service.watchdog.worst_lag_s if service.watchdog is not None else None,
            "announce": views.announcement(status),
        }
        return self._shown(request, "overview.html", values, views.state_of_service(service))

    async def overview_events(self, _: Request) -> Response:
        """Changes of the first page."""
        return self.house.live.stream(partial(views.state_of_service, self.house.service))

    async def errors(self, request: Request) -> Response:
        """What went wrong lately."""
        asked = wanted(request.query_params)
        recorder = self.house.service.recorder
        found = listing(views.mistakes(recorder), asked, lambda _: True)
        values = {"title": "Errors", "mistakes": found, "announce": counted(found.total, "error")}
        return self._shown(request, "errors.html", values, views.state_of_errors(recorder))

    async def errors_events(self, _: Request) -> Response:
        """Changes of the list of errors."""
        return self.house.live.stream(partial(views.state_of_errors, self.house.service.recorder))

    async def bot(self, request: Request) -> Response:
        """One bot."""
        bot, service = self.house.bot(request), self.house.service
        status = bot_status(bot, service.problems()[bot.name])
        asked = wanted(request.query_params, views.KINDS)
        values = {
            "title": f"Bot {bot.name}",
            "bot": status,
            "has_fallback": bot.settings.fallback is not None,
            "chats": views.chats(bot, asked, self._now),
            "kinds": views.KINDS,
            "customer_of": lambda chat: views.customer_of(chat, ()),
            "ended": views.ended(service.recorder, bot),
            "mistakes": views.mistakes(service.recorder, bot.name)[:_MOST_MISTAKES],
            "announce": f"Bot {bot.name} is {status.state}, with {counted(status.chats, 'chat')}.",
        }
        return self._shown(request, "bot.html", values, self._state_of_bot(bot, request))

    async def bot_events(self, request: Request) -> Response:
        """Changes of the page of a bot."""
        bot = self.house.bot(request)
        return self.house.live.stream(partial(self._state_of_bot, bot, request))

    async def chat(self, request: Request) -> Response:
        """One chat."""
        bot, chat_id = self.house.bot(request), named_in(request, "chat")
        service = self.house.service
        entries = service.recorder.entries(bot.name, chat_id)
        if chat_id not in bot.live and not entries:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        reading = await self._read(bot, chat_id, entries)
        live = bot.live.get(chat_id)
        status = chat_status(live, self._now) if live is not None else None
        moments = timeline(entries, reading.lines)
        customer = views.customer_of(status, entries)
        values = {
            "title": f"Chat with {customer or chat_id}",
            "bot": bot,
            "is_shadow": bot.settings.mode == "shadow",
            "chat_id": chat_id,
            "customer": customer,
            "chat": status,
            "trouble": reading.trouble,
            "is_cut": service.recorder.is_cut(bot.name, chat_id) and not reading.lines,
            "moments": _part_of(moments, request),
            "announce": _announced(moments),
        }
        return self._shown(request, "chat.html", values, self._state_of_chat(bot, chat_id))

    async def chat_events(self, request: Request) -> Response:
        """Changes of the page of a chat."""
        bot, chat_id = self.house.bot(request), named_in(request, "chat")
        return self.house.live.stream(partial(self._state_of_chat, bot, chat_id))

    async def static(self, request: Request) -> Response:
        """A file that goes with the pages."""
        found = self.house.static.get(request.path_params["name"])
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return found

    async def _read(self, bot: BotRunner, chat_id: str, entries: tuple[Entry, ...]) -> Reading:
        """The transcript, if its first lines were not recorded; only of a chat that the bot has."""
        first = first_index(entries)
        is_whole = (
            first is not None and first <= 1 and not self.house.service.recorder.is_cut(bot.name, chat_id)
        )
        if is_whole or chat_id not in bot.live:
            return Reading()
        return await self.house.transcripts.of(bot, chat_id)

    @property
    def _now(self) -> float:
        return self.house.service.monotonic()

    def _state_of_bot(self, bot: BotRunner, request: Request) -> Hashable:
        asked = wanted(request.query_params, views.KINDS)
        return views.state_of_bot(self.house.service, bot, asked, self._now)

    def _state_of_chat(self, bot: BotRunner, chat_id: str) -> Hashable:
        return views.state_of_chat(self.house.service, bot, chat_id, self._now)

    def _shown(self, request: Request, template: str, values: dict[str, object], state: Hashable) -> Response:
        path = request.scope["path"].rstrip("/")
        asked = wanted(request.query_params, views.KINDS)
        common = {
            "note": self.house.note(request),
            "events": f"{path}/events{asked.at(asked.page)}".rstrip("?"),
            "version": version_of(state),
            "wanted": asked,
        }
        return self.house.look.page(request, template, {**common, **values})


def _part_of(moments: list[Moment], request: Request) -> Listing[Moment]:
    """The last ones are on the first page, in the order in which they came."""
    asked = wanted(request.query_params)
    end = max(0, len(moments) - (asked.page - 1) * _MOMENTS)
    return Listing(moments[max(0, end - _MOMENTS) : end], len(moments), asked, _MOMENTS)


def _announced(moments: list[Moment]) -> str:
    """The last that was said, for those who do not look at the screen."""
    said = [moment for moment in moments if moment.is_text]
    return f"{said[-1].role}: {said[-1].text[:200]}" if said else ""
