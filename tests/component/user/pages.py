"""What tests do on the pages of accounts, and what they read there."""

import re
from html import unescape

import httpx

from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import fill

ALICE = "alice@example.com"


async def log_in(provider: RunningProvider, http: httpx.AsyncClient, name: str = "alice") -> None:
    email = f"{name}@example.com"
    entered = await fill(http, "/account/login", email=email, password=provider.password_of(name))
    assert (entered.status_code, entered.headers["location"]) == (303, "/account")


async def save_profile(http: httpx.AsyncClient, name: str, locale: str) -> httpx.Response:
    named = {"user.displayName": name, "user.locale": locale}
    return await fill(http, "/account/profile", shown_at="/account", **named)


def heading(page: httpx.Response) -> str:
    (text,) = re.findall(r"<h1>(.*?)</h1>", page.text)
    return unescape(text)


async def own_id(http: httpx.AsyncClient) -> str:
    exported = await fill(http, "/account/export")
    return str(exported.json()["user"]["userId"])
