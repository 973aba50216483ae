"""What mails show of an order, from the consumed events; never the shipping address."""

from dataclasses import dataclass, replace
from typing import Self

from services.kernel.money import Money


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """A line; its price is known from the confirmation on."""

    sku: str
    name: str
    quantity: int
    unit_price: Money | None = None
    available: int | None = None

    @property
    def title(self) -> str:
        """The name, or the SKU while the catalogue could not be asked."""
        return self.name or self.sku

    @property
    def price(self) -> Money | None:
        """What the line costs."""
        return self.unit_price.times(self.quantity) if self.unit_price else None


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order. That of an erased customer has no customer and no lines."""

    order_id: str
    customer_id: str
    lines: tuple[OrderedLine, ...]
    total: Money | None = None
    reason: str = ""
    is_delivered: bool = False

    @property
    def is_erased(self) -> bool:
        return not self.customer_id

    @property
    def number(self) -> str:
        """The short number that customers read: the id's first eight digits."""
        return self.order_id[:8].upper()

    def confirmed(self, unit_prices: tuple[Money, ...], total: Money) -> "OrderSummary":
        """With its prices, which come in the order of the lines.

        Raises:
            ValueError: there is not one price for each line.
        """
        priced = zip(self.lines, unit_prices, strict=True)
        return replace(
            self, lines=tuple(replace(line, unit_price=price) for line, price in priced), total=total
        )

    def ended(self, reason: str, available: dict[str, int] | None = None) -> "OrderSummary":
        """Rejected or cancelled, and why.

        Args:
            reason: the short name of the reason.
            available: how many pieces there were, by SKU that fell short.
        """
        short = available or {}
        lines = tuple(replace(line, available=short.get(line.sku)) for line in self.lines)
        return replace(self, lines=lines, reason=reason)

    def delivered(self) -> "OrderSummary":
        """The customer has it."""
        return replace(self, is_delivered=True)

    @classmethod
    def erased(cls, order_id: str) -> Self:
        """What is left of an order when its customer is gone."""
        return cls(order_id=order_id, customer_id="", lines=())
