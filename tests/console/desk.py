"""An operator without a browser: the admin pages inside this process, over a service in virtual time."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from chatbot.console.admin import create_admin
from chatbot.service.supervisor import Service
from tests.service.house import HandClock

TOKEN = "a-token-of-enough-characters"
HTML = {"accept": "text/html"}


@asynccontextmanager
async def desk(
    service: Service, token: str = "", url: str = "http://127.0.0.1:8080"
) -> AsyncIterator[httpx.AsyncClient]:
    """Waits of the pages take no time, and are noted in the application's clock."""
    app = create_admin(service, token, HandClock())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=url, headers=HTML) as http:
        yield http


def form_token(page: str) -> str:
    """What the forms of a page carry."""
    return re.findall(r'name="form_token" value="([0-9a-f]+)"', page)[0]


async def send(http: httpx.AsyncClient, form: str, to: str = "", **fields: str) -> httpx.Response:
    """Fill in the form of a page, and follow where it leads."""
    page = (await http.get(form)).text
    fields = {"form_token": form_token(page), **fields}
    return await http.post(to or form, data=fields, follow_redirects=True)
