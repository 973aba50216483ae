"""Shortages: reported when they come up, and again while they last."""

from services.inventory.application.ports import DueShortages, Ledger, Ledgers
from services.inventory.domain.events import MAX_CLAIMS, StockShort
from services.inventory.domain.movement import Provenance
from services.inventory.domain.shortage import ShelfShortage
from services.inventory.domain.stock import Shelf
from services.kernel.clock import Clock
from services.kernel.trace import TraceId, untraced

_BATCH = 50
_ACTOR = "system"


class Shortages:
    """Looks again at shortages that were reported. Several processes may do so at once."""

    def __init__(
        self, *, ledgers: Ledgers, due: DueShortages, clock: Clock, trace_id: TraceId = untraced
    ) -> None:
        self._ledgers = ledgers
        self._due = due
        self._clock = clock
        self._trace_id = trace_id

    async def sweep(self) -> int:
        """Publish those that last once more, and forget those that are gone.

        Returns:
            How many were due.
        """
        due = await self._due.find(self._clock(), limit=_BATCH)
        for shortage in due:
            await self._look_again(shortage)
        return len(due)

    async def _look_again(self, seen: ShelfShortage) -> None:
        async def work(ledger: Ledger) -> None:
            shelf = await _shelf(ledger, seen.sku, seen.warehouse)
            before = await ledger.shortages.find(seen.sku, seen.warehouse)
            if before != seen:
                return
            if not shelf.missing:
                await ledger.shortages.remove(seen)
                return
            unchanged = shelf.missing == seen.missing
            now = ShelfShortage(seen.sku, seen.warehouse, shelf.missing, seen.times + 1 if unchanged else 1)
            provenance = Provenance(
                _ACTOR, self._clock(), causation="shortage lasts", trace_id=self._trace_id()
            )
            await _report(ledger, now, before=before, provenance=provenance)

        await self._ledgers.write(work)


async def report_shortage(ledger: Ledger, sku: str, warehouse: str, provenance: Provenance) -> None:
    """Publish what is missing of a shelf, unless nothing is, or just that was reported already."""
    missing = (await _shelf(ledger, sku, warehouse)).missing
    before = await ledger.shortages.find(sku, warehouse)
    if not missing:
        if before is not None:
            await ledger.shortages.remove(before)
    elif before is None or before.missing != missing:
        now = ShelfShortage(sku, warehouse, missing, times=1)
        await _report(ledger, now, before=before, provenance=provenance)


async def _report(
    ledger: Ledger, shortage: ShelfShortage, *, before: ShelfShortage | None, provenance: Provenance
) -> None:
    await ledger.shortages.put(shortage, before=before, due_time=provenance.time + shortage.pause)
    claims = await ledger.shortages.claims(shortage.sku, shortage.warehouse, limit=MAX_CLAIMS)
    await ledger.publish(
        StockShort(shortage.sku, shortage.warehouse, shortage.missing, tuple(claims)), provenance
    )


async def _shelf(ledger: Ledger, sku: str, warehouse: str) -> Shelf:
    shelf = (await ledger.offers([sku]))[sku].stock.shelf(warehouse)
    return shelf or Shelf(warehouse, book_quantity=0)
