"""Events as Amazon SES publishes them to SNS, after the examples of its developer guide."""

from typing import Any

from tests.support.mail import MUG_ORDER

MESSAGE_ID = "0107019a-ses-message-id-000000"
WHEN = "2026-11-23T08:00:05.123Z"


def event(kind: str, *, notification_id: str = MUG_ORDER, **parts: Any) -> dict[str, Any]:
    """An event of a kind about a mail of ours.

    Args:
        kind: For example `Bounce`.
        notification_id: Its tag and header; empty: neither.
        parts: What the event adds, by the name of its object.
    """
    named = bool(notification_id)
    mail = {
        "timestamp": "2026-11-23T08:00:00.000Z",
        "messageId": MESSAGE_ID,
        "source": "hello@shop.example",
        "destination": ["alice@example.com"],
        "headers": [{"name": "X-Shopmesh-Notification-Id", "value": notification_id}] * named,
        "tags": {"ses:operation": ["SendRawEmail"]}
        | ({"shopmesh-notification-id": [notification_id]} if named else {}),
    }
    return {"eventType": kind, "mail": mail, **parts}


def sent(**more: Any) -> dict[str, Any]:
    return event("Send", send={}, **more)


def delivered(**more: Any) -> dict[str, Any]:
    part = {"timestamp": WHEN, "recipients": ["alice@example.com"], "smtpResponse": "250 ok"}
    return event("Delivery", delivery=part, **more)


def delayed(**more: Any) -> dict[str, Any]:
    part = {"timestamp": WHEN, "delayType": "MailboxFull", "delayedRecipients": []}
    return event("DeliveryDelay", deliveryDelay=part, **more)


def bounced(kind: str = "Permanent", *, address: str = "alice@example.com", **more: Any) -> dict[str, Any]:
    recipients = [{"emailAddress": address, "action": "failed", "status": "5.1.1"}]
    part = {
        "timestamp": WHEN,
        "bounceType": kind,
        "bounceSubType": "General",
        "bouncedRecipients": recipients,
        "feedbackId": "f-1",
    }
    return event("Bounce", bounce=part, **more)


def complained(*, feedback_type: str = "abuse", **more: Any) -> dict[str, Any]:
    part = {
        "timestamp": WHEN,
        "complainedRecipients": [{"emailAddress": "alice@example.com"}],
        "complaintFeedbackType": feedback_type,
        "feedbackId": "f-2",
    }
    return event("Complaint", complaint=part, **more)


def rejected(**more: Any) -> dict[str, Any]:
    return event("Reject", reject={"reason": "Bad content"}, **more)
