"""The command that begins an order."""

from dataclasses import dataclass

from services.kernel.money import Money
from services.order.domain.lines import Line, ShippingAddress


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """What a customer orders.

    Attributes:
        request_id: Names the order; unique per customer.
        expected_total: The total that the customer agreed to; None: any.
    """

    customer_id: str
    request_id: str
    lines: tuple[Line, ...]
    shipping_address: ShippingAddress
    expected_total: Money | None = None
