"""A small Amazon SES: moto keeps identities and takes mails; what it lacks is added in front of it."""

import asyncio
import base64
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cache
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer

from services.notification.adapters.mail_urls import SesUrl, parse_mail_urls
from tests.support.mail import parse

REGION = "eu-central-1"
SENDER_DOMAIN = "shop.example"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:shop-mails"
_SCOPE = f"Credential=testing/20261123/{REGION}/ses/aws4_request"
_SIGNED = {"authorization": f"AWS4-HMAC-SHA256 {_SCOPE}, SignedHeaders=host, Signature=none"}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@dataclass(frozen=True, slots=True)
class SesError:
    """An answer that is an error: status, code and message."""

    status: int
    code: str
    message: str = ""


UNVERIFIED = SesError(
    400,
    "MessageRejected",
    "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: a@b.c",
)
QUOTA_EXCEEDED = SesError(429, "TooManyRequestsException", "Daily message quota exceeded.")
RATE_EXCEEDED = SesError(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
_NOT_FOUND = SesError(404, "NotFoundException", "There is none.")
_DENIED = SesError(403, "AccessDeniedException", "not authorized to perform that")


@dataclass(frozen=True, slots=True)
class LostAnswer:
    """The connection ends instead of an answer, after or before the mail was taken."""

    is_taken: bool


@dataclass
class FakeSes:
    """What SES does and got.

    Attributes:
        port: Where it listens.
        is_approved: Whether the account has left the sandbox.
        is_verified: Whether the sender's identity is verified.
        reads_are_denied: Whether the caller may only send.
        quota: Mails in 24 hours.
        answers: What the next sends are answered with.
        fault: What a send after those is answered with; None: it is taken.
        taken: Requests of the mails that it took.
        suppressed: Addresses on the account's own suppression list.
        rate: Mails in a second that it says it takes.
        event_types: What the configuration set publishes to the topic.
        has_configuration_set: Whether there is one.
        signature_version: That of the topic's messages.
    """

    port: int = 0
    is_approved: bool = True
    is_verified: bool = True
    reads_are_denied: bool = False
    quota: int = 50_000
    answers: deque[SesError | LostAnswer] = field(default_factory=deque)
    fault: Callable[[], SesError | LostAnswer | None] = lambda: None
    taken: list[dict[str, Any]] = field(default_factory=list)
    suppressed: set[str] = field(default_factory=set)
    rate: float = 14.0
    event_types: tuple[str, ...] = ("SEND", "DELIVERY", "BOUNCE", "COMPLAINT")
    has_configuration_set: bool = True
    signature_version: str = "2"

    @property
    def refusal(self) -> SesError | None:
        """What every mail is answered with; None: it is taken."""
        if not (self.is_approved and self.is_verified):
            return UNVERIFIED
        return QUOTA_EXCEEDED if len(self.taken) >= self.quota else None

    @property
    def url_text(self) -> str:
        """The same as a setting."""
        query = f"from=Shop%20%3Chello@{SENDER_DOMAIN}%3E&configuration_set=shop&topic={TOPIC}"
        return f"ses://{REGION}?{query}&endpoint=http://127.0.0.1:{self.port}"

    @property
    def url(self) -> SesUrl:
        """The URL of a provider that sends by it."""
        parsed = parse_mail_urls((self.url_text,))
        assert isinstance(parsed, tuple)
        [url] = parsed
        assert isinstance(url, SesUrl)
        return url

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails that it took, as they were handed over."""
        return [parse(each["Content"]["Raw"]["Data"]) for each in self.taken]


def use_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients of AWS find credentials, as the environment gives them."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@asynccontextmanager
async def fake_ses() -> AsyncIterator[FakeSes]:
    """Run it on loopback, with the sender's domain verified."""
    fake = FakeSes()
    async with aiohttp.ClientSession(await asyncio.to_thread(_moto)) as behind:
        await behind.post("/v2/email/identities", json={"EmailIdentity": SENDER_DOMAIN}, headers=_SIGNED)
        runner = web.AppRunner(_Front(fake, behind).app(), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            fake.port = runner.addresses[0][1]
            yield fake
        finally:
            await runner.cleanup()


@cache
def _moto() -> str:
    """Start moto in a thread that ends with the process; a start takes longer than a test."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    return f"http://{host}:{port}"


@dataclass(frozen=True, slots=True)
class _Front:
    """What stands in front of moto."""

    fake: FakeSes
    behind: aiohttp.ClientSession

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/v2/email/account", self.account)
        app.router.add_get("/v2/email/identities/{name}", self.identity)
        app.router.add_post("/v2/email/outbound-emails", self.send)
        app.router.add_post("/", self.topic)
        app.router.add_get("/v2/email/configuration-sets/{name}", self.configuration_set)
        app.router.add_get("/v2/email/configuration-sets/{name}/event-destinations", self.destinations)
        app.router.add_delete("/v2/email/suppression/addresses/{address}", self.lift)
        return app

    async def account(self, _request: web.Request) -> web.Response:
        if self.fake.reads_are_denied:
            return _error(_DENIED)
        sent = len(self.fake.taken)
        quota = {"Max24HourSend": self.fake.quota, "SentLast24Hours": sent, "MaxSendRate": self.fake.rate}
        approved = self.fake.is_approved
        return web.json_response(
            {"ProductionAccessEnabled": approved, "SendingEnabled": True, "SendQuota": quota}
        )

    async def identity(self, request: web.Request) -> web.Response:
        if self.fake.reads_are_denied:
            return _error(_DENIED)
        found = await _forward(request, self.behind)
        if found.status != 200:
            return found
        assert isinstance(found.body, bytes)
        return web.json_response(
            {**json.loads(found.body), "VerifiedForSendingStatus": self.fake.is_verified}
        )

    async def topic(self, request: web.Request) -> web.Response:
        """What SNS says of topics and subscriptions; moto knows no version of signatures."""
        asked = await request.text()
        if self.fake.reads_are_denied:
            error = "<Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>no</Message></Error>"
            return web.Response(status=403, text=f"<ErrorResponse>{error}</ErrorResponse>")
        answer = await _forward(request, self.behind)
        if "Action=GetTopicAttributes" in asked:
            entry = f"<entry><key>SignatureVersion</key><value>{self.fake.signature_version}</value></entry>"
            assert isinstance(answer.body, bytes)
            answer.body = answer.body.replace(b"<Attributes>", f"<Attributes>{entry}".encode())
        return answer

    async def configuration_set(self, request: web.Request) -> web.Response:
        if not self.fake.has_configuration_set:
            return _error(_NOT_FOUND)
        sending = {"SendingEnabled": True}
        return web.json_response(
            {"ConfigurationSetName": request.match_info["name"], "SendingOptions": sending}
        )

    async def destinations(self, request: web.Request) -> web.Response:
        destination = {
            "Name": "mails",
            "Enabled": True,
            "MatchingEventTypes": list(self.fake.event_types),
            "SnsDestination": {"TopicArn": TOPIC},
        }
        return web.json_response({"EventDestinations": [destination]})

    async def lift(self, request: web.Request) -> web.Response:
        address = request.match_info["address"].lower()
        if address not in self.fake.suppressed:
            return _error(_NOT_FOUND)
        self.fake.suppressed.remove(address)
        return web.json_response({})

    async def send(self, request: web.Request) -> web.StreamResponse:
        fake = self.fake
        answer = fake.answers.popleft() if fake.answers else fake.refusal or fake.fault()
        if isinstance(answer, SesError):
            return _error(answer)
        taken = await _forward(request, self.behind)
        assert taken.status == 200, taken.body
        if answer is None or answer.is_taken:
            fake.taken.append(_decoded(json.loads(await request.text())))
        if answer is not None:
            assert request.transport is not None
            request.transport.abort()
        return taken


async def _forward(request: web.Request, behind: aiohttp.ClientSession) -> web.Response:
    headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
    body = await request.read()
    async with behind.request(request.method, request.rel_url, headers=headers, data=body) as answer:
        kept = {name: answer.headers[name] for name in ("x-amzn-ErrorType",) if name in answer.headers}
        return web.Response(
            status=answer.status,
            body=await answer.read(),
            headers=kept,
            content_type="application/json",
        )


def _error(error: SesError) -> web.Response:
    return web.json_response(
        {"message": error.message}, status=error.status, headers={"x-amzn-ErrorType": error.code}
    )


def _decoded(sent: dict[str, Any]) -> dict[str, Any]:
    raw = {"Data": base64.b64decode(sent["Content"]["Raw"]["Data"])}
    return {**sent, "Content": {"Raw": raw}}
