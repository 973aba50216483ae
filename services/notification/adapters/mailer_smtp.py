"""Mails over SMTP (RFC 5321)."""

import time
from collections.abc import Callable
from email.headerregistry import Address

import aiosmtplib

from services.notification.adapters.mime import DEFAULT_SENDER, compose
from services.notification.adapters.smtp_url import SmtpUrl
from services.notification.application.ports import MailerUnavailable, MailRefused
from services.notification.domain.message import Message

TIMEOUT_SECONDS = 10.0
PROBE_TIMEOUT_SECONDS = 0.8
PROBE_INTERVAL_SECONDS = 30.0


class SmtpMailer:
    """One connection per mail. What the server does not take now is tried again later.

    Only a refused recipient is refused for good. Everything else that a server says no to may be ours to put
    right: credentials, the sender's verification, a quota.
    """

    def __init__(
        self, url: SmtpUrl, *, sender: Address = DEFAULT_SENDER, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._sender = sender
        self._clock = clock
        self._probe_time = 0.0
        self._was_reachable = False

    async def send(self, message: Message) -> None:
        mail = compose(message, sender=self._sender)
        try:
            async with self._connection(TIMEOUT_SECONDS) as server:
                await server.send_message(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refusal(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            self._note(reachable=False)
            raise MailerUnavailable(f"the mail server did not take it: {type(error).__name__}") from error
        self._note(reachable=True)

    async def forget(self, message_id: str) -> None:
        """Nothing of a mail is kept here."""

    async def is_reachable(self) -> bool:
        """What the last mail or probe said; a provider is not asked every second."""
        if self._clock() >= self._probe_time:
            self._note(reachable=await self._probe())
        return self._was_reachable

    async def _probe(self) -> bool:
        try:
            async with self._connection(PROBE_TIMEOUT_SECONDS) as server:
                await server.noop()
        except (aiosmtplib.SMTPException, OSError):
            return False
        return True

    def _note(self, *, reachable: bool) -> None:
        self._was_reachable = reachable
        # One that is away is asked again soon: its return should show.
        self._probe_time = self._clock() + (PROBE_INTERVAL_SECONDS if reachable else 1.0)

    def _connection(self, timeout_seconds: float) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._url.host,
            port=self._url.port,
            username=self._url.username,
            password=self._url.password,
            use_tls=self._url.is_implicit_tls,
            start_tls=self._url.start_tls,
            timeout=timeout_seconds,
        )


def _refusal(error: aiosmtplib.SMTPRecipientsRefused) -> MailRefused | MailerUnavailable:
    if any(recipient.code >= 500 for recipient in error.recipients):
        return MailRefused("the mail server refuses the recipient")
    return MailerUnavailable("the mail server does not take this recipient now")
