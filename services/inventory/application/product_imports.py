"""Importing products: all or none."""

from collections.abc import Mapping, Sequence

from services.inventory.application.ports import Catalog
from services.inventory.domain.movement import Provenance
from services.inventory.domain.product import Product
from services.inventory.domain.product_import import ImportPlan, import_plan
from services.kernel.clock import Clock


class ProductImports:
    """Brings many products into the catalogue at once."""

    def __init__(self, *, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def check(self, wanted: Sequence[Product]) -> ImportPlan:
        """What an import would come to now."""
        return import_plan(wanted, await self._catalog.stored([product.sku for product in wanted]))

    async def run(self, wanted: Sequence[Product], *, actor: str) -> ImportPlan:
        """Add what is new and change what differs, in one transaction.

        Raises:
            InvalidProduct: One of them cannot be imported, so none was.
            CatalogContended: Others added the same products meanwhile.
        """

        def changes(known: Mapping[str, Product]) -> Sequence[Product]:
            return import_plan(wanted, known).changes()

        skus = [product.sku for product in wanted]
        before = await self._catalog.put(skus, changes, Provenance(actor, self._clock()))
        return import_plan(wanted, before)
