"""Stock: look and adjust."""

from collections.abc import Sequence

from services.inventory.application.ports import Ledger, Ledgers, StockLevels
from services.inventory.domain.adjustment import AdjustStock, adjust, chosen_warehouse
from services.inventory.domain.errors import RequestIdReused, StockNotFound, WarehouseNotFound
from services.inventory.domain.movement import Provenance
from services.inventory.domain.stock import Shelf, Stock
from services.kernel.clock import Clock
from services.kernel.trace import TraceId, untraced


class Stocks:
    """The use cases of stock that no order is about."""

    def __init__(
        self, *, levels: StockLevels, ledgers: Ledgers, clock: Clock, trace_id: TraceId = untraced
    ) -> None:
        self._levels = levels
        self._ledgers = ledgers
        self._clock = clock
        self._trace_id = trace_id

    async def get(self, sku: str) -> Stock:
        """The stock of one SKU.

        Raises:
            StockNotFound: The SKU is unknown.
        """
        found = await self._levels.find([sku])
        if sku not in found:
            raise unknown_sku(sku)
        return found[sku]

    async def batch(self, skus: Sequence[str]) -> tuple[tuple[Stock, ...], tuple[str, ...]]:
        """The stock of the known SKUs, each once in the order of the question, and the unknown SKUs."""
        asked = tuple(dict.fromkeys(skus))
        found = await self._levels.find(asked)
        known = [found[sku] for sku in asked if sku in found]
        missing = [sku for sku in asked if sku not in found]
        return tuple(known), tuple(missing)

    async def adjust(self, command: AdjustStock, *, actor: str, as_sent: AdjustStock | None = None) -> Stock:
        """Change stock by hand, once per request id.

        Args:
            command: What to change.
            actor: Who does.
            as_sent: The same with its texts as the caller wrote them, as adjustments were once recorded.

        Returns:
            The stock as it is now, also for a repeat.

        Raises:
            StockNotFound: The SKU is unknown.
            WarehouseNotFound: The warehouse is unknown.
            WarehouseRequired: The warehouse does not follow from the SKU.
            RequestIdReused: The id names another command.
            BelowReserved: Less would be on hand than is reserved.
            TooMuchStock: More would be there than can be.
        """

        async def work(ledger: Ledger) -> Stock:
            if not _is_repeated(
                await ledger.adjustment(command.caller, command.request_id), command, as_sent
            ):
                await _adjust(ledger, command, self._provenance(command, actor))
            return await _stock(ledger, command.sku)

        return await self._ledgers.write(work)

    def _provenance(self, command: AdjustStock, actor: str) -> Provenance:
        return Provenance(
            actor,
            self._clock(),
            note=command.reason,
            causation=command.request_id,
            trace_id=self._trace_id(),
        )


def unknown_sku(sku: str) -> StockNotFound:
    return StockNotFound(f"there is no stock of {sku}: the SKU is unknown", metadata={"sku": sku})


def _is_repeated(earlier: AdjustStock | None, command: AdjustStock, as_sent: AdjustStock | None) -> bool:
    if earlier is not None and earlier not in (as_sent, command):
        raise RequestIdReused(f"request id {command.request_id} was used for another adjustment")
    return earlier is not None


async def _adjust(ledger: Ledger, command: AdjustStock, provenance: Provenance) -> None:
    stock = await _stock(ledger, command.sku)
    shelf = await _shelf(ledger, stock, chosen_warehouse(command, stock))
    await ledger.move([adjust(command, shelf)], provenance)
    await ledger.add_adjustment(command, provenance)


async def _stock(ledger: Ledger, sku: str) -> Stock:
    offers = await ledger.offers([sku])
    if sku not in offers:
        raise unknown_sku(sku)
    return offers[sku].stock


async def _shelf(ledger: Ledger, stock: Stock, warehouse: str) -> Shelf:
    shelf = stock.shelf(warehouse)
    if shelf is not None:
        return shelf
    if not await ledger.has_warehouse(warehouse):
        raise WarehouseNotFound(f"there is no warehouse {warehouse}", metadata={"warehouse": warehouse})
    await ledger.open_shelf(stock.sku, warehouse)
    return Shelf(warehouse, book_quantity=0)
