"""What a mesh's stores hold of orders, read once for all checks."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tests.faults.stored import IndexRow, SignedHead, StoredEvent
from tests.faults.stores import Stores, by_order

STATE_AFTER = {
    "OrderPlaced": "PENDING",
    "OrderConfirmed": "CONFIRMED",
    "OrderRejected": "REJECTED",
    "OrderCancelled": "CANCELLED",
    "OrderRemainderCancelled": "SHIPPED",
    "OrderDelivered": "DELIVERED",
}
_SHIPPED = "OrderShipped"

Orders = Mapping[str, list[StoredEvent]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A mesh at rest: nothing changes between the first read and the last.

    Attributes:
        stores: For what is looked at in SQL.
        stored: The events of each order in the event store.
        published: The same in the event log.
        index: The rows in which staff finds orders.
        heads: The signed heads.
        head_key: What they are signed with.
    """

    stores: Stores
    stored: Orders
    published: Orders
    index: list[IndexRow]
    heads: list[SignedHead]
    head_key: bytes

    @classmethod
    def of(cls, stores: Stores) -> Self:
        return cls(
            stores=stores,
            published=dict(by_order(stores.published())),
            index=stores.index(),
            stored=dict(by_order(stores.stored())),
            heads=stores.heads(),
            head_key=stores.head_key(),
        )


@dataclass(frozen=True, slots=True)
class Pieces:
    """What became of an order's pieces, each by SKU."""

    ordered: Counter[str]
    shipped: Counter[str]
    cancelled: Counter[str]

    @property
    def open(self) -> Counter[str]:
        return self.ordered - self.shipped - self.cancelled


def pieces_of(events: list[StoredEvent]) -> Pieces:
    """What became of an order's pieces after these events, once it was confirmed."""
    pieces = Pieces(_counted(events[0].fields["payload"]["lines"]), Counter(), Counter())
    for event in events[1:]:
        payload = event.fields["payload"]
        match event.fields["type"]:
            case "OrderShipped":
                whole = event.fields["schemaVersion"] == 1 or payload["rest"]
                pieces.shipped.update(pieces.open if whole else _counted(payload["lines"]))
            case "OrderRemainderCancelled":
                pieces.cancelled.update(_counted(payload["lines"]))
    return pieces


def shipments_of(events: list[StoredEvent]) -> dict[str, Counter[str]]:
    """The pieces of each parcel of an order; an event without a name for it is one of its own."""
    parcels: dict[str, Counter[str]] = {}
    for last, event in enumerate(events):
        if event.fields["type"] == _SHIPPED:
            before, after = pieces_of(events[:last]), pieces_of(events[: last + 1])
            name = event.fields["payload"].get("shipmentId") or event.fields["eventId"]
            parcels.setdefault(name, Counter()).update(after.shipped - before.shipped)
    return parcels


def state_of(events: list[StoredEvent]) -> str:
    """Where an order stands after these events."""
    last = events[-1].fields["type"]
    if last == _SHIPPED:
        return "PARTIALLY_SHIPPED" if pieces_of(events).open else "SHIPPED"
    return STATE_AFTER[last]


def _counted(lines: list[dict[str, Any]]) -> Counter[str]:
    return Counter({line["sku"]: line["quantity"] for line in lines})
