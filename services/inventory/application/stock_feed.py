"""Stock as it changes, for any number of watchers with one reader."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from services.inventory.application.ports import StockChanges, StockLevels
from services.inventory.application.stocks import unknown_sku
from services.inventory.domain.errors import StoreUnavailable
from services.inventory.domain.stock import Stock

# Changes that follow each other faster are read together.
_PAUSE_SECONDS = 0.01
_RETRY_SECONDS = 0.5

T = TypeVar("T")


class StockFeed:
    """Reads what has changed once and hands it to everybody who watches it."""

    def __init__(
        self,
        *,
        levels: StockLevels,
        changes: StockChanges,
        invalidate_unannounced: Callable[[Collection[str]], None],
    ) -> None:
        """Make a feed without watchers.

        Args:
            levels: Stock as it is now, never from a cache.
            changes: Whose stock was changed.
            invalidate_unannounced: Drops what is cached of SKUs, in case their change was not announced.
        """
        self._levels = levels
        self._changes = changes
        self._invalidate_unannounced = invalidate_unannounced
        self._watchers: dict[str, set[_Watcher]] = defaultdict(set)

    async def run(self) -> None:
        """Follow the changes; never returns."""
        position = await _retry_until_available(self._changes.position)
        # What changed between a watcher's first look and this position would be missed otherwise.
        await _retry_until_available(partial(self._refresh, tuple(self._watchers)))
        while True:
            position, skus = await _retry_until_available(partial(self._changes.after, position))
            self._invalidate_unannounced(skus)
            await _retry_until_available(partial(self._refresh, skus & self._watchers.keys()))
            await asyncio.sleep(_PAUSE_SECONDS)

    async def watch(self, skus: Sequence[str]) -> AsyncGenerator[Stock, None]:
        """The stock of each SKU at once, then whenever it has changed; what a slow watcher missed is merged.

        Raises:
            StockNotFound: A SKU is unknown.
        """
        with self._subscribed(tuple(dict.fromkeys(skus))) as watcher:
            watcher.offer((await self._first_look(watcher.skus)).values())
            while True:
                for stock in await watcher.news():
                    yield stock

    async def _first_look(self, skus: Sequence[str]) -> dict[str, Stock]:
        found = await self._levels.find(skus)
        missing = next((sku for sku in skus if sku not in found), None)
        if missing is not None:
            raise unknown_sku(missing)
        return {sku: found[sku] for sku in skus}

    @contextmanager
    def _subscribed(self, skus: Sequence[str]) -> Iterator["_Watcher"]:
        watcher = _Watcher(skus)
        for sku in skus:
            self._watchers[sku].add(watcher)
        try:
            yield watcher
        finally:
            for sku in skus:
                self._leave(sku, watcher)

    def _leave(self, sku: str, watcher: "_Watcher") -> None:
        self._watchers[sku].discard(watcher)
        if not self._watchers[sku]:
            del self._watchers[sku]

    async def _refresh(self, skus: Iterable[str]) -> None:
        found = await self._levels.find(sorted(skus))
        for sku, stock in found.items():
            for watcher in self._watchers.get(sku, ()):
                watcher.offer((stock,))


async def _retry_until_available(look: Callable[[], Awaitable[T]]) -> T:
    """Look again until the store can be read: watchers stay, and are notified then."""
    while True:
        try:
            return await look()
        except StoreUnavailable:
            await asyncio.sleep(_RETRY_SECONDS)


class _Watcher:
    """What one watcher has not been sent yet: at most the newest stock of each SKU."""

    def __init__(self, skus: Sequence[str]) -> None:
        self.skus = tuple(skus)
        self._versions: dict[str, int] = {}
        self._pending: dict[str, Stock] = {}
        self._has_news = asyncio.Event()

    def offer(self, stocks: Iterable[Stock]) -> None:
        for stock in stocks:
            if stock.version > self._versions.get(stock.sku, -1):
                self._versions[stock.sku] = stock.version
                self._pending[stock.sku] = stock
                self._has_news.set()

    async def news(self) -> tuple[Stock, ...]:
        await self._has_news.wait()
        self._has_news.clear()
        news, self._pending = self._pending, {}
        return tuple(news.values())
