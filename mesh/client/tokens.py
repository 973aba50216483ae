"""Tokens with which a client of the mesh calls its services (RFC 6749 §4.4)."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from mesh.client.http import http_client

_EARLIEST_RETRY_SECONDS = 0.5
_TIMEOUT_SECONDS = 2.0


class TokenUnavailable(Exception):
    """No token could be had; the called service counts as silent."""


class ClientCredentials:
    """One client's tokens for one audience, renewed in the background at half-life.

    Args:
        token_url: The token endpoint.
        client_id: The OAuth client.
        secret_file: The file with its secret; read at each renewal.
        audience: The service that is called, or None for the client's only audience.
    """

    def __init__(
        self,
        *,
        token_url: str,
        client_id: str,
        secret_file: Path,
        audience: str | None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token_url = token_url
        self._client_id = client_id
        self._secret_file = secret_file
        self._audience = audience
        self._monotonic = monotonic
        self._token = ""
        self._renew_at = 0.0
        self._expires_at = 0.0
        self._retry_at = 0.0
        self._renewal: asyncio.Task[None] | None = None

    async def token(self) -> str:
        """A token that is valid now.

        Raises:
            TokenUnavailable: The token endpoint gives none.
        """
        now = self._monotonic()
        if now >= self._renew_at and now >= self._retry_at:
            self._begin_renewal()
        if now < self._expires_at:
            return self._token
        if self._renewal is not None:
            await asyncio.shield(self._renewal)
        if self._monotonic() >= self._expires_at:
            raise TokenUnavailable(f"no token for client {self._client_id}")
        return self._token

    def refused(self, token: str) -> None:
        """Have another token before the next call: a service did not take this one."""
        if token == self._token and self._monotonic() >= self._retry_at:
            self._renew_at = self._expires_at = 0.0

    async def aclose(self) -> None:
        """End a renewal that is under way."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    def _begin_renewal(self) -> None:
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        form = {"grant_type": "client_credentials"} | ({"audience": self._audience} if self._audience else {})
        try:
            secret = self._secret_file.read_text().strip()
            async with http_client(self._token_url, timeout=_TIMEOUT_SECONDS) as client:
                answer = await client.post(self._token_url, data=form, auth=(self._client_id, secret))
            answer.raise_for_status()
            granted = answer.json()
        except (httpx.HTTPError, OSError, ValueError):
            self._retry_at = self._monotonic() + _EARLIEST_RETRY_SECONDS
            return
        now, lifetime = self._monotonic(), float(granted["expires_in"])
        self._retry_at = now + _EARLIEST_RETRY_SECONDS
        self._token, self._renew_at, self._expires_at = (
            granted["access_token"],
            now + lifetime / 2,
            now + lifetime,
        )
