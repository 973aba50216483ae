"""What a browser and a client do to get tokens."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

LOOPBACK = "http://127.0.0.1:43210/callback"


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Flow:
    """One run of the authorization code flow, by default that of the command line."""

    http: httpx.AsyncClient
    client_id: str = "cli"
    redirect_uri: str = LOOPBACK
    scope: str = ""
    secret: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def query(self) -> dict[str, str]:
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": "the state",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        return asked | ({"scope": self.scope} if self.scope else {}) | self.extra

    async def open(self) -> httpx.Response:
        return await self.http.get(f"/oauth2/authorize?{urlencode(self.query)}")

    async def submit(self, email: str, password: str) -> httpx.Response:
        page = await self.open()
        form = {"csrf_token": field_of(page, "csrf_token"), "email": email, "password": password}
        return await self.http.post(f"/oauth2/authorize?{urlencode(self.query)}", data=form)

    async def code(self, email: str, password: str) -> str:
        return answer_of(await self.submit(email, password))["code"]

    async def redeem(self, code: str, **changed: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return await self._token(form | changed)

    async def refresh(self, refresh_token: str, **changed: str) -> httpx.Response:
        return await self._token({"grant_type": "refresh_token", "refresh_token": refresh_token} | changed)

    async def tokens(self, email: str, password: str) -> dict[str, Any]:
        response = await self.redeem(await self.code(email, password))
        assert response.status_code == 200, response.text
        granted: dict[str, Any] = response.json()
        return granted

    async def _token(self, form: dict[str, str]) -> httpx.Response:
        if self.secret:
            return await self.http.post("/oauth2/token", data=form, auth=(self.client_id, self.secret))
        return await self.http.post("/oauth2/token", data=form | {"client_id": self.client_id})


async def fill(http: httpx.AsyncClient, path: str, *, shown_at: str = "", **fields: str) -> httpx.Response:
    """Open a page with a form, by default at the same path, and send it."""
    page = await http.get(shown_at or path)
    return await http.post(path, data={"csrf_token": field_of(page, "csrf_token"), **fields})


def field_of(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return unescape(found[1])


def answer_of(redirect: httpx.Response) -> dict[str, str]:
    """The parameters with which the browser is sent back."""
    assert redirect.status_code == 303, redirect.text
    return {
        name: values[0] for name, values in parse_qs(urlsplit(redirect.headers["location"]).query).items()
    }
