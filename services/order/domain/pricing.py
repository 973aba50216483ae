"""What an order costs and what a quote says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.kernel.money import Money, total
from services.order.domain.events import PlacedLine
from services.order.domain.lines import Line


@dataclass(frozen=True, slots=True)
class Product:
    """What the shop says about a SKU that it sells."""

    sku: str
    name: str
    price: Money
    available: int


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One line with its price; an unknown SKU has none and nothing available."""

    sku: str
    name: str
    quantity: int
    available: int
    unit_price: Money | None

    @property
    def line_total(self) -> Money | None:
        return self.unit_price.times(self.quantity) if self.unit_price else None

    @property
    def is_available(self) -> bool:
        return self.quantity <= self.available


@dataclass(frozen=True, slots=True)
class Quote:
    """What lines would cost at this moment."""

    lines: tuple[QuoteLine, ...]

    @property
    def total(self) -> Money | None:
        """The sum over the lines whose SKU is known; None when none is."""
        totals = [line.line_total for line in self.lines if line.line_total is not None]
        return total(totals) if totals else None

    @property
    def available(self) -> bool:
        return all(line.is_available for line in self.lines)


def quote_of(lines: Sequence[Line], products: Mapping[str, Product]) -> Quote:
    """Price lines with what the shop sells."""
    return Quote(tuple(_quote_line(line, products.get(line.sku)) for line in lines))


def order_total(lines: Iterable[PlacedLine], unit_prices: Iterable[Money]) -> Money:
    """The sum of unit price times quantity.

    Raises:
        MixedCurrencies: The prices are not all of one currency.
    """
    return total(price.times(line.quantity) for line, price in zip(lines, unit_prices, strict=True))


def _quote_line(line: Line, product: Product | None) -> QuoteLine:
    if product is None:
        return QuoteLine(line.sku, "", line.quantity, 0, None)
    return QuoteLine(line.sku, product.name, line.quantity, product.available, product.price)
