"""What the warehouse system has reported."""

from collections.abc import Sequence
from typing import Protocol

from services.inventory.domain.departure import Report
from services.inventory.domain.drift import Unreported
from services.inventory.domain.feed import Feed, FeedStart, ShelfStory
from services.inventory.domain.movement import Provenance
from services.inventory.domain.quarantined_update import QuarantinedUpdate, QuarantinePosition
from services.inventory.domain.wms_update import Ack, FeedPosition, Recorded, StockUpdate


class WmsRecord(Protocol):
    """What the warehouse system has reported, within a ledger's transaction."""

    async def epoch(self, warehouse: str) -> int:
        """The current epoch of a warehouse's feed."""
        ...

    async def position(self, sku: str, warehouse: str) -> tuple[int, int] | None:
        """Epoch and sequence of the last update that counts; nobody else changes the shelf until the end.

        Returns:
            Sequence 0 when there was none, None when there is no such shelf.
        """
        ...

    async def note_refusal(self, update: StockUpdate) -> None:
        """Count one more refused update of a shelf."""
        ...

    async def advance(self, update: StockUpdate, *, last: FeedPosition, applied: bool) -> None:
        """Make an update the last one that counts; one that is applied ends a row of refusals.

        Raises:
            StockContended: `last` is not the last one any more.
        """
        ...

    async def started(self, warehouse: str, request_id: str) -> int | None:
        """The epoch that a request began, if it began one."""
        ...

    async def start(self, start: FeedStart) -> None:
        """Restart a feed and remember the request.

        Raises:
            StockContended: Another request began that epoch.
        """
        ...

    async def recorded(self, update: StockUpdate) -> Recorded | None:
        """What came under the epoch and sequence of an update, if anything has."""
        ...

    async def record(self, ack: Ack, provenance: Provenance) -> None:
        """Remember what became of an update, the first of its sequence."""
        ...

    async def set_aside(self, ack: Ack, provenance: Provenance) -> None:
        """Keep an update that makes no sense, with the reason; a repeat adds nothing."""
        ...

    async def reports(self, order_ids: Sequence[str]) -> Sequence[Report]:
        """What was said of pieces that have left for orders."""
        ...

    async def store_reports(self, reports: Sequence[Report], provenance: Provenance) -> None:
        """Store what is said now, in place of what was said before."""
        ...

    async def unreported(self, sku: str, warehouse: str) -> Sequence[Unreported]:
        """What has left and was not reported, by order, the newest first."""
        ...

    async def count_in(self, unreported: Unreported, pieces: int, provenance: Provenance) -> None:
        """Note that a snapshot counts unreported pieces in.

        Raises:
            StockContended: They were reported or counted in by now.
        """
        ...


class Feeds(Protocol):
    """The feeds of warehouses, for reading only."""

    async def find(self) -> Sequence[Feed]:
        """Those of all warehouses, in the order of their names."""
        ...

    async def shelves(self, sku: str) -> Sequence[ShelfStory]:
        """The shelves of a SKU, in the order of the warehouses' names."""
        ...

    async def refusing_shelves(self) -> int:
        """How many shelves have refused many updates in a row."""
        ...


class Quarantine(Protocol):
    """The quarantined updates."""

    async def find(
        self, sku: str, *, limit: int, before: QuarantinePosition | None
    ) -> Sequence[QuarantinedUpdate]:
        """The updates that were set aside last, the newest in front.

        Args:
            sku: Only those about this SKU; empty: all.
            limit: The most to find.
            before: Only those behind this position.
        """
        ...
