"""What a mesh's stores hold of orders, read once for all checks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tests.faults.stored import IndexRow, SignedHead, StoredEvent
from tests.faults.stores import Stores, by_order

STATE_AFTER = {
    "OrderPlaced": "PENDING",
    "OrderConfirmed": "CONFIRMED",
    "OrderRejected": "REJECTED",
    "OrderCancelled": "CANCELLED",
    "OrderShipped": "SHIPPED",
    "OrderDelivered": "DELIVERED",
}

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


def state_of(events: list[StoredEvent]) -> str:
    """Where an order stands after these events."""
    return STATE_AFTER[events[-1].fields["type"]]
