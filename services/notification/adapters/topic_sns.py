"""Whether a topic of Amazon SNS is set up so that the mesh gets and believes what SES reports."""

from collections.abc import Sequence
from typing import Any

from services.notification.domain.finding import CheckState, Finding

HOOK_PATH = "/hooks/ses"
_ACCOUNT = "who administers the AWS account"
_PENDING = "PendingConfirmation"


async def topic_findings(client: Any, topic: str, *, provider: str) -> Sequence[Finding]:
    """The signature of a topic's messages, and its subscription.

    Args:
        client: Of SNS in the topic's region.
        topic: Its ARN.
        provider: Who reports by it.

    Raises:
        ClientError: It may not be asked, or there is no such topic.
    """
    attributes = (await client.get_topic_attributes(TopicArn=topic))["Attributes"]
    version = attributes.get("SignatureVersion", "1")
    signature = _finding(
        provider,
        "signature of SNS",
        is_there=version == "2",
        found=f"version {version}",
        remedy="set the topic's attribute SignatureVersion to 2: messages with version 1 are refused",
    )
    listed = await client.list_subscriptions_by_topic(TopicArn=topic)
    hooks = [each for each in listed["Subscriptions"] if each["Endpoint"].endswith(HOOK_PATH)]
    confirmed = [each["SubscriptionArn"] for each in hooks if each["SubscriptionArn"] != _PENDING]
    subscription = _finding(
        provider,
        "subscription",
        is_there=bool(confirmed),
        found="confirmed" if confirmed else "not confirmed yet" if hooks else f"none to …{HOOK_PATH}",
        remedy=f"subscribe https://…{HOOK_PATH} to the topic; the mesh confirms it once SNS reaches it",
    )
    return [signature, subscription, *[await _raw(client, each, provider) for each in confirmed]]


async def _raw(client: Any, subscription: str, provider: str) -> Finding:
    attributes = (await client.get_subscription_attributes(SubscriptionArn=subscription))["Attributes"]
    is_raw = attributes.get("RawMessageDelivery") == "true"
    return _finding(
        provider,
        "raw delivery",
        is_there=not is_raw,
        found="on: messages have no signature" if is_raw else "off",
        remedy="turn raw message delivery of the subscription off",
    )


def _finding(provider: str, subject: str, *, is_there: bool, found: str, remedy: str) -> Finding:
    if is_there:
        return Finding(provider, subject, CheckState.OK, found)
    return Finding(provider, subject, CheckState.MISSING, found, remedy, _ACCOUNT)
