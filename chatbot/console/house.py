"""What all pages of the console share."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chatbot.bot.runner import BotRunner
from chatbot.console.live import Live
from chatbot.console.notes import Note, Notes
from chatbot.console.places import named
from chatbot.console.render import Look, StaticFiles
from chatbot.console.transcript import Transcripts
from chatbot.service.controls import Controls
from chatbot.service.supervisor import Service

__all__ = ["House", "open_house", "who"]


@dataclass(frozen=True, slots=True)
class House:
    """What all pages of the console share.

    Args:
        service: The bots.
        controls: What an operator may do to them.
        look: Makes pages.
        static: The files that go with them.
        live: Keeps open pages up to date.
        notes: What became of forms.
        transcripts: Reads what was not recorded.
    """

    service: Service
    controls: Controls
    look: Look
    static: StaticFiles
    live: Live
    notes: Notes
    transcripts: Transcripts

    def bot(self, request: Request) -> BotRunner:
        """The bot that an address names.

        Raises:
            HTTPException: There is none.
        """
        name = named_in(request, "bot")
        for bot in self.service.bots:
            if bot.name == name:
                return bot
        raise HTTPException(HTTPStatus.NOT_FOUND)

    def note(self, request: Request) -> Note | None:
        """What became of the form that led to this page."""
        return self.notes.get(request.query_params.get("note", ""))

    def go(self, page: str, note: Note) -> Response:
        """Go to a page after a form, and tell there what became of it."""
        return RedirectResponse(f"{page}?note={self.notes.add(note)}", HTTPStatus.SEE_OTHER)


def named_in(request: Request, kind: str) -> str:
    """The name of this kind in an address.

    Raises:
        HTTPException: It is no name.
    """
    name = named(request.path_params[kind])
    if name is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return name


def who(request: Request) -> str:
    """Who asks, for the log."""
    return request.client.host if request.client is not None else "an unknown address"


def open_house(service: Service) -> House:
    """What the pages of a service share."""
    static = StaticFiles()
    return House(
        service=service,
        controls=Controls(service),
        look=Look(static),
        static=static,
        live=Live(),
        notes=Notes(lambda: secrets.token_urlsafe(12)),
        transcripts=Transcripts(service.monotonic),
    )
