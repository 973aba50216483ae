"""Messages of SNS: believed with a signature of version 2, from a topic of ours, by a certificate of SNS."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.notification.adapters.hook_messages_sns import MAX_AGE, SnsHookMessages
from services.notification.application.ports import (
    HookMessage,
    HookMessageKind,
    HookRefused,
    HookUnavailable,
)
from tests.support.events import MORNING
from tests.support.ses import REGION, TOPIC
from tests.support.sns import (
    CERTIFICATE_URL,
    SUBSCRIBE_URL,
    FakeSns,
    Signer,
    fake_sns,
    notification,
    subscription,
)

HOST = CERTIFICATE_URL.removeprefix("https://").partition("/")[0]
FOREIGN_URLS = [
    CERTIFICATE_URL.replace("https:", "http:"),
    CERTIFICATE_URL.replace(HOST, "sns.eu-central-1.amazonaws.com.evil.example"),
    CERTIFICATE_URL.replace(HOST, "evil.example"),
    CERTIFICATE_URL.replace(HOST, f"evil.example#{HOST}"),
    CERTIFICATE_URL.replace(HOST, f"evil.example\\@{HOST}"),
    CERTIFICATE_URL.replace(HOST, f"{HOST}@evil.example"),
    CERTIFICATE_URL.replace(HOST, f"user@{HOST}"),
    CERTIFICATE_URL.replace(HOST, f"{HOST}:8443"),
    CERTIFICATE_URL.replace(HOST, "sns.us-east-1.amazonaws.com"),
    CERTIFICATE_URL.replace(HOST, "s3.eu-central-1.amazonaws.com"),
    CERTIFICATE_URL.replace(HOST, "sns.eu-central-1.amazonaws.com."),
    CERTIFICATE_URL.replace(HOST, "SNS.eu-central-1.amazonaws.com"),
    CERTIFICATE_URL.replace("SimpleNotificationService-", "bucket/SimpleNotificationService-"),
    CERTIFICATE_URL.replace("SimpleNotificationService-", "../SimpleNotificationService-"),
    CERTIFICATE_URL.replace(".pem", ".pem/../evil.pem"),
    CERTIFICATE_URL.replace(".pem", ".crt"),
    "https://127.0.0.1/SimpleNotificationService-0123456789abcdef.pem",
    "https://[x",
    "file:///etc/ssl/SimpleNotificationService-0123456789abcdef.pem",
    "",
]


@pytest.fixture
async def sns() -> AsyncIterator[FakeSns]:
    async with fake_sns() as fake:
        yield fake


@pytest.fixture
def messages(sns: FakeSns) -> SnsHookMessages:
    return SnsHookMessages(
        sns.client, provider="ses:eu-central-1", topics=(TOPIC,), clock=lambda: MORNING + timedelta(minutes=1)
    )


async def read(messages: SnsHookMessages, fields: Mapping[str, Any]) -> HookMessage:
    return await messages.read(json.dumps(fields).encode())


async def refusal(messages: SnsHookMessages, fields: Mapping[str, Any]) -> HookRefused:
    with pytest.raises(HookRefused) as refused:
        await read(messages, fields)
    return refused.value


async def test_a_signed_message_of_the_topic_is_believed(sns: FakeSns, messages: SnsHookMessages) -> None:
    signed = sns.signer.sign(notification("hello", MessageId="m-1", Subject="Amazon SES"))

    message = await read(messages, signed)

    assert message == HookMessage(HookMessageKind.REPORT, "m-1", TOPIC, "hello", "")


async def test_a_certificate_is_fetched_once(sns: FakeSns, messages: SnsHookMessages) -> None:
    for _ in range(3):
        await read(messages, sns.signer.sign(notification("hello")))

    assert len(sns.requests) == 1


@pytest.mark.parametrize(
    "name", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type", "Signature"]
)
async def test_whatever_is_signed_cannot_be_changed(sns: FakeSns, name: str) -> None:
    other = f"{TOPIC}-other"
    messages = SnsHookMessages(sns.client, provider="ses", topics=(TOPIC, other), clock=lambda: MORNING)
    signed = sns.signer.sign(notification("hello", Subject="Amazon SES"))
    changed = {
        "Timestamp": "2026-11-22T00:00:00.123Z",
        "TopicArn": other,
        "Type": "UnsubscribeConfirmation",
        "Signature": signed["Signature"].swapcase(),
    }.get(name, "changed")

    assert str(await refusal(messages, {**signed, name: changed})) == "the signature is not that of SNS"


async def test_a_subject_cannot_be_added_or_taken_away(sns: FakeSns, messages: SnsHookMessages) -> None:
    without = sns.signer.sign(notification("hello"))
    with_one = sns.signer.sign(notification("hello", Subject="Amazon SES"))
    await refusal(messages, {**without, "Subject": "added"})
    await refusal(messages, {name: value for name, value in with_one.items() if name != "Subject"})


async def test_another_key_signs_nothing(sns: FakeSns, messages: SnsHookMessages) -> None:
    forged = Signer().sign(notification("hello"))

    assert str(await refusal(messages, forged)) == "the signature is not that of SNS"


@pytest.mark.parametrize("url", FOREIGN_URLS)
async def test_a_certificate_of_anybody_else_is_not_even_asked_for(
    sns: FakeSns, messages: SnsHookMessages, url: str
) -> None:
    await refusal(messages, sns.signer.sign(notification("hello", SigningCertURL=url)))

    assert (sns.requests, sns.hosts) == ([], [])


async def test_a_host_that_cannot_prove_its_name_is_not_believed() -> None:
    async with fake_sns(certificate_host="evil.example") as sns:
        messages = SnsHookMessages(sns.client, provider="ses", topics=(TOPIC,), clock=lambda: MORNING)
        with pytest.raises(HookUnavailable):
            await read(messages, sns.signer.sign(notification("hello")))
        assert not sns.requests


async def test_a_signature_of_version_1_is_refused_with_the_remedy(
    sns: FakeSns, messages: SnsHookMessages
) -> None:
    refused = await refusal(messages, sns.signer.sign(notification("hello", SignatureVersion="1")))

    assert "SignatureVersion" in refused.remedy
    assert not sns.requests


async def test_raw_delivery_is_refused_with_the_remedy(messages: SnsHookMessages) -> None:
    assert "raw" in (await refusal(messages, {"eventType": "Bounce", "mail": {}})).remedy


@pytest.mark.parametrize(
    "topic", [f"{TOPIC}-other", TOPIC.upper(), TOPIC.replace("123456789012", "210987654321"), ""]
)
async def test_a_topic_of_anybody_else_is_refused(
    sns: FakeSns, messages: SnsHookMessages, topic: str
) -> None:
    await refusal(messages, sns.signer.sign(notification("hello", TopicArn=topic)))

    assert not sns.requests


@pytest.mark.parametrize(
    ("age", "is_believed"),
    [
        (MAX_AGE - timedelta(hours=1), True),
        (MAX_AGE + timedelta(hours=1), False),
        (-timedelta(minutes=10), True),
        (-timedelta(hours=1), False),
    ],
)
async def test_a_message_is_believed_for_a_week(
    sns: FakeSns, messages: SnsHookMessages, age: timedelta, is_believed: bool
) -> None:
    signed = sns.signer.sign(notification("hello", Timestamp=f"{MORNING - age:%Y-%m-%dT%H:%M:%S}.000Z"))

    if is_believed:
        assert (await read(messages, signed)).text == "hello"
    else:
        await refusal(messages, signed)


async def test_a_certificate_signs_in_its_time_only(sns: FakeSns, messages: SnsHookMessages) -> None:
    sns.signer = Signer(end=MORNING - timedelta(days=1))

    await refusal(messages, sns.signer.sign(notification("hello")))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'"text"', b"{", b"{}", b"\xff", b"[" * 100_000, b'{"Type": 1}']
)
async def test_what_is_no_message_is_refused(messages: SnsHookMessages, body: bytes) -> None:
    with pytest.raises(HookRefused):
        await messages.read(body)


@pytest.mark.parametrize("name", sorted(notification("hello").keys() - {"UnsubscribeURL"}))
@pytest.mark.parametrize("value", [None, 7, ["hello"], {"a": 1}])
async def test_every_field_has_to_be_a_text(
    sns: FakeSns, messages: SnsHookMessages, name: str, value: object
) -> None:
    signed = sns.signer.sign(notification("hello"))

    await refusal(messages, {**signed, name: value})
    await refusal(messages, {key: each for key, each in signed.items() if key != name})


async def test_a_subscription_to_the_topic_is_confirmed(sns: FakeSns, messages: SnsHookMessages) -> None:
    message = await read(messages, sns.signer.sign(subscription()))
    await messages.confirm(message)

    assert message.kind is HookMessageKind.SUBSCRIPTION
    assert SUBSCRIBE_URL.endswith(sns.requests[-1])


@pytest.mark.parametrize(
    "url",
    [
        SUBSCRIBE_URL.replace("https:", "http:"),
        SUBSCRIBE_URL.replace(HOST, "evil.example"),
        SUBSCRIBE_URL.replace(HOST, "sns.us-east-1.amazonaws.com"),
        SUBSCRIBE_URL.replace("ConfirmSubscription", "DeleteTopic"),
        SUBSCRIBE_URL.replace(TOPIC, f"{TOPIC}-other"),
        f"{SUBSCRIBE_URL}&Action=DeleteTopic",
        "http://169.254.169.254/latest/meta-data",
    ],
)
async def test_a_subscription_is_confirmed_at_sns_only(
    sns: FakeSns, messages: SnsHookMessages, url: str
) -> None:
    message = await read(messages, sns.signer.sign(subscription(SubscribeURL=url)))
    asked = list(sns.requests)

    with pytest.raises(HookRefused):
        await messages.confirm(message)

    assert sns.requests == asked


async def test_while_sns_is_away_a_message_may_come_again(sns: FakeSns, messages: SnsHookMessages) -> None:
    sns.status = 503
    with pytest.raises(HookUnavailable):
        await read(messages, sns.signer.sign(notification("hello")))
    sns.status = 200

    assert (await read(messages, sns.signer.sign(notification("hello")))).text == "hello"


async def test_a_redirect_is_not_followed(sns: FakeSns, messages: SnsHookMessages) -> None:
    sns.status = 302

    await refusal(messages, sns.signer.sign(notification("hello")))


@pytest.mark.parametrize("names", [100, 1])
async def test_strangers_cannot_have_certificates_fetched_without_end(
    sns: FakeSns, messages: SnsHookMessages, names: int
) -> None:
    sns.status = 404
    errors = []
    for number in range(100):
        url = f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-{number % names:032x}.pem"
        try:
            await read(messages, sns.signer.sign(notification("hello", SigningCertURL=url)))
        except (HookRefused, HookUnavailable) as error:
            errors.append(type(error))

    assert len(errors) == 100
    assert errors[-1] is HookUnavailable
    assert len(sns.requests) < 20
