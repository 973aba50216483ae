"""What sells and what is in stock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.kernel.money import Money
from services.order.domain.events import LinePieces, PlacedLine
from services.order.domain.pricing import Product


class InventoryUnreachable(Exception):
    """No answer, or none that can be acted on: whether the call had its effect is unknown."""


class ReservationGone(Exception):
    """The hold has expired, or was never made: it may be reserved (again)."""


class ReservationRefused(Exception):
    """The order's stock was released for good."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """All lines are held, at these prices of one piece, in the order of the lines."""

    unit_prices: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A line that could not be held; `unknown` when the shop does not sell the SKU (any more)."""

    sku: str
    requested: int
    available: int
    unknown: bool


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """Nothing is held, because of these lines."""

    lines: tuple[Shortfall, ...]


class Inventory(Protocol):
    """The catalogue and the stock. Everything is idempotent by order id and takes one call.

    Every method may raise `InventoryUnreachable`.
    """

    async def products(self, skus: Sequence[str], *, timeout_seconds: float) -> Mapping[str, Product]:
        """What the shop sells of these SKUs; unknown and retired ones are missing."""
        ...

    async def reserve(
        self, order_id: str, lines: Sequence[PlacedLine], *, timeout_seconds: float
    ) -> Reserved | Shortfalls:
        """Hold all lines or none; a repeat answers the prices of the first time.

        Raises:
            ReservationRefused: It was released before.
        """
        ...

    async def commit(self, order_id: str, *, timeout_seconds: float) -> None:
        """Make the hold permanent.

        Raises:
            ReservationGone: There is none (any more).
            ReservationRefused: It was released before.
        """
        ...

    async def release(
        self, order_id: str, shipped: Sequence[LinePieces] = (), *, timeout_seconds: float
    ) -> None:
        """Give back what is held or committed, and refuse what comes later.

        Args:
            order_id: Which order.
            shipped: What of it has left.
            timeout_seconds: How long it may take.

        Raises:
            InventoryUnreachable: Not given back; also when inventory has not heard of all that has left.
        """
        ...
