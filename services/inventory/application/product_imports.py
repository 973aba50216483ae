"""Importing products: all or none."""

from collections.abc import Mapping, Sequence
from functools import partial

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

    async def check(self, wanted: Sequence[Product], *, allow_zero_price: bool = False) -> ImportPlan:
        """What an import would come to now."""
        known = await self._catalog.stored([product.sku for product in wanted])
        return import_plan(wanted, known, allow_zero_price=allow_zero_price)

    async def run(
        self, wanted: Sequence[Product], *, actor: str, allow_zero_price: bool = False
    ) -> ImportPlan:
        """Add what is new and change what differs, in one transaction.

        Raises:
            InvalidProduct: One of them cannot be imported, so none was.
            CatalogContended: Others added the same products meanwhile.
        """
        plan = partial(import_plan, wanted, allow_zero_price=allow_zero_price)

        def changes(known: Mapping[str, Product]) -> Sequence[Product]:
            return plan(known).changes()

        skus = [product.sku for product in wanted]
        before = await self._catalog.put(skus, changes, Provenance(actor, self._clock()))
        return plan(before)
