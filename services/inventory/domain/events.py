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
    """Pieces left a warehouse for an order.

    Attributes:
        quantity: How many that nobody had spoken of.
        after_cancel: The order was given up before.
        shipment_id: The parcel; empty where the warehouse system has not named it.
        reported_total: All pieces of the order's line that were reported, from all warehouses, at most all
            of it.
    """

    sku: str
    warehouse: str
    order_id: str
    quantity: int
    after_cancel: bool
    shipment_id: str
    reported_total: int


InventoryEvent = StockShort | ShipmentReported
