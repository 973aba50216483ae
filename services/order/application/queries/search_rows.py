"""The index's rows, folded from events."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from services.kernel.envelope import Envelope
from services.kernel.money import Money
from services.order.application.event_codec import SCHEMA_VERSIONS, occurrence_of
from services.order.application.ports import OrderIndex, OrderRow
from services.order.domain.order import Order, OrderState, fold

_PLACED, _CONFIRMED = "OrderPlaced", "OrderConfirmed"
_STATE_AFTER: Mapping[str, OrderState] = {
    _CONFIRMED: OrderState.CONFIRMED,
    "OrderRejected": OrderState.REJECTED,
    "OrderCancelled": OrderState.CANCELLED,
    "OrderShipped": OrderState.SHIPPED,
    "OrderDelivered": OrderState.DELIVERED,
}
_PAGE = 1_000
# Spares the guess at the encoding: bodies are UTF-8.
_DECODER = json.JSONDecoder()
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def row_of(order: Order) -> OrderRow:
    """What the index knows of an order."""
    return OrderRow(
        order_id=order.order_id,
        version=order.version,
        customer_id=order.customer_id,
        state=order.state,
        place_time=order.place_time,
        skus=tuple(sorted({line.sku for line in order.lines})),
        total=order.total,
    )


def folded_row(order_id: str, bodies: Sequence[bytes]) -> OrderRow:
    """The row of the order that these events make, read from their bytes without building it.

    Raises:
        ValueError: They make no order.
    """
    try:
        events = [_DECODER.decode(body.decode()) for body in bodies]
        if any(SCHEMA_VERSIONS[event["type"]] != event["schemaVersion"] for event in events):
            return _upcast_row(order_id, bodies)
        return _row(order_id, events)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"the events of {order_id} make no order: {error!r}") from error


def canonical(row: OrderRow) -> bytes:
    """A row's canonical bytes: JSON with sorted keys, without white space."""
    total = row.total
    fields = {
        "orderId": row.order_id,
        "version": row.version,
        "customerId": row.customer_id,
        "state": row.state.value,
        "placeTime": row.place_time.isoformat(timespec="microseconds"),
        "skus": row.skus,
        "total": None if total is None else [total.currency_code, total.units, total.nanos],
    }
    return _CANONICAL.encode(fields).encode()


class Digest:
    """SHA-256 over rows by order id: the same events make the same digest."""

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, rows: Iterable[OrderRow]) -> None:
        """Go on with these rows."""
        for row in rows:
            self._hash.update(canonical(row) + b"\n")

    @property
    def hex(self) -> str:
        return self._hash.hexdigest()


async def digest_of(index: OrderIndex, generation: int) -> str:
    """The digest of a generation as it is stored."""
    digest, after = Digest(), None
    while page := await index.rows(generation, after=after, limit=_PAGE):
        digest.add(page)
        after = page[-1].order_id
    return digest.hex


def _row(order_id: str, events: Sequence[Mapping[str, Any]]) -> OrderRow:
    placed, last = events[0], events[-1]
    if placed["type"] != _PLACED:
        raise ValueError(f"order {order_id} does not begin with {_PLACED}")
    state, total = OrderState.PENDING, None
    for event in events[1:]:
        state = _STATE_AFTER[event["type"]]
        if state is OrderState.CONFIRMED:
            total = event["payload"]["total"]
    payload = placed["payload"]
    return OrderRow(
        order_id=order_id,
        version=last["version"],
        customer_id=payload["customerId"],
        state=state,
        place_time=datetime.fromisoformat(placed["occurTime"]),
        skus=tuple(sorted({line["sku"] for line in payload["lines"]})),
        total=None if total is None else Money(total["currencyCode"], int(total["units"]), total["nanos"]),
    )


def _upcast_row(order_id: str, bodies: Sequence[bytes]) -> OrderRow:
    order = fold(order_id, (occurrence_of(Envelope.from_body(body)) for body in bodies))
    if order is None:
        raise ValueError(f"order {order_id} has no events")
    return row_of(order)
