"""Compares the shop's stock with a snapshot of the warehouse system, and books the difference."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.inventory.application.ports import Ledger, Ledgers, StockLevels
from services.inventory.application.shortages import report_shortage
from services.inventory.domain.drift import Drift, SnapshotLine, drift_of, repair, require_distinct
from services.inventory.domain.movement import Provenance
from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.kernel.trace import TraceId, untraced


@dataclass(frozen=True, slots=True)
class Report:
    """What a comparison found.

    Attributes:
        compared: How many lines.
        drift: The differences, before any repair.
        repaired: Whether there were differences and all of them were booked.
    """

    compared: int
    drift: tuple[Drift, ...]
    repaired: bool


class Reconciliation:
    """Compares and repairs; both may be repeated."""

    def __init__(
        self,
        *,
        levels: StockLevels,
        ledgers: Ledgers,
        clock: Clock,
        new_id: NewId,
        trace_id: TraceId = untraced,
    ) -> None:
        self._levels = levels
        self._ledgers = ledgers
        self._clock = clock
        self._new_id = new_id
        self._trace_id = trace_id

    async def compare(self, lines: Sequence[SnapshotLine]) -> Report:
        """Report the differences.

        Raises:
            DuplicateLine: A SKU and warehouse are named twice.
        """
        require_distinct(lines)
        stocks = await self._levels.find(sorted({line.sku for line in lines}))
        return Report(len(lines), tuple(drift_of(lines, stocks)), repaired=False)

    async def repair(self, lines: Sequence[SnapshotLine], *, actor: str) -> Report:
        """Report the differences and book them, each shelf in a transaction of its own.

        Raises:
            DuplicateLine: A SKU and warehouse are named twice.
            StockContended: Others kept changing the same stock; do it again.
        """
        found = await self.compare(lines)
        causation = f"reconcile {self._new_id()}"
        booked = [await self._book(drift, actor, causation) for drift in found.drift]
        return Report(found.compared, found.drift, repaired=bool(booked) and all(booked))

    async def _book(self, drift: Drift, actor: str, causation: str) -> bool:
        async def work(ledger: Ledger) -> bool:
            provenance = Provenance(actor, self._clock(), causation=causation, trace_id=self._trace_id())
            return await _repaired(ledger, drift, provenance)

        return await self._ledgers.write(work)


async def _repaired(ledger: Ledger, drift: Drift, provenance: Provenance) -> bool:
    """Whether the shelf has the right number now: there may be no such product or warehouse."""
    if not await _is_there(ledger, drift):
        return False
    shelf = (await ledger.offers([drift.sku]))[drift.sku].stock.shelf(drift.warehouse)
    assert shelf is not None
    unreported = await ledger.wms.unreported(drift.sku, drift.warehouse)
    repaired = repair(drift, shelf, unreported)
    if not repaired.movement.is_nothing:
        await ledger.move([repaired.movement], provenance)
    seen = {each.order_id: each for each in unreported}
    for each in repaired.counted_in:
        await ledger.wms.count_in(seen[each.order_id], each.pieces, provenance)
    await report_shortage(ledger, drift.sku, drift.warehouse, provenance)
    return True


async def _is_there(ledger: Ledger, drift: Drift) -> bool:
    if await ledger.wms.position(drift.sku, drift.warehouse) is not None:
        return True
    if drift.sku not in await ledger.offers([drift.sku]) or not await ledger.has_warehouse(drift.warehouse):
        return False
    await ledger.open_shelf(drift.sku, drift.warehouse)
    return True
