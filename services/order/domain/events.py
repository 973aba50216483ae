"""What can happen to an order (`protos/shopmesh/order/v1/order_events.proto`)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.kernel.money import Money


class RejectionReason(Enum):
    """Why an order cannot be delivered."""

    OUT_OF_STOCK = "OUT_OF_STOCK"
    PRICE_CHANGED = "PRICE_CHANGED"
    UNKNOWN_SKU = "UNKNOWN_SKU"
    UNAVAILABLE = "UNAVAILABLE"


class CancelReason(Enum):
    """Why an order was taken back."""

    CUSTOMER = "CUSTOMER"
    SHORTAGE = "SHORTAGE"


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line as it was ordered; the name is empty when the catalogue was silent."""

    sku: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class LinePieces:
    """So many pieces of a line, which its SKU names."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ShortLine:
    """A line of which there was too little."""

    sku: str
    requested: int
    available: int


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """An order came in.

    Attributes:
        shipping_address_sealed: Readable only with the customer's key.
        command_digest: The same for the same command only; made with the same key.
    """

    customer_id: str
    request_id: str
    lines: tuple[PlacedLine, ...]
    expected_total: Money | None
    shipping_address_sealed: str
    command_digest: str


@dataclass(frozen=True, slots=True)
class OrderConfirmed:
    """The stock is kept; prices are in the order of the lines."""

    unit_prices: tuple[Money, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The order cannot be delivered.

    Attributes:
        decided_later: True when no caller was waiting, so that the customer has to be notified.
    """

    reason: RejectionReason
    lines: tuple[ShortLine, ...] = ()
    current_total: Money | None = None
    decided_later: bool = False


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """The order was taken back before it was shipped."""

    reason: CancelReason


@dataclass(frozen=True, slots=True)
class OrderRemainderCancelled:
    """All that had not been shipped was taken back, after something had been."""

    reason: CancelReason
    lines: tuple[LinePieces, ...]


@dataclass(frozen=True, slots=True)
class OrderShipped:
    """Pieces of the order have left the warehouse.

    Attributes:
        shipment_id: The parcel; events with one id are one parcel. Empty: it has no name.
        lines: What has left; empty where `rest` is true.
        rest: All that was open has left, without a word of its lines: the event's first version.
        carrier: Who brings it; may be empty.
        tracking_number: The carrier's; may be empty.
    """

    shipment_id: str = ""
    lines: tuple[LinePieces, ...] = ()
    rest: bool = False
    carrier: str = ""
    tracking_number: str = ""


@dataclass(frozen=True, slots=True)
class OrderDelivered:
    """The order has reached its recipient."""


OrderEvent = (
    OrderPlaced
    | OrderConfirmed
    | OrderRejected
    | OrderCancelled
    | OrderShipped
    | OrderRemainderCancelled
    | OrderDelivered
)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event at its place in the stream of its order."""

    event: OrderEvent
    event_id: str
    version: int
    occur_time: datetime
