"""Events as they travel, read as the domain's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.kernel.envelope import Envelope
from services.kernel.money import Money
from services.notification.domain.events import (
    Event,
    MailRequested,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
    OrderRejected,
    OrderRemainderCancelled,
    OrderShipped,
    UserErased,
)
from services.notification.domain.order_summary import OrderedLine
from services.notification.domain.template import Purpose

Payload = Mapping[str, Any]

EVENTS_READ = {"OrderShipped": 2}
"""The latest versions that are read here, where they are not the first."""


class UnreadableEvent(ValueError):
    """An event of a kind that mails come from is not as its message says."""


def read_event(envelope: Envelope) -> Event | None:
    """Read what concerns mails; None: it does not.

    Raises:
        UnreadableEvent: a newer schema, or a field is missing or malformed.
    """
    reader = _READERS.get(envelope.type)
    if reader is None:
        return None
    latest = EVENTS_READ.get(envelope.type, 1)
    if not 1 <= envelope.schema_version <= latest:
        raise UnreadableEvent(
            f"{envelope.type} has schema version {envelope.schema_version}, which is not known up to {latest}"
        )
    try:
        return reader(envelope, envelope.payload)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableEvent(f"{envelope.type} cannot be read: {type(error).__name__} {error}") from error


def _placed(event: Envelope, payload: Payload) -> Event:
    return OrderPlaced(event.key, payload["customerId"], tuple(_line(line) for line in payload["lines"]))


def _confirmed(event: Envelope, payload: Payload) -> Event:
    prices = tuple(_money(price) for price in payload["unitPrices"])
    return OrderConfirmed(event.key, prices, _money(payload["total"]))


def _rejected(event: Envelope, payload: Payload) -> Event:
    available = {line["sku"]: int(line.get("available", 0)) for line in payload.get("lines", ())}
    return OrderRejected(event.key, payload["reason"], available, bool(payload.get("decidedLater", False)))


def _cancelled(event: Envelope, payload: Payload) -> Event:
    return OrderCancelled(event.key, payload["reason"])


def _shipped(event: Envelope, payload: Payload) -> Event:
    if event.schema_version == 1 or payload["rest"]:
        return OrderShipped(event.key, event.version, event.event_id)
    return OrderShipped(
        event.key,
        event.version,
        payload["shipmentId"] or event.event_id,
        _pieces(payload["lines"]),
        payload["carrier"],
        payload["trackingNumber"],
    )


def _remainder_cancelled(event: Envelope, payload: Payload) -> Event:
    return OrderRemainderCancelled(event.key, payload["reason"], _pieces(payload["lines"]))


def _pieces(lines: Sequence[Payload]) -> dict[str, int]:
    return {line["sku"]: int(line["quantity"]) for line in lines}


def _delivered(event: Envelope, _payload: Payload) -> Event:
    return OrderDelivered(event.key)


def _mail_requested(_event: Envelope, payload: Payload) -> Event:
    return MailRequested(payload["userId"], Purpose(payload["purpose"]), payload["requestId"])


def _user_erased(_event: Envelope, payload: Payload) -> Event:
    return UserErased(payload["userId"])


_READERS: Mapping[str, Callable[[Envelope, Payload], Event]] = {
    "OrderPlaced": _placed,
    "OrderConfirmed": _confirmed,
    "OrderRejected": _rejected,
    "OrderCancelled": _cancelled,
    "OrderShipped": _shipped,
    "OrderRemainderCancelled": _remainder_cancelled,
    "OrderDelivered": _delivered,
    "MailRequested": _mail_requested,
    "UserErased": _user_erased,
}


def _line(line: Payload) -> OrderedLine:
    return OrderedLine(line["sku"], line.get("name", ""), int(line["quantity"]))


def _money(value: Payload) -> Money:
    # proto3 JSON writes int64 as a string and leaves zeros out.
    return Money(value["currencyCode"], int(value.get("units", 0)), int(value.get("nanos", 0)))
