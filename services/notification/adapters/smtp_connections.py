"""Connections to a mail server that are used again while they are fresh."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib

from services.notification.adapters.mail_urls import SmtpUrl

IDLE_SECONDS = 20.0
"""Less than what any server grants between two mails (RFC 5321 §4.5.3.2 asks for five minutes)."""


class SmtpConnections:
    """Opens connections as they are needed, and keeps those that are idle for a while."""

    def __init__(self, url: SmtpUrl, *, timeout_seconds: float) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._idle: list[tuple[aiosmtplib.SMTP, asyncio.TimerHandle]] = []

    @asynccontextmanager
    async def take(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection in which no mail is under way; it is kept unless its use raises.

        Raises:
            SMTPException: The server cannot be reached, or refuses the login.
            OSError: As above.
        """
        connection = await self._fresh() or await self._connected()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._keep(connection)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            connection, timer = self._idle.pop()
            timer.cancel()
            connection.close()

    async def _fresh(self) -> aiosmtplib.SMTP | None:
        """An idle connection that still answers."""
        while self._idle:
            connection, timer = self._idle.pop()
            timer.cancel()
            try:
                await connection.rset()
            except (aiosmtplib.SMTPException, OSError):
                connection.close()
            else:
                return connection
        return None

    async def _connected(self) -> aiosmtplib.SMTP:
        connection = aiosmtplib.SMTP(
            hostname=self._url.host,
            port=self._url.port,
            username=self._url.username,
            password=self._url.password,
            use_tls=self._url.is_implicit_tls,
            start_tls=self._url.start_tls,
            timeout=self._timeout_seconds,
        )
        await connection.connect()
        return connection

    def _keep(self, connection: aiosmtplib.SMTP) -> None:
        if connection.is_connected:
            timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop, connection)
            self._idle.append((connection, timer))

    def _drop(self, connection: aiosmtplib.SMTP) -> None:
        self._idle = [each for each in self._idle if each[0] is not connection]
        connection.close()
