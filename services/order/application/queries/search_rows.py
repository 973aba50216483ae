"""The index's rows, folded from events."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256

from services.kernel.envelope import Envelope
from services.order.application.event_codec import occurrence_of
from services.order.application.ports import OrderIndex, OrderRow
from services.order.domain.order import Order, fold

_PAGE = 1_000
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
    """The row of the order that these events make.

    Raises:
        ValueError: They make no order.
    """
    try:
        order = fold(order_id, (occurrence_of(Envelope.from_body(body)) for body in bodies))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the events of {order_id} make no order: {error!r}") from error
    if order is None:
        raise ValueError(f"order {order_id} has no events")
    return row_of(order)


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
