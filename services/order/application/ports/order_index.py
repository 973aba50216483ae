"""The read model in which staff finds orders. It can be thrown away: the events make it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.kernel.money import Money
from services.order.application.ports.event_store import Position, Selection
from services.order.domain.order import OrderState


@dataclass(frozen=True, slots=True)
class OrderRow:
    """What the index knows of an order; nothing personal.

    Attributes:
        version: Of the order that the row was made from.
        skus: Each once, sorted.
        total: None until CONFIRMED.
    """

    order_id: str
    version: int
    customer_id: str
    state: OrderState
    place_time: datetime
    skus: tuple[str, ...]
    total: Money | None


@dataclass(frozen=True, slots=True)
class Search:
    """Which orders to find; None: any."""

    selection: Selection
    state: OrderState | None = None
    sku: str | None = None


class Superseded(Exception):
    """Another rebuild was begun meanwhile, and this one is over."""


class OrderIndex(Protocol):
    """Rows in generations: one is read, and at most one is being built beside it."""

    async def upsert(self, rows: Sequence[OrderRow]) -> None:
        """Store rows in the current generation and in the one being built, where they have none as new."""
        ...

    async def find(self, search: Search, *, after: Position | None, limit: int) -> Sequence[OrderRow]:
        """Rows of the current generation in the order of `Position`, found by index."""
        ...

    async def count(self, search: Search) -> int:
        """How many rows of the current generation match."""
        ...

    async def rows(self, generation: int, *, after: str | None, limit: int) -> Sequence[OrderRow]:
        """The next rows of a generation behind an order id, by order id; none only at the end."""
        ...

    async def current(self) -> int:
        """The generation that is read."""
        ...

    async def begin(self) -> int:
        """Register a new generation: from now on `upsert` writes into it too.

        One that was being built before is given up.
        """
        ...

    async def fill(self, generation: int, rows: Sequence[OrderRow]) -> None:
        """Store many rows in the generation being built, where it has none as new.

        Raises:
            Superseded: It is not the one being built (any more).
        """
        ...

    async def finish(self, generation: int) -> None:
        """Make the generation being built the current one, at once for every reader.

        Raises:
            Superseded: It is not the one being built (any more).
        """
        ...

    async def discard(self, *, limit: int) -> int:
        """Delete rows of generations that are neither current nor being built.

        Returns:
            How many it were, at most `limit`; 0: there are none left.
        """
        ...
