"""What inventory tells the other services; fields as in `inventory_events.proto`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StockShort:
    """More is reserved of a SKU in a warehouse than there is."""

    sku: str
    warehouse: str
    missing: int


@dataclass(frozen=True, slots=True)
class ShipmentReported:
    """Pieces left a warehouse for an order."""

    sku: str
    warehouse: str
    order_id: str
    quantity: int
    after_cancel: bool


InventoryEvent = StockShort | ShipmentReported
