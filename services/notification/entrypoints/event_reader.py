"""Events as they travel, read as the domain's."""

from collections.abc import Callable, Mapping
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
    OrderShipped,
    UserErased,
)
from services.notification.domain.order_summary import OrderedLine
from services.notification.domain.template import Purpose

Payload = Mapping[str, Any]

_SCHEMA_VERSION = 1


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
    if envelope.schema_version != _SCHEMA_VERSION:
        raise UnreadableEvent(f"{envelope.type} has schema version {envelope.schema_version}, not 1")
    try:
        return reader(envelope.key, envelope.payload)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableEvent(f"{envelope.type} cannot be read: {type(error).__name__} {error}") from error


def _placed(order_id: str, payload: Payload) -> Event:
    return OrderPlaced(order_id, payload["customerId"], tuple(_line(line) for line in payload["lines"]))


def _confirmed(order_id: str, payload: Payload) -> Event:
    prices = tuple(_money(price) for price in payload["unitPrices"])
    return OrderConfirmed(order_id, prices, _money(payload["total"]))


def _rejected(order_id: str, payload: Payload) -> Event:
    available = {line["sku"]: int(line.get("available", 0)) for line in payload.get("lines", ())}
    return OrderRejected(order_id, payload["reason"], available, bool(payload.get("decidedLater", False)))


def _cancelled(order_id: str, payload: Payload) -> Event:
    return OrderCancelled(order_id, payload["reason"])


def _shipped(order_id: str, _payload: Payload) -> Event:
    return OrderShipped(order_id)


def _delivered(order_id: str, _payload: Payload) -> Event:
    return OrderDelivered(order_id)


def _mail_requested(_user_id: str, payload: Payload) -> Event:
    return MailRequested(payload["userId"], Purpose(payload["purpose"]), payload["requestId"])


def _user_erased(_user_id: str, payload: Payload) -> Event:
    return UserErased(payload["userId"])


_READERS: Mapping[str, Callable[[str, Payload], Event]] = {
    "OrderPlaced": _placed,
    "OrderConfirmed": _confirmed,
    "OrderRejected": _rejected,
    "OrderCancelled": _cancelled,
    "OrderShipped": _shipped,
    "OrderDelivered": _delivered,
    "MailRequested": _mail_requested,
    "UserErased": _user_erased,
}


def _line(line: Payload) -> OrderedLine:
    return OrderedLine(line["sku"], line.get("name", ""), int(line["quantity"]))


def _money(value: Payload) -> Money:
    # proto3 JSON writes int64 as a string and leaves zeros out.
    return Money(value["currencyCode"], int(value.get("units", 0)), int(value.get("nanos", 0)))
