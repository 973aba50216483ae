"""Stock for reading, from a cache."""

from collections.abc import Mapping, Sequence

import orjson

from mesh.cache.batching import Batcher
from mesh.cache.entry import Entry
from mesh.cache.factory import Caches
from mesh.concurrency.task_group import Tasks
from mesh.sql.consistency import required_position
from services.inventory.adapters.stock_sql import KEYS_PER_STATEMENT
from services.inventory.application.ports import StockLevels
from services.inventory.domain.stock import Shelf, Stock

STATEMENTS_AT_ONCE = 1
"""How many statements a process keeps the database busy with, whatever the cache lacks."""


class CoalescedStockLevels:
    """The port `StockLevels`: what calls ask at the same time goes into common statements."""

    def __init__(self, *, source: StockLevels, tasks: Tasks) -> None:
        self._batcher = Batcher(
            source.find, most_keys=KEYS_PER_STATEMENT, most_at_once=STATEMENTS_AT_ONCE, tasks=tasks
        )

    async def find(self, skus: Sequence[str]) -> Mapping[str, Stock]:
        return await self._batcher.find(skus)


class CachedStockLevels:
    """The port `StockLevels` from a cache; a read that has to see a write goes to the source."""

    def __init__(self, *, source: StockLevels, coalesced: StockLevels, caches: Caches) -> None:
        self._source = source
        self._coalesced = coalesced
        self._cache = caches.add("stock:1", load=self._load, codec=StockCodec())

    async def find(self, skus: Sequence[str]) -> Mapping[str, Stock]:
        if required_position("inventory") is not None:
            self._cache.count_bypass(len(skus))
            return await self._source.find(skus)
        return await self._cache.find(skus)

    async def _load(self, skus: Sequence[str]) -> Mapping[str, Entry[Stock]]:
        found = await self._coalesced.find(skus)
        return {sku: Entry(stock, stock.version) for sku, stock in found.items()}


class StockCodec:
    """Stock as JSON: the SKU, then the fields of each shelf in the order of `Shelf`."""

    def encode(self, value: Stock) -> bytes:
        return orjson.dumps([value.sku, *map(list, value.shelves)])

    def decode(self, body: bytes) -> Stock:
        sku, *shelves = orjson.loads(body)
        return Stock(sku, tuple(Shelf(*fields) for fields in shelves))
