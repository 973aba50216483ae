"""The catalogue, with single products from a cache."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import orjson

from mesh.cache.batching import Batcher
from mesh.cache.entry import Entry
from mesh.cache.factory import Caches
from mesh.sql.consistency import required_position
from services.inventory.adapters.stock_cache import STATEMENTS_AT_ONCE
from services.inventory.adapters.stock_sql import KEYS_PER_STATEMENT
from services.inventory.application.ports import Catalog
from services.inventory.domain.movement import Provenance
from services.inventory.domain.product import Listing, Product
from services.inventory.domain.product_query import Page, ProductQuery
from services.kernel.money import Money


class CachedCatalog:
    """The port `Catalog`; that a product is unknown is never remembered: an order is refused for it."""

    def __init__(self, *, source: Catalog, loaded: Catalog, caches: Caches) -> None:
        """Put a cache before a catalogue.

        Args:
            source: Where lists, changes, and what has to be fresh go to.
            loaded: Where the cache is filled from: never older than the changes it was notified of.
            caches: Makes caches.
        """
        self._source = source
        self._caches = caches
        self._batcher = Batcher(
            loaded.find, most_keys=KEYS_PER_STATEMENT, most_at_once=STATEMENTS_AT_ONCE, tasks=caches.tasks
        )
        self._cache = caches.add("listing:1", load=self._load, codec=ListingCodec(), keeps_absent=False)

    async def find(self, skus: Sequence[str]) -> Mapping[str, Listing]:
        if required_position("inventory") is not None:
            self._cache.count_bypass(len(skus))
            return await self._source.find(skus)
        return await self._cache.find(skus)

    async def page(self, query: ProductQuery, *, size: int, after: str | None) -> Page:
        return await self._source.page(query, size=size, after=after)

    async def add(self, product: Product, provenance: Provenance) -> None:
        try:
            await self._source.add(product, provenance)
        finally:
            # Also when the call was cancelled: it may have been committed before.
            self._caches.invalidate([product.sku])

    async def change(self, sku: str, rule: Callable[[Product], Product], provenance: Provenance) -> Listing:
        try:
            return await self._source.change(sku, rule, provenance)
        finally:
            self._caches.invalidate([sku])

    async def stored(self, skus: Sequence[str]) -> Mapping[str, Product]:
        return await self._source.stored(skus)

    async def put(
        self,
        skus: Sequence[str],
        rule: Callable[[Mapping[str, Product]], Sequence[Product]],
        provenance: Provenance,
    ) -> Mapping[str, Product]:
        touched: set[str] = set()

        def noted(known: Mapping[str, Product]) -> Sequence[Product]:
            products = rule(known)
            touched.update(product.sku for product in products)
            return products

        try:
            return await self._source.put(skus, noted, provenance)
        finally:
            self._caches.invalidate(touched)

    async def _load(self, skus: Sequence[str]) -> Mapping[str, Entry[Listing]]:
        found = await self._batcher.find(skus)
        return {sku: Entry(listing, listing.version) for sku, listing in found.items()}


class ListingCodec:
    """A listing as a JSON array."""

    def encode(self, value: Listing) -> bytes:
        product, price = value.product, value.product.price
        return orjson.dumps(
            [
                [product.sku, product.name, product.description, product.category],
                [price.currency_code, price.units, price.nanos],
                [product.image_url, product.retired, product.update_time],
                [value.available, value.version],
            ]
        )

    def decode(self, body: bytes) -> Listing:
        (sku, name, description, category), price, (image_url, retired, time), numbers = orjson.loads(body)
        product = Product(
            sku=sku,
            name=name,
            description=description,
            category=category,
            price=Money(*price),
            image_url=image_url,
            retired=retired,
            update_time=datetime.fromisoformat(time),
        )
        return Listing(product, *numbers)
