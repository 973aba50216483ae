"""What products cost, and have cost."""

from dataclasses import dataclass

from services.inventory.application.ports import PriceHistory
from services.inventory.domain.errors import ProductNotFound
from services.inventory.domain.product import PriceEntry
from services.kernel.paging import decode_position, encode_position, page_size


@dataclass(frozen=True, slots=True)
class PricePage:
    """Some prices, and how to get the ones before them; an empty token: there are none."""

    entries: tuple[PriceEntry, ...]
    next_page_token: str


class Prices:
    """Looks into the price history."""

    def __init__(self, *, history: PriceHistory) -> None:
        self._history = history

    async def list(self, sku: str, *, size: int, page_token: str) -> PricePage:
        """A page of a product's prices, the newest first; `size` 0 asks for the usual one.

        Raises:
            ProductNotFound: There is no such product.
            InvalidPageToken: The token belongs to another product.
        """
        most = page_size(size)
        before = decode_position(page_token, filters=sku)
        found = await self._history.find(sku, limit=most + 1, before=before or None)
        if not found and not page_token:
            raise ProductNotFound(f"there is no product {sku}")
        entries = tuple(found[:most])
        last = entries[-1].change_id if len(found) > most else 0
        return PricePage(entries, encode_position(last, filters=sku))
