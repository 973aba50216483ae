"""What mails show of an order, from the consumed events; never the shipping address."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
class Parcel:
    """What one mail says that it has left the warehouse.

    Attributes:
        shipment_id: The parcel's name.
        notification_id: The mail that names it.
        pieces: By SKU.
        carrier: Who brings it; may be empty.
        tracking_number: The carrier's; may be empty.
    """

    shipment_id: str
    notification_id: str
    pieces: Mapping[str, int]
    carrier: str = ""
    tracking_number: str = ""


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order. That of an erased customer has no customer and no lines."""

    order_id: str
    customer_id: str
    lines: tuple[OrderedLine, ...]
    total: Money | None = None
    reason: str = ""
    is_delivered: bool = False
    parcels: tuple[Parcel, ...] = ()
    cancelled: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_erased(self) -> bool:
        return not self.customer_id

    @property
    def number(self) -> str:
        """The short number that customers read: the id's first eight digits."""
        return self.order_id[:8].upper()

    @property
    def open_pieces(self) -> Mapping[str, int]:
        """What is still to be shipped, by SKU."""
        left = Counter({line.sku: line.quantity for line in self.lines})
        left.subtract(self.cancelled)
        for parcel in self.parcels:
            left.subtract(parcel.pieces)
        return +left

    @property
    def cancelled_lines(self) -> tuple[OrderedLine, ...]:
        """What was taken back."""
        return self.only(self.cancelled)

    @property
    def open_lines(self) -> tuple[OrderedLine, ...]:
        """What is still to be shipped."""
        return self.only(self.open_pieces)

    def lines_of(self, parcel: Parcel) -> tuple[OrderedLine, ...]:
        """What is in a parcel."""
        return self.only(parcel.pieces)

    def only(self, pieces: Mapping[str, int]) -> tuple[OrderedLine, ...]:
        """So many pieces of the lines, and no others."""
        return tuple(
            replace(line, quantity=pieces[line.sku], available=None)
            for line in self.lines
            if pieces.get(line.sku)
        )

    def parcel_of(self, notification_id: str) -> Parcel | None:
        """The parcel that a mail is about; None for mails of before there were parcels."""
        return next((each for each in self.parcels if each.notification_id == notification_id), None)

    def shipped(self, parcel: Parcel) -> "OrderSummary":
        """With a parcel, in place of what was in the same mail before."""
        known = self.parcel_of(parcel.notification_id)
        if known is None:
            return replace(self, parcels=(*self.parcels, parcel))
        return replace(self, parcels=tuple(parcel if each is known else each for each in self.parcels))

    def remainder_cancelled(self, reason: str, pieces: Mapping[str, int]) -> "OrderSummary":
        """What was open was taken back, and why."""
        return replace(self, reason=reason, cancelled=pieces)

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
