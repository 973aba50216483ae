"""Mails over SMTP (RFC 5321)."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self

import aiosmtplib

from services.notification.adapters.mail_urls import SmtpUrl
from services.notification.adapters.mime import UnusableAddress, compose
from services.notification.adapters.smtp_connections import SmtpConnections
from services.notification.application.ports import Permission, Standing
from services.notification.domain.answer import (
    Accepted,
    Answer,
    AnswerLost,
    NotAllowed,
    Refused,
    RefusedForNow,
    Unavailable,
)
from services.notification.domain.finding import CheckState, Finding
from services.notification.domain.message import Message

TIMEOUT_SECONDS = 10.0
PROBE_TIMEOUT_SECONDS = 0.8
PROBE_INTERVAL_SECONDS = 30.0


class SmtpMailer:
    """Hands mails to a mail server.

    Only a refused recipient may be refused for good. Everything else that a server says no to may be ours to
    put right: credentials, the sender's verification, a quota.
    """

    def __init__(self, url: SmtpUrl, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._connections = SmtpConnections(url, timeout_seconds=TIMEOUT_SECONDS)
        self._probes = SmtpConnections(url, timeout_seconds=PROBE_TIMEOUT_SECONDS)
        self._clock = clock
        self._probe_time = 0.0
        self._was_reachable = False

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: SmtpUrl) -> AsyncIterator[Self]:
        """A mailer whose connections are closed in the end."""
        mailer = cls(url)
        try:
            yield mailer
        finally:
            mailer.close()

    @property
    def name(self) -> str:
        return self._url.name

    async def send(self, message: Message) -> Answer:
        try:
            mail = compose(message, sender=self._url.sender)
        except UnusableAddress as error:
            return Refused(str(error))
        recipient = message.recipient.email
        try:
            async with self._connections.take() as server:
                answer = await _transact(server, self._url.sender.addr_spec, recipient, mail)
        except aiosmtplib.SMTPAuthenticationError as error:
            answer = NotAllowed("credentials not valid", str(error.code))
        except (aiosmtplib.SMTPException, OSError) as error:
            answer = Unavailable(f"not sent: {type(error).__name__}", _code(error))
        self._note(reachable=not isinstance(answer, Unavailable | AnswerLost))
        return answer

    @property
    def is_metered(self) -> bool:
        return False

    @property
    def is_repeatable(self) -> bool:
        return False

    async def standing(self) -> Standing:
        """A mail server says it to mails only."""
        return Standing(Permission.UNKNOWN)

    async def check(self) -> Sequence[Finding]:
        """Connect and log in, as for a mail."""
        try:
            async with self._probes.take() as server:
                await server.noop()
        except aiosmtplib.SMTPAuthenticationError:
            return (self._finding(CheckState.MISSING, "the login is refused", "correct user and password"),)
        except (aiosmtplib.SMTPException, OSError) as error:
            found = f"no connection: {type(error).__name__}"
            return (self._finding(CheckState.MISSING, found, "correct host and port, or start the server"),)
        finally:
            self._probes.close()
        return (self._finding(CheckState.OK, "reached, and logged in where a user is set"),)

    async def lift(self, address: str) -> bool:
        """A mail server shows no list of addresses."""
        return False

    def _finding(self, state: CheckState, found: str, remedy: str = "") -> Finding:
        responsible = "who runs the mesh" if remedy else ""
        return Finding(self.name, "connection", state, found, remedy, responsible)

    async def forget(self, message_id: str) -> None:
        """Nothing of a mail is kept here."""

    async def is_reachable(self) -> bool:
        """What the last mail or probe said; a provider is not asked every second."""
        if self._clock() >= self._probe_time:
            self._note(reachable=await self._probe())
        return self._was_reachable

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()
        self._probes.close()

    async def _probe(self) -> bool:
        try:
            async with self._probes.take() as server:
                await server.noop()
        except (aiosmtplib.SMTPException, OSError):
            return False
        finally:
            self._probes.close()
        return True

    def _note(self, *, reachable: bool) -> None:
        self._was_reachable = reachable
        # One that is away is asked again soon: its return should show.
        self._probe_time = self._clock() + (PROBE_INTERVAL_SECONDS if reachable else 1.0)


async def _transact(server: aiosmtplib.SMTP, sender: str, recipient: str, mail: bytes) -> Answer:
    """Hand one mail over; until its content is sent, the server has certainly not taken it.

    Raises:
        SMTPException: The server does not take mails now.
        OSError: The connection was lost before the content was sent.
    """
    is_utf8 = not recipient.isascii()
    if is_utf8 and not server.supports_extension("smtputf8"):
        return Refused("the mail server takes no address with such letters")
    await server.mail(sender, options=["SMTPUTF8"] if is_utf8 else ())
    try:
        await server.rcpt(recipient, encoding="utf-8" if is_utf8 else "ascii")
    except aiosmtplib.SMTPRecipientRefused as error:
        if error.code >= 500:
            return RefusedForNow("recipient refused", str(error.code))
        raise
    try:
        await server.data(mail)
    except aiosmtplib.SMTPDataError:
        raise
    except (aiosmtplib.SMTPException, OSError) as error:
        return AnswerLost(type(error).__name__)
    return Accepted()


def _code(error: Exception) -> str:
    return str(error.code) if isinstance(error, aiosmtplib.SMTPResponseException) else ""
