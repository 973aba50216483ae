"""A real SMTP server and a user service that knows contacts, for tests about mails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ssl import SSLContext
from typing import Any

import grpc
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from services.notification.adapters.mail_urls import SmtpUrl, parse_mail_urls
from services.notification.domain.message import Contact, Message, Text
from shopmesh.user.v1.contact_service_pb2 import (
    AccountState,
    GetAccountStateRequest,
    GetAccountStateResponse,
    MailPurpose,
    PrepareMailRequest,
    PrepareMailResponse,
)
from shopmesh.user.v1.contact_service_pb2_grpc import (
    ContactServiceServicer,
    add_ContactServiceServicer_to_server,
)
from tests.support.events import MORNING

MUG_ORDER = "7c9e6679-7425-5de0-944b-e07fc1f90ae7"
ALICE = "0190b6a0-0000-7000-8000-00000000a11c"
BOB = "0190b6a0-0000-7000-8000-000000000b0b"


def mail(
    message_id: str = MUG_ORDER,
    *,
    email: str = "alice@example.com",
    display_name: str = "Alice",
    subject: str = "We have your order",
    trace_id: str = "4bf92f3577b34da6a3ce929d0e0e4736",
) -> Message:
    return Message(
        message_id=message_id,
        recipient=Contact(email=email, display_name=display_name, locale="en", link=""),
        text=Text(subject=subject, html="<p>Your mug: €12.50</p>", plain="Your mug: €12.50\n"),
        trace_id=trace_id,
        create_time=MORNING,
    )


def parse(content: bytes) -> EmailMessage:
    parsed = message_from_bytes(content, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


@dataclass
class Received:
    """A mail as the server got it."""

    recipients: list[str]
    content: bytes


@dataclass
class SmtpServer:
    """What an SMTP server does and got.

    Attributes:
        port: where it listens.
        received: mails that it took.
        recipient_answer: its answer to RCPT.
        data_answer: its answer to the mail itself; empty: it takes it.
        knows_nobody: whether every login is refused.
        protocols: one for each connection that came.
        loses_answers: whether it ends the connection instead of answering to a mail that it took.
        logins: (user, password) pairs that came.
    """

    port: int = 0
    received: list[Received] = field(default_factory=list)
    recipient_answer: str = "250 OK"
    data_answer: str = ""
    loses_answers: bool = False
    knows_nobody: bool = False
    protocols: list[SMTP] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data_answer:
            return self.data_answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(Received([str(address) for address in envelope.rcpt_tos], content))
        if self.loses_answers:
            _abort(server)
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: Any
    ) -> AuthResult:
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=not self.knows_nobody, handled=False)

    @property
    def connections(self) -> int:
        """How many there were."""
        return len(self.protocols)

    def drop_connections(self) -> None:
        """End them without a word."""
        for protocol in self.protocols:
            _abort(protocol)


def _abort(connection: SMTP) -> None:
    assert isinstance(connection.transport, asyncio.WriteTransport)
    connection.transport.abort()


def smtp_url(port: int, *, scheme: str = "smtp", login: str = "") -> SmtpUrl:
    """The URL of a server on loopback, with a sender."""
    parsed = parse_mail_urls((f"{scheme}://{login}127.0.0.1:{port}?from=Shop%20%3Chello@shop.example%3E",))
    assert isinstance(parsed, tuple)
    [url] = parsed
    assert isinstance(url, SmtpUrl)
    return url


@asynccontextmanager
async def smtp_server(
    *,
    login: bool = False,
    tls: SSLContext | None = None,
    port: int = 0,
    served: SmtpServer | None = None,
) -> AsyncIterator[SmtpServer]:
    """Run a real SMTP server on loopback."""
    served = served or SmtpServer()

    def protocol() -> SMTP:
        connection = SMTP(
            served,
            enable_SMTPUTF8=True,
            authenticator=served.authenticate if login else None,
            auth_require_tls=False,
        )
        served.protocols.append(connection)
        return connection

    listening = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port, ssl=tls)
    served.port = listening.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        listening.close()


@dataclass
class KnownContacts(ContactServiceServicer):
    """The user service, as far as mails need it.

    Attributes:
        names: display names by user id; others do not exist.
        is_silent: whether it answers UNAVAILABLE.
        asked: the calls that came.
        port: where it listens.
    """

    names: dict[str, str] = field(default_factory=lambda: {ALICE: "Alice", BOB: "Bob"})
    is_silent: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    async def PrepareMail(self, request: PrepareMailRequest, context: Any) -> PrepareMailResponse:
        if self.is_silent:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the database is away")
        if request.user_id not in self.names:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such account")
        purpose = MailPurpose.Name(request.purpose).removeprefix("MAIL_PURPOSE_")
        self.asked.append((request.user_id, purpose))
        name = self.names[request.user_id]
        has_link = purpose in {"VERIFY_EMAIL", "RESET_PASSWORD"}
        return PrepareMailResponse(
            email=f"{name.lower()}@example.com",
            display_name=name,
            locale="en",
            link=f"http://localhost:8080/account/verify?token=secret-{len(self.asked)}" if has_link else "",
        )

    async def GetAccountState(self, request: GetAccountStateRequest, context: Any) -> GetAccountStateResponse:
        is_known = request.user_id in self.names
        state = AccountState.ACCOUNT_STATE_ACTIVE if is_known else AccountState.ACCOUNT_STATE_UNKNOWN
        return GetAccountStateResponse(state=state)


@asynccontextmanager
async def contact_service() -> AsyncIterator[tuple[KnownContacts, grpc.aio.Channel]]:
    """Serve contacts on loopback."""
    server, known = grpc.aio.server(), KnownContacts()
    add_ContactServiceServicer_to_server(known, server)
    known.port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{known.port}") as channel:
            yield known, channel
    finally:
        await server.stop(None)
