"""Serves the customer chat page: plain HTML, CSS and JavaScript, nothing from elsewhere.

The policy header allows no inline script and no other host.
"""

from collections.abc import Awaitable, Callable
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"
FILES = {
    "/": ("customer.html", "text/html"),
    "/customer": ("customer.html", "text/html"),
    "/static/customer.css": ("customer.css", "text/css"),
    "/static/customer.js": ("customer.js", "text/javascript"),
}


def page_routes() -> list[Route]:
    """Return the routes of the page and its parts."""
    return [Route(path, _serve(name, kind), methods=["GET"]) for path, (name, kind) in FILES.items()]


def _serve(name: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    content = files("chatbot.simulator").joinpath("static", name).read_text("utf-8")
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}

    async def endpoint(_: Request) -> Response:
        return Response(content, headers=headers, media_type=media_type)

    return endpoint
