"""The catalogue: look, add, change, retire."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from services.inventory.application.ports import Catalog
from services.inventory.domain.errors import ProductNotFound
from services.inventory.domain.movement import Provenance
from services.inventory.domain.product import Listing, Product, ProductChange, changed, require_price, retired
from services.inventory.domain.product_query import ProductOrder, ProductQuery
from services.kernel.clock import Clock
from services.kernel.paging import decode_page_token, encode_page_token, foreign_page_token, page_size


@dataclass(frozen=True, slots=True)
class ListProducts:
    """A question for products; fields as in the request of the RPC."""

    category: str = ""
    query: str = ""
    order_by: str = ""
    page_size: int = 0
    page_token: str = ""

    @property
    def filters(self) -> str:
        """What a page token is bound to."""
        return f"{self.category}\n{self.query}\n{self.order_by}"


@dataclass(frozen=True, slots=True)
class ProductPage:
    """Some products, and how to get the next ones; an empty token: there are none."""

    listings: tuple[Listing, ...]
    next_page_token: str


class Products:
    """The use cases of the catalogue."""

    def __init__(self, *, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def list(self, question: ListProducts) -> ProductPage:
        """A page of the products on sale.

        Raises:
            InvalidPageToken: The token belongs to another question.
        """
        position = (
            decode_page_token(question.page_token, filters=question.filters) if question.page_token else None
        )
        try:
            page = await self._catalog.page(
                _query(question), size=page_size(question.page_size), after=position
            )
        except ValueError:
            raise foreign_page_token() from None
        token = encode_page_token(page.position, filters=question.filters) if page.position else ""
        return ProductPage(page.listings, token)

    async def get(self, sku: str) -> Listing:
        """One product, a retired one too.

        Raises:
            ProductNotFound: There is none.
        """
        found = await self._catalog.find([sku])
        if sku not in found:
            raise ProductNotFound(f"there is no product {sku}")
        return found[sku]

    async def on_sale(self, skus: Sequence[str]) -> tuple[tuple[Listing, ...], tuple[str, ...]]:
        """The products that are sold, each once in the order of the question, and the SKUs that are not."""
        asked = tuple(dict.fromkeys(skus))
        found = await self._catalog.find(asked)
        sold = {sku: listing for sku, listing in found.items() if not listing.product.retired}
        return tuple(sold[sku] for sku in asked if sku in sold), tuple(
            sku for sku in asked if sku not in sold
        )

    async def create(self, product: Product, *, actor: str, allow_zero_price: bool = False) -> Listing:
        """Add a product, without stock.

        Raises:
            ProductExists: The SKU is taken.
            InvalidProduct: Its price is zero, and that is not allowed.
        """
        require_price(product.price, allow_zero=allow_zero_price)
        await self._catalog.add(product, Provenance(actor, product.update_time))
        return Listing(product, available=0)

    async def update(
        self,
        sku: str,
        change: ProductChange,
        *,
        fields: tuple[str, ...],
        actor: str,
        allow_zero_price: bool = False,
    ) -> Listing:
        """Change the named fields of a product.

        Raises:
            ProductNotFound: There is none.
            InvalidProduct: No field is named, or one cannot be changed like that.
        """
        require_price(change.price if "price" in fields else None, allow_zero=allow_zero_price)
        now = self._clock()
        rule = partial(changed, change=change, fields=fields, time=now)
        return await self._catalog.change(sku, rule, Provenance(actor, now))

    async def retire(self, sku: str, *, actor: str) -> Listing:
        """Take a product out of sale; repeating it changes nothing.

        Raises:
            ProductNotFound: There is none.
        """
        now = self._clock()
        return await self._catalog.change(sku, partial(retired, time=now), Provenance(actor, now))


def _query(question: ListProducts) -> ProductQuery:
    order, _, direction = question.order_by.partition(" ")
    return ProductQuery(
        category=question.category,
        words=tuple(dict.fromkeys(question.query.casefold().split())),
        order=ProductOrder(order or "name"),
        descending=direction == "desc",
    )
