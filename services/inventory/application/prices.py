"""What products cost, and have cost."""

from dataclasses import dataclass

from services.inventory.application.ports import PriceHistory
from services.inventory.domain.errors import ProductNotFound
from services.inventory.domain.product import PriceEntry
from services.kernel.paging import InvalidPageToken, decode_page_token, encode_page_token, page_size


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
        found = await self._history.find(sku, limit=most + 1, before=_position(page_token, sku))
        if not found and not page_token:
            raise ProductNotFound(f"there is no product {sku}")
        entries = tuple(found[:most])
        is_last = len(found) <= most
        token = "" if is_last else encode_page_token(str(entries[-1].change_id), filters=sku)
        return PricePage(entries, token)


def _position(page_token: str, sku: str) -> int | None:
    if not page_token:
        return None
    position = decode_page_token(page_token, filters=sku)
    if not position.isascii() or not position.isdecimal() or len(position) > len(str(2**62)):
        problem = "names no position"
        raise InvalidPageToken(f"pageToken {problem}", fields=[("pageToken", problem)])
    return int(position)
