"""Shortages, while they last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.inventory.domain.events import StockClaim
from services.inventory.domain.shortage import ShelfShortage


class ShortageRecord(Protocol):
    """Shortages that were reported and may last, within a ledger's transaction."""

    async def find(self, sku: str, warehouse: str) -> ShelfShortage | None:
        """The shortage of a shelf, as it was reported last."""
        ...

    async def put(self, shortage: ShelfShortage, *, before: ShelfShortage | None, due_time: datetime) -> None:
        """Remember a shortage that is reported now, and when to look again.

        Raises:
            StockContended: It is not as in `before` any more.
        """
        ...

    async def remove(self, shortage: ShelfShortage) -> None:
        """Forget a shortage that is gone."""
        ...

    async def claims(self, sku: str, warehouse: str, *, limit: int) -> Sequence[StockClaim]:
        """Claims on pieces that have not left: holds, then committed ones, each from the newest on."""
        ...


class DueShortages(Protocol):
    """Finds shortages that it is time to look at again."""

    async def find(self, now: datetime, *, limit: int) -> Sequence[ShelfShortage]:
        """Shortages that are due by now, those that were due first in front."""
        ...
