"""What can be ordered, and what it costs."""

import pytest

from services.kernel.money import MixedCurrencies, Money
from services.order.domain.errors import InvalidLines
from services.order.domain.events import PlacedLine
from services.order.domain.lines import Line, require_orderable
from services.order.domain.pricing import Product, order_total, quote_of

MUG = Product("MUG-RED", "Red mug", Money("EUR", 12, 500_000_000), available=10)
TEAPOT = Product("TEAPOT", "Teapot", Money("EUR", 30), available=3)
SHOP = {product.sku: product for product in (MUG, TEAPOT)}


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        ([], ["lines"]),
        ([Line(f"SKU-{number}", 1) for number in range(101)], ["lines"]),
        ([Line("MUG-RED", 0)], ["lines[0].quantity"]),
        ([Line("TEAPOT", 1), Line("MUG-RED", 1000)], ["lines[1].quantity"]),
        ([Line("MUG-RED", 1), Line("TEAPOT", 1), Line("MUG-RED", 2)], ["lines[0].sku", "lines[2].sku"]),
    ],
)
def test_lines_that_break_a_rule_are_named(lines: list[Line], fields: list[str]) -> None:
    with pytest.raises(InvalidLines) as refused:
        require_orderable(lines)

    assert [field for field, _ in refused.value.fields] == fields


@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize("quantity", [1, 999])
def test_lines_within_the_limits_are_orderable(count: int, quantity: int) -> None:
    require_orderable([Line(f"SKU-{number}", quantity) for number in range(count)])


def test_a_quote_prices_what_is_known_and_shows_nothing_of_the_rest() -> None:
    quote = quote_of([Line("MUG-RED", 2), Line("MUG-PINK", 1)], SHOP)

    assert quote.total == Money("EUR", 25)
    assert not quote.available
    assert quote.lines[0].line_total == Money("EUR", 25)
    unknown = quote.lines[1]
    assert (unknown.name, unknown.available, unknown.unit_price, unknown.line_total) == ("", 0, None, None)


def test_a_quote_without_a_known_sku_has_no_total() -> None:
    assert quote_of([Line("MUG-PINK", 1)], SHOP).total is None


@pytest.mark.parametrize(("quantity", "available"), [(3, True), (4, False)])
def test_a_quote_is_available_when_every_line_is(quantity: int, *, available: bool) -> None:
    assert quote_of([Line("TEAPOT", quantity), Line("MUG-RED", 1)], SHOP).available is available


def test_a_total_is_exact_to_the_billionth() -> None:
    lines = [PlacedLine("SCREW", "", 999)]

    assert order_total(lines, [Money("EUR", 0, 10_000_001)]) == Money("EUR", 9, 990_000_999)


def test_currencies_are_not_added_up() -> None:
    lines = [PlacedLine("MUG-RED", "", 1), PlacedLine("BOWLER", "", 1)]

    with pytest.raises(MixedCurrencies):
        order_total(lines, [Money("EUR", 1), Money("GBP", 1)])
