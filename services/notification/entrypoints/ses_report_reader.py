"""Events of Amazon SES, read as the domain's feedback.

Source: "Examples of event data that Amazon SES publishes to Amazon SNS" in its developer guide. Identities
publish the same with `notificationType` instead of `eventType`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.notification.domain.feedback import Feedback, FeedbackKind
from services.notification.domain.message import NOTIFICATION_ID_HEADER, NOTIFICATION_ID_TAG
from services.notification.domain.suppression import SuppressionCause

_KINDS = {
    "send": FeedbackKind.SENT,
    "deliverydelay": FeedbackKind.DELAYED,
    "delivery": FeedbackKind.DELIVERED,
    "bounce": FeedbackKind.BOUNCED,
    "reject": FeedbackKind.REJECTED,
    "complaint": FeedbackKind.COMPLAINED,
}
_PARTS = {"deliverydelay": "deliveryDelay"}
_NO_COMPLAINT = "not-spam"

Document = Mapping[str, Any]


class UnreadableReport(ValueError):
    """A message of a topic is an event of SES, but not as its guide says."""


def read_report(text: str, provider: str) -> Feedback | None:
    """Read what concerns a mail; None: it does not.

    Raises:
        UnreadableReport: A field is missing or malformed.
    """
    document = _document(text)
    name = str(document.get("eventType") or document.get("notificationType") or "").replace(" ", "").lower()
    kind = _KINDS.get(name)
    if kind is None:
        return None
    try:
        return _feedback(kind, document["mail"], document.get(_PARTS.get(name, name), {}), provider)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnreadableReport(f"{name} cannot be read: {type(error).__name__}") from error


def _document(text: str) -> Document:
    """The event; SES greets a new topic with a sentence."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _feedback(kind: FeedbackKind, mail: Document, part: Document, provider: str) -> Feedback:
    return Feedback(
        kind=kind,
        notification_id=_notification_id(mail),
        provider_message_id=_text(mail["messageId"]),
        provider=provider,
        time=_time(part.get("timestamp") or mail["timestamp"]),
        detail=_detail(kind, part),
        addresses=_addresses(kind, part, mail),
        suppression=_suppression(kind, part),
    )


def _notification_id(mail: Document) -> str:
    """Our own name of the mail, from its tag or its header; empty without either."""
    for value in mail.get("tags", {}).get(NOTIFICATION_ID_TAG, ()):
        return _text(value)
    for each in mail.get("headers", ()):
        if _text(each["name"]).lower() == NOTIFICATION_ID_HEADER.lower():
            return _text(each["value"])
    return ""


def _detail(kind: FeedbackKind, part: Document) -> str:
    match kind:
        case FeedbackKind.BOUNCED:
            return f"{_text(part['bounceType'])}/{_text(part['bounceSubType'])}"
        case FeedbackKind.COMPLAINED:
            return _text(part.get("complaintFeedbackType") or "")
        case FeedbackKind.DELAYED:
            return _text(part.get("delayType") or "")
        case _:
            return ""


def _addresses(kind: FeedbackKind, part: Document, mail: Document) -> tuple[str, ...]:
    """Who it is about, and to whom we wrote: a bounce may name the mailbox that an address forwards to."""
    recipients: Sequence[Document] = ()
    if kind is FeedbackKind.BOUNCED:
        recipients = part["bouncedRecipients"]
    if kind is FeedbackKind.COMPLAINED:
        recipients = part["complainedRecipients"]
    named = [_text(each["emailAddress"]) for each in recipients]
    written_to = [_text(each) for each in mail.get("destination", ())] if recipients else []
    return (*named, *written_to)


def _suppression(kind: FeedbackKind, part: Document) -> SuppressionCause | None:
    """A mailbox that there is not, and a complaint; a bounce that passes suppresses nothing."""
    if kind is FeedbackKind.BOUNCED and part["bounceType"] == "Permanent":
        return SuppressionCause.BOUNCE
    if kind is FeedbackKind.COMPLAINED and part.get("complaintFeedbackType") != _NO_COMPLAINT:
        return SuppressionCause.COMPLAINT
    return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value[:300]


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(_text(text))
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
