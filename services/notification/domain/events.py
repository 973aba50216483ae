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
class OrderShipped:
    """The order has left the warehouse."""

    order_id: str


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


OrderEvent = OrderPlaced | OrderConfirmed | OrderRejected | OrderCancelled | OrderShipped | OrderDelivered
Event = OrderEvent | MailRequested | UserErased
