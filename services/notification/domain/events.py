"""The events that mails come from, with the fields that mails need."""

from dataclasses import dataclass

from services.kernel.money import Money
from services.notification.domain.order_summary import OrderedLine
from services.notification.domain.template import Purpose


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """An order came in."""

    order_id: str
    customer_id: str
    lines: tuple[OrderedLine, ...]


@dataclass(frozen=True, slots=True)
class OrderConfirmed:
    """The order will be delivered."""

    order_id: str
    unit_prices: tuple[Money, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The order cannot be; `available` has the pieces there were, by SKU that fell short."""

    order_id: str
    reason: str
    available: dict[str, int]
    decided_later: bool


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """The order was taken back."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderRemainderCancelled:
    """What had not been shipped was taken back: pieces by SKU."""

    order_id: str
    reason: str
    pieces: dict[str, int]


@dataclass(frozen=True, slots=True)
class OrderShipped:
    """Pieces of the order have left the warehouse.

    Attributes:
        order_id: Of which order.
        version: The event's place among those of the order.
        shipment_id: The parcel; events with one id are one parcel.
        pieces: By SKU; None: all that was open.
        carrier: Who brings it; may be empty.
        tracking_number: The carrier's; may be empty.
    """

    order_id: str
    version: int
    shipment_id: str
    pieces: dict[str, int] | None = None
    carrier: str = ""
    tracking_number: str = ""


@dataclass(frozen=True, slots=True)
class OrderDelivered:
    """The customer has the order."""

    order_id: str


@dataclass(frozen=True, slots=True)
class MailRequested:
    """A mail about the account is due."""

    user_id: str
    purpose: Purpose
    request_id: str


@dataclass(frozen=True, slots=True)
class UserErased:
    """The account was erased."""

    user_id: str


OrderEvent = (
    OrderPlaced
    | OrderConfirmed
    | OrderRejected
    | OrderCancelled
    | OrderShipped
    | OrderRemainderCancelled
    | OrderDelivered
)
Event = OrderEvent | MailRequested | UserErased
