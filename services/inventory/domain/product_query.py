"""Lists of products: what they are asked for, and what they are answered."""

from dataclasses import dataclass
from enum import Enum

from services.inventory.domain.product import Listing


class ProductOrder(Enum):
    """What a list of products can be sorted by; the SKU decides between equals."""

    NAME = "name"
    PRICE = "price"
    SKU = "sku"


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """Which products on sale are asked for, and in which order.

    Attributes:
        category: Only of this category; empty: of any.
        words: Only those that contain every one of these, in lower case.
        order: What they are sorted by.
        descending: Whether from the last to the first.
    """

    category: str
    words: tuple[str, ...]
    order: ProductOrder
    descending: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some products, and the position behind the last one; None: there are no more."""

    listings: tuple[Listing, ...]
    position: str | None
