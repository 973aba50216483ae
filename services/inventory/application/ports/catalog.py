"""What the catalogue needs: products, and the prices that they have had."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from services.inventory.domain.movement import Provenance
from services.inventory.domain.product import Listing, PriceEntry, Product
from services.inventory.domain.product_query import Page, ProductQuery


class Catalog(Protocol):
    """Products with their price history."""

    async def find(self, skus: Sequence[str]) -> Mapping[str, Listing]:
        """The products that exist, retired ones too, in ⌈n/199⌉ statements for n different SKUs."""
        ...

    async def page(self, query: ProductQuery, *, size: int, after: str | None) -> Page:
        """The products behind a position.

        Raises:
            ValueError: `after` is no position of this order.
        """
        ...

    async def add(self, product: Product, provenance: Provenance) -> None:
        """Store a new product.

        Raises:
            ProductExists: The SKU is taken.
        """
        ...

    async def change(self, sku: str, rule: Callable[[Product], Product], provenance: Provenance) -> Listing:
        """Replace a product by what `rule` makes of it, in one transaction; a new price enters the history.

        Raises:
            ProductNotFound: There is no such product.
        """
        ...

    async def stored(self, skus: Sequence[str]) -> Mapping[str, Product]:
        """The products that exist, retired ones too, as a change would find them now."""
        ...

    async def put(
        self,
        skus: Sequence[str],
        rule: Callable[[Mapping[str, Product]], Sequence[Product]],
        provenance: Provenance,
    ) -> Mapping[str, Product]:
        """Store what `rule` makes of the products that exist, new ones and changed ones, in one transaction.

        Args:
            skus: What it looks at; everything that it answers is one of these, and each once.
            rule: Gets those of them that exist. It may be called again, after a lost race.
            provenance: Who changes the catalogue.

        Returns:
            The products that existed, as they were before.

        Raises:
            CatalogContended: Others added the same products meanwhile.
        """
        ...


class PriceHistory(Protocol):
    """The prices that products have had."""

    async def find(self, sku: str, *, limit: int, before: int | None) -> Sequence[PriceEntry]:
        """The newest prices of a product, the newest in front; every product has at least one.

        Args:
            sku: Which product.
            limit: The most to find.
            before: Only those older than the one of this change.
        """
        ...
