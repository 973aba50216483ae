"""Messages of Amazon SNS: believed with a signature of version 2 and from the topics of the mail URL only."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from services.kernel.clock import Clock
from services.notification.adapters.mail_urls import region_of
from services.notification.adapters.sns_client import SnsClient
from services.notification.application.ports import HookMessage, HookMessageKind, HookRefused

MAX_AGE = timedelta(days=7)
"""A message may have lain in a dead-letter queue before."""
_CLOCK_SKEW = timedelta(minutes=15)
_SIGNATURE_VERSION = "2"
_TEXTS = (
    "Type",
    "MessageId",
    "TopicArn",
    "Message",
    "Timestamp",
    "SignatureVersion",
    "Signature",
    "SigningCertURL",
)
_MESSAGE_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
_KINDS = {
    "Notification": HookMessageKind.REPORT,
    "SubscriptionConfirmation": HookMessageKind.SUBSCRIPTION,
    "UnsubscribeConfirmation": HookMessageKind.UNSUBSCRIPTION,
}
# https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
_SIGNED = {
    HookMessageKind.REPORT: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    HookMessageKind.SUBSCRIPTION: (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_SIGNED[HookMessageKind.UNSUBSCRIPTION] = _SIGNED[HookMessageKind.SUBSCRIPTION]


class SnsHookMessages:
    """Reads messages of the topics of one provider."""

    def __init__(self, client: SnsClient, *, provider: str, topics: Sequence[str], clock: Clock) -> None:
        """Bind the topics.

        Args:
            client: Fetches certificates and confirms subscriptions.
            provider: Who reports by these topics.
            topics: The only topics that are believed (ARNs).
            clock: The time now.
        """
        self._client = client
        self._provider = provider
        self._topics = frozenset(topics)
        self._clock = clock

    @property
    def provider(self) -> str:
        return self._provider

    async def read(self, body: bytes) -> HookMessage:
        fields = _fields(body)
        kind = self._checked(fields)
        url, region = fields["SigningCertURL"], region_of(fields["TopicArn"])
        certificate = await self._client.certificate(url, region=region)
        _verify(fields, _SIGNED[kind], certificate)
        return HookMessage(
            kind=kind,
            message_id=fields["MessageId"],
            topic=fields["TopicArn"],
            text=fields["Message"],
            confirm_url=fields.get("SubscribeURL", ""),
        )

    async def confirm(self, message: HookMessage) -> None:
        region = region_of(message.topic)
        await self._client.confirm(message.confirm_url, region=region, topic=message.topic)

    def _checked(self, fields: Mapping[str, str]) -> HookMessageKind:
        """What is looked at before anything is fetched."""
        kind = _KINDS.get(fields["Type"])
        if kind is None:
            raise HookRefused("Type is none of SNS")
        if fields["TopicArn"] not in self._topics:
            raise HookRefused("the topic is none of SHOPMESH_MAIL_URL")
        if fields["SignatureVersion"] != _SIGNATURE_VERSION:
            raise HookRefused(
                "the signature has another version than 2",
                remedy="set the attribute SignatureVersion of the topic to 2",
            )
        if not _MESSAGE_ID.fullmatch(fields["MessageId"]):
            raise HookRefused("MessageId is none of SNS")
        age = self._clock() - _time(fields["Timestamp"])
        if not -_CLOCK_SKEW <= age <= MAX_AGE:
            raise HookRefused(f"the message is older than {MAX_AGE.days} days, or from the future")
        return kind


def _fields(body: bytes) -> Mapping[str, str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise HookRefused("the body is not JSON") from None
    if not isinstance(document, dict):
        raise HookRefused("the body is not a JSON object")
    if "Type" not in document and "eventType" in document:
        raise HookRefused(
            "the message has no envelope of SNS", remedy="turn raw message delivery of the subscription off"
        )
    for name in _TEXTS:
        if not isinstance(document.get(name), str):
            raise HookRefused(f"{name} is missing, or is not a text")
    return {name: value for name, value in document.items() if isinstance(value, str)}


def _verify(fields: Mapping[str, str], names: Sequence[str], certificate: x509.Certificate) -> None:
    signed = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
    key, time = certificate.public_key(), _time(fields["Timestamp"])
    if not certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc:
        raise HookRefused("the certificate was not valid when the message was signed")
    if not isinstance(key, RSAPublicKey):
        raise HookRefused("the certificate has no RSA key")
    try:
        signature = base64.b64decode(fields["Signature"], validate=True)
        key.verify(signature, signed.encode(), PKCS1v15(), SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        raise HookRefused("the signature is not that of SNS") from None


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise HookRefused("Timestamp is not a time") from None
