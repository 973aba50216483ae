"""A small Amazon SNS: it signs messages as SNS does, and serves its certificate over HTTPS."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from socket import AF_INET, AddressFamily
from ssl import PROTOCOL_TLS_SERVER, SSLContext, create_default_context
from typing import Any
from uuid import uuid4

import trustme
from aiobotocore.session import get_session
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from services.notification.adapters.sns_client import SnsClient, sns_host
from tests.support.events import MORNING
from tests.support.ses import REGION, TOPIC

CERTIFICATE_URL = f"https://{sns_host(REGION)}/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
SUBSCRIBE_URL = f"https://{sns_host(REGION)}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37f"
_REPORT = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_HASHES = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - what version 1 of a signature is


@dataclass
class Signer:
    """A key and its certificate, as SNS has one in a region."""

    begin: datetime = MORNING - timedelta(days=300)
    end: datetime = MORNING + timedelta(days=300)

    @cached_property
    def key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65537, 2048)

    @cached_property
    def certificate(self) -> bytes:
        """In PEM."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begin)
            .not_valid_after(self.end)
            .sign(self.key, SHA256())
        )
        return built.public_bytes(Encoding.PEM)

    def sign(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The fields with their signature."""
        names = _REPORT if fields["Type"] == "Notification" else _SUBSCRIPTION
        text = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
        signature = self.key.sign(text.encode(), PKCS1v15(), _HASHES[fields["SignatureVersion"]])
        return {**fields, "Signature": base64.b64encode(signature).decode()}


def notification(message: Mapping[str, Any] | str, **changes: str) -> dict[str, str]:
    """A notification of the topic, not signed yet."""
    text = message if isinstance(message, str) else json.dumps(message)
    return {
        "Type": "Notification",
        "MessageId": str(uuid4()),
        "TopicArn": TOPIC,
        "Message": text,
        "Timestamp": f"{MORNING:%Y-%m-%dT%H:%M:%S}.123Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": f"https://{sns_host(REGION)}/?Action=Unsubscribe",
        **changes,
    }


def subscription(**changes: str) -> dict[str, str]:
    """What SNS sends to a new subscriber, not signed yet."""
    asked = {"Type": "SubscriptionConfirmation", "Token": "2336412f37f", "SubscribeURL": SUBSCRIBE_URL}
    return notification("You have chosen to subscribe to the topic", **{**asked, **changes})


@dataclass
class FakeSns:
    """What it serves and was asked.

    Attributes:
        signer: Whose certificate it serves.
        status: What it answers.
        requests: The path and query of every request.
        hosts: Every host whose address was asked for.
    """

    signer: Signer
    client: SnsClient = field(init=False)
    status: int = 200
    requests: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request.path_qs)
        return web.Response(status=self.status, body=self.signer.certificate)


@dataclass
class _Resolver(AbstractResolver):
    """Finds every host at one port of this machine."""

    fake: FakeSns
    port: int

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        self.fake.hosts.append(host)
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=self.port, family=AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def fake_sns(*, certificate_host: str = sns_host(REGION)) -> AsyncIterator[FakeSns]:
    """Run it on loopback, with a client that finds it there and believes its certificate authority."""
    authority, fake = trustme.CA(), FakeSns(Signer())
    tls, believed = SSLContext(PROTOCOL_TLS_SERVER), create_default_context()
    authority.issue_cert(certificate_host).configure_cert(tls)
    authority.configure_trust(believed)
    app = web.Application()
    app.router.add_get("/{path:.*}", fake.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        resolver = _Resolver(fake, runner.addresses[0][1])
        async with SnsClient.opened(tls=believed, resolver=resolver) as client:
            fake.client = client
            yield fake
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sns_client() -> AsyncIterator[Any]:
    """A client of the SNS that `AWS_ENDPOINT_URL_SNS` names."""
    async with get_session().create_client("sns", region_name=REGION) as client:
        yield client
