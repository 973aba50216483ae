"""Events as the payloads of envelopes, in the JSON form of `order_events.proto`.

Stored payloads are never rewritten: a new schema version gets an entry in
`UPCASTERS` that turns the older payload into the next version's, on read.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_never

from services.kernel.envelope import Envelope
from services.kernel.money import Money
from services.order.domain.events import (
    CancelReason,
    LinePieces,
    Occurrence,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderRejected,
    OrderRemainderCancelled,
    OrderShipped,
    PlacedLine,
    RejectionReason,
    ShortLine,
)

Payload = Mapping[str, Any]
Upcaster = Callable[[Payload], Payload]

SCHEMA_VERSIONS: Mapping[str, int] = {
    "OrderPlaced": 1,
    "OrderConfirmed": 1,
    "OrderRejected": 1,
    "OrderCancelled": 1,
    "OrderShipped": 2,
    "OrderRemainderCancelled": 1,
    "OrderDelivered": 1,
}
"""The latest version by type."""

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    # It said nothing: all that was open had left.
    ("OrderShipped", 1): lambda _: {
        "shipmentId": "",
        "lines": [],
        "rest": True,
        "carrier": "",
        "trackingNumber": "",
    },
}
"""From (type, version) to that type's next version."""

SEALED_ADDRESS = "shippingAddressSealed"


class UnknownEvent(ValueError):
    """A stored event is of a type or version that this code does not know."""


def type_of(event: OrderEvent) -> str:
    """The short name of an event's message."""
    return type(event).__name__


def schema_version_of(event: OrderEvent) -> int:
    """The version that an event is written in: what its first version can say is written in that."""
    match event:
        case OrderShipped(rest=True):
            return 1
        case _:
            return SCHEMA_VERSIONS[type_of(event)]


def payload_of(event: OrderEvent) -> Payload:
    """The event's own fields; what is absent is left out."""
    match event:
        case OrderPlaced():
            return _placed_payload(event)
        case OrderConfirmed(unit_prices, total):
            return {"unitPrices": [_money_json(price) for price in unit_prices], "total": _money_json(total)}
        case OrderRejected():
            return _rejected_payload(event)
        case OrderCancelled(reason):
            return {"reason": reason.value}
        case OrderShipped(rest=True) | OrderDelivered():
            return {}
        case OrderShipped():
            return _shipped_payload(event)
        case OrderRemainderCancelled(reason, lines):
            return {"reason": reason.value, "lines": _pieces_json(lines)}
        case _:
            assert_never(event)


def occurrence_of(
    envelope: Envelope, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS
) -> Occurrence:
    """Read an event, as today's version whatever it was stored as.

    Raises:
        UnknownEvent: The type or the version is not known.
    """
    payload, version = envelope.payload, envelope.schema_version
    while upcast := upcasters.get((envelope.type, version)):
        payload, version = upcast(payload), version + 1
    if SCHEMA_VERSIONS.get(envelope.type) != version:
        raise UnknownEvent(
            f"{envelope.type} version {envelope.schema_version} of {envelope.key} is not known"
        )
    event = _READERS[envelope.type](payload)
    return Occurrence(event, envelope.event_id, envelope.version, envelope.occur_time)


def _placed_payload(event: OrderPlaced) -> Payload:
    payload: dict[str, Any] = {
        "customerId": event.customer_id,
        "requestId": event.request_id,
        "lines": [{"sku": line.sku, "name": line.name, "quantity": line.quantity} for line in event.lines],
        SEALED_ADDRESS: event.shipping_address_sealed,
        "commandDigest": event.command_digest,
    }
    if event.expected_total is not None:
        payload["expectedTotal"] = _money_json(event.expected_total)
    return payload


def _placed(payload: Payload) -> OrderPlaced:
    return OrderPlaced(
        customer_id=payload["customerId"],
        request_id=payload["requestId"],
        lines=tuple(PlacedLine(line["sku"], line["name"], line["quantity"]) for line in payload["lines"]),
        expected_total=_optional_money(payload.get("expectedTotal")),
        shipping_address_sealed=payload[SEALED_ADDRESS],
        command_digest=payload["commandDigest"],
    )


def _confirmed(payload: Payload) -> OrderConfirmed:
    return OrderConfirmed(tuple(_money(price) for price in payload["unitPrices"]), _money(payload["total"]))


def _rejected_payload(event: OrderRejected) -> Payload:
    payload: dict[str, Any] = {
        "reason": event.reason.value,
        "lines": [
            {"sku": line.sku, "requested": line.requested, "available": line.available}
            for line in event.lines
        ],
        "decidedLater": event.decided_later,
    }
    if event.current_total is not None:
        payload["currentTotal"] = _money_json(event.current_total)
    return payload


def _rejected(payload: Payload) -> OrderRejected:
    return OrderRejected(
        reason=RejectionReason(payload["reason"]),
        lines=tuple(
            ShortLine(line["sku"], line["requested"], line["available"]) for line in payload["lines"]
        ),
        current_total=_optional_money(payload.get("currentTotal")),
        decided_later=payload["decidedLater"],
    )


def _cancelled(payload: Payload) -> OrderCancelled:
    return OrderCancelled(CancelReason(payload["reason"]))


def _shipped_payload(event: OrderShipped) -> Payload:
    return {
        "shipmentId": event.shipment_id,
        "lines": _pieces_json(event.lines),
        "rest": event.rest,
        "carrier": event.carrier,
        "trackingNumber": event.tracking_number,
    }


def _shipped(payload: Payload) -> OrderShipped:
    return OrderShipped(
        payload["shipmentId"],
        _pieces(payload["lines"]),
        payload["rest"],
        payload["carrier"],
        payload["trackingNumber"],
    )


def _remainder_cancelled(payload: Payload) -> OrderRemainderCancelled:
    return OrderRemainderCancelled(CancelReason(payload["reason"]), _pieces(payload["lines"]))


def _delivered(_payload: Payload) -> OrderDelivered:
    return OrderDelivered()


_READERS: Mapping[str, Callable[[Payload], OrderEvent]] = {
    "OrderPlaced": _placed,
    "OrderConfirmed": _confirmed,
    "OrderRejected": _rejected,
    "OrderCancelled": _cancelled,
    "OrderShipped": _shipped,
    "OrderRemainderCancelled": _remainder_cancelled,
    "OrderDelivered": _delivered,
}


def _pieces_json(lines: Sequence[LinePieces]) -> list[Payload]:
    return [{"sku": line.sku, "quantity": line.quantity} for line in lines]


def _pieces(lines: Sequence[Payload]) -> tuple[LinePieces, ...]:
    return tuple(LinePieces(line["sku"], line["quantity"]) for line in lines)


def _money_json(money: Money) -> Payload:
    # proto3 JSON writes int64 as a string.
    return {"currencyCode": money.currency_code, "units": str(money.units), "nanos": money.nanos}


def _money(value: Payload) -> Money:
    return Money(value["currencyCode"], int(value["units"]), value["nanos"])


def _optional_money(value: Payload | None) -> Money | None:
    return None if value is None else _money(value)
