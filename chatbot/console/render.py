"""Turns values into pages, and serves the few files that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from chatbot.console import places
from chatbot.console.gate import access_of, caller_of

__all__ = ["HTML", "Look", "StaticFiles"]

HTML = "text/html; charset=utf-8"

_KINDS = MappingProxyType(
    {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
)
_FOREVER = "public, max-age=31536000, immutable"
_SECOND, _MINUTE = 1.0, 60.0


class StaticFiles:
    """Style, script and icon, under names that change with them, so that a browser may keep them."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._files: dict[str, tuple[bytes, str]] = {}
        for file in files("chatbot.console").joinpath("static").iterdir():
            stem, _, kind = file.name.rpartition(".")
            if kind in _KINDS:
                content = file.read_bytes()
                name = f"{stem}.{sha256(content).hexdigest()[:12]}.{kind}"
                self.names[file.name] = f"/static/{name}"
                self._files[name] = (content, _KINDS[kind])

    def get(self, name: str) -> Response | None:
        """The file of this name; None if there is none."""
        if name not in self._files:
            return None
        content, kind = self._files[name]
        return Response(content, headers={"cache-control": _FOREVER}, media_type=kind)


class Look:
    """What all pages have in common.

    Args:
        static: The files that go with them.
    """

    def __init__(self, static: StaticFiles) -> None:
        self._environment = Environment(
            loader=PackageLoader("chatbot.console", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"took": took, "clock": clock, "counted": counted, "iso": iso}
        self._environment.globals |= {"static": static.names, "places": places}

    def page(
        self, request: Request, template: str, values: Mapping[str, object], *, status: int = 200
    ) -> Response:
        """One page.

        Args:
            request: Who is to see it.
            template: Its file.
            values: What it shows.
            status: Of the answer.
        """
        caller, access = caller_of(request), access_of(request)
        common = {
            "form_token": access.form_token(caller),
            "can_log_out": bool(access.token) and bool(caller.session),
            "is_known": caller.is_trusted,
            "note": None,
            "events": "",
            "version": "",
            "announce": "",
        }
        text = self._environment.get_template(template).render({**common, **values})
        # half a surrogate pair in a text of others cannot be sent
        return Response(text.encode("utf-8", "replace"), status, media_type=HTML)


def took(seconds: float) -> str:
    """How long something took, for people."""
    if seconds < _SECOND:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def counted(number: int, what: str) -> str:
    """So many of something."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def clock(at: datetime | None) -> str:
    """The time in UTC, with the date if that is not today's."""
    if at is None:
        return "-"
    at = at.astimezone(UTC)
    is_today = at.date() == datetime.now(UTC).date()
    return f"{at:%H:%M:%S}" if is_today else f"{at:%Y-%m-%d %H:%M:%S}"


def iso(at: datetime | None) -> str:
    """The time for machines."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at is not None else ""
