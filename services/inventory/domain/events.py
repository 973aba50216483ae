"""The events that inventory publishes; fields as in `inventory_events.proto`."""

from dataclasses import dataclass

MAX_CLAIMS = 200
"""The most claims that a shortage names; what is missing beyond them is reported once these are given up."""


@dataclass(frozen=True, slots=True)
class StockClaim:
    """What an order has reserved of a SKU in a warehouse."""

    order_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class StockShort:
    """More is reserved of a SKU in a warehouse than there is.

    Attributes:
        claims: On pieces that have not left: first holds, then committed reservations, from the newest on.
    """

    sku: str
    warehouse: str
    missing: int
    claims: tuple[StockClaim, ...]


@dataclass(frozen=True, slots=True)
class ShipmentReported:
    """Pieces left a warehouse for an order."""

    sku: str
    warehouse: str
    order_id: str
    quantity: int
    after_cancel: bool


InventoryEvent = StockShort | ShipmentReported
