"""A product and how it may change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from services.inventory.domain.errors import InvalidProduct
from services.kernel.money import Money

ZERO_PRICE = "is zero; where that is meant, set allowZeroPrice"


@dataclass(frozen=True, slots=True)
class Product:
    """Something that the shop sells; `name` and `category` are never empty."""

    sku: str
    name: str
    description: str
    category: str
    price: Money
    image_url: str
    retired: bool
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """A product as customers see it.

    Attributes:
        product: The product.
        available: Pieces that can be ordered; 0 once it is retired.
        version: Grows with every change of the product and of its stock; 0 where nobody asked for it.
    """

    product: Product
    available: int
    version: int = 0


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """A price that a product has or had.

    Attributes:
        change_id: The change that set it; grows with time.
        price: The price of one piece.
        start_time: From when it counts.
        actor: Who set it.
    """

    change_id: int
    price: Money
    start_time: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class ProductChange:
    """New values of a product's fields; `price` is None where none was given."""

    name: str = ""
    description: str = ""
    category: str = ""
    price: Money | None = None
    image_url: str = ""


def require_price(price: Money | None, *, allow_zero: bool) -> None:
    """Take a price of zero only from those who say that they mean it.

    Raises:
        InvalidProduct: It is zero, and nobody said so.
    """
    if price is not None and price.is_zero and not allow_zero:
        raise _refused("product.price", ZERO_PRICE)


def changed(product: Product, change: ProductChange, *, fields: tuple[str, ...], time: datetime) -> Product:
    """Apply those fields of a change that are named.

    Raises:
        InvalidProduct: A field is unknown, must not be empty, or would change the currency.
    """
    if not fields:
        raise _refused("updateMask", f"name at least one of {', '.join(_RULES)}")
    values = {field: _checked(product, change, field) for field in fields}
    if all(getattr(product, field) == value for field, value in values.items()):
        return product
    return replace(product, **values, update_time=time)


def retired(product: Product, *, time: datetime) -> Product:
    """Take a product out of sale; a retired one stays as it is."""
    return product if product.retired else replace(product, retired=True, update_time=time)


def _checked(product: Product, change: ProductChange, field: str) -> Any:
    rule = _RULES.get(field)
    if rule is None:
        raise _refused("updateMask", f"{field!r} cannot be changed; allowed are {', '.join(_RULES)}")
    value = getattr(change, field)
    rule(product, value)
    return value


def _anything(_product: Product, _value: str) -> None:
    return


def _name(_product: Product, value: str) -> None:
    if not value:
        raise _refused("product.name", "must not be empty")


def _category(_product: Product, value: str) -> None:
    if not value:
        raise _refused("product.category", "must not be empty")


def _price(product: Product, value: Money | None) -> None:
    if value is None:
        raise _refused("product.price", "is required when updateMask names it")
    if value.currency_code != product.price.currency_code:
        raise _refused(
            "product.price.currencyCode",
            f"is {value.currency_code}; {product.sku} has {product.price.currency_code}",
        )


_RULES: Mapping[str, Callable[[Product, Any], None]] = MappingProxyType(
    {"name": _name, "description": _anything, "category": _category, "price": _price, "image_url": _anything}
)

CHANGEABLE_FIELDS = tuple(_RULES)


def _refused(field: str, problem: str) -> InvalidProduct:
    return InvalidProduct(f"{field}: {problem}", fields=[(field, problem)])
