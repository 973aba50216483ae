"""Requests to the mesh's own HTTP ports by the standard library, for commands that ask once.

A library with connections to keep takes as long to import as all the rest of such a command.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import (
    HTTPCookieProcessor,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
)

from mesh.client.direct import certificates

OK = 200
_NO: Mapping[str, str] = {}


class NoAnswer(OSError):
    """Nobody answers at an address; says why in one word."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, with any status.

    Attributes:
        url: Who answered.
        location: Where a redirect leads; empty: it is none.
    """

    url: str
    status: int
    location: str
    text: str


class _AsItComes(HTTPErrorProcessor):
    """Neither follows redirects nor raises for errors."""

    def http_response(self, request: Request, response: HTTPResponse) -> Any:
        """Take any answer."""
        return response

    https_response = http_response


class Browser:
    """Keeps cookies between its requests, and goes through no proxy."""

    def __init__(self, opener: OpenerDirector, *, jar: CookieJar, timeout_seconds: float) -> None:
        self._opener = opener
        self.jar = jar
        self._timeout_seconds = timeout_seconds

    @classmethod
    def opened(cls, base_url: str, *, timeout_seconds: float) -> Self:
        """A browser without cookies."""
        opener = OpenerDirector()
        https = HTTPSHandler(context=certificates(base_url))
        # As browsers do: what never leaves the machine needs no TLS to keep a `Secure` cookie.
        jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
        for handler in (HTTPHandler(), https, HTTPCookieProcessor(jar), _AsItComes()):
            opener.add_handler(handler)
        return cls(opener, jar=jar, timeout_seconds=timeout_seconds)

    async def get(self, url: str, query: Mapping[str, str] | None = None) -> Answer:
        """Ask for a page.

        Raises:
            NoAnswer: Nobody answers within the time.
        """
        return await self._send(f"{url}?{urlencode(query)}" if query else url)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Send a form.

        Raises:
            NoAnswer: Nobody answers within the time.
        """
        return await self._send(url, urlencode(form).encode(), headers)

    async def _send(self, url: str, body: bytes | None = None, headers: Mapping[str, str] = _NO) -> Answer:
        request = Request(url, body, dict(headers))  # noqa: S310 - the opener knows no other schemes
        return await asyncio.to_thread(self._sent, request)

    def _sent(self, request: Request) -> Answer:
        try:
            with self._opener.open(request, timeout=self._timeout_seconds) as response:
                location, text = response.headers.get("location", ""), response.read().decode()
                return Answer(response.url, response.status, location, text)
        except URLError as error:
            raise NoAnswer(type(error.reason).__name__) from error
        except (OSError, HTTPException) as error:
            raise NoAnswer(type(error).__name__) from error
