"""Feeds of warehouses: which epochs they are in, and restarting them."""

from collections.abc import Sequence

from services.inventory.application.ports import Feeds, Ledger, Ledgers
from services.inventory.domain.errors import WarehouseNotFound
from services.inventory.domain.feed import Feed, FeedStart
from services.kernel.clock import Clock


class WarehouseFeeds:
    """The shop gives the epochs: no sender can jump them."""

    def __init__(self, *, ledgers: Ledgers, feeds: Feeds, clock: Clock) -> None:
        self._ledgers = ledgers
        self._feeds = feeds
        self._clock = clock

    async def start(self, warehouse: str, *, request_id: str, reason: str, actor: str) -> int:
        """Restart a feed: every shelf of the warehouse waits for a count then.

        Returns:
            Its epoch; for a repeated request id the one that it began.

        Raises:
            WarehouseNotFound: There is no such warehouse.
            StockContended: Others restarted it at the same time, again and again.
        """

        async def work(ledger: Ledger) -> int:
            if not await ledger.has_warehouse(warehouse):
                raise WarehouseNotFound(
                    f"there is no warehouse {warehouse}", metadata={"warehouse": warehouse}
                )
            earlier = await ledger.wms.started(warehouse, request_id)
            if earlier is not None:
                return earlier
            epoch = await ledger.wms.epoch(warehouse) + 1
            await ledger.wms.start(
                FeedStart(warehouse, request_id, epoch, actor=actor, reason=reason, time=self._clock())
            )
            return epoch

        return await self._ledgers.write(work)

    async def list(self) -> Sequence[Feed]:
        """The feeds of all warehouses, in the order of their names."""
        return await self._feeds.find()
