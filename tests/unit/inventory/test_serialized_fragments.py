"""Answers of serialized fragments are those of the plain path, and each value is made once."""

from collections.abc import Iterable
from datetime import UTC, datetime
from operator import attrgetter

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.product import Listing, Product
from services.inventory.domain.stock import Shelf, Stock
from services.inventory.entrypoints.messages import products_answer, stock_answer
from services.inventory.entrypoints.serialized_fragments import SerializedFragments
from services.kernel.money import Money
from shopmesh.inventory.v1 import inventory_service_pb2 as pb

SKUS = st.sampled_from(["MUG-RED", "MUG-BLUE", "TEAPOT"])
STOCKS = st.builds(
    lambda sku, pieces, held: Stock(sku, (Shelf("berlin", pieces, held=held), Shelf("hamburg", held))),
    SKUS,
    st.integers(0, 3),
    st.integers(0, 3),
)
LISTINGS = st.builds(
    lambda sku, units, available: Listing(product(sku, units), available),
    SKUS,
    st.integers(0, 3),
    st.integers(0, 3),
)


def product(sku: str, units: int) -> Product:
    return Product(
        sku=sku,
        name=f"Product {sku}",
        description="",
        category="mugs",
        price=Money("EUR", units),
        image_url="",
        retired=False,
        update_time=datetime(2026, 11, 29, tzinfo=UTC),
    )


@given(st.lists(st.lists(STOCKS, max_size=4), max_size=6))
def test_stock_is_answered_as_on_the_plain_path(batches: list[list[Stock]]) -> None:
    fragments = SerializedFragments(key=attrgetter("sku"), answer=stock_answer)

    assert [fragments.answer(each) for each in batches] == [stock_answer(each) for each in batches]


@given(st.lists(st.lists(LISTINGS, max_size=4), max_size=6))
def test_products_are_answered_as_on_the_plain_path(batches: list[list[Listing]]) -> None:
    fragments = SerializedFragments(key=attrgetter("product.sku"), answer=products_answer)

    assert [fragments.answer(each) for each in batches] == [products_answer(each) for each in batches]


def test_a_fragment_is_made_again_only_when_its_value_is_another() -> None:
    made: list[Stock] = []

    def answer(values: Iterable[Stock]) -> pb.BatchGetStockResponse:
        made.extend(values)
        return pb.BatchGetStockResponse()

    fragments = SerializedFragments(key=attrgetter("sku"), answer=answer)
    first, equal = Stock("MUG-RED", (Shelf("berlin", 5),)), Stock("MUG-RED", (Shelf("berlin", 5),))
    changed = Stock("MUG-RED", (Shelf("berlin", 4),))

    for value in (first, equal, equal, changed):
        fragments.answer([value])

    assert made == [first, changed]


class Shelves(tuple[Shelf, ...]):
    """Counts how often they are compared."""

    __slots__ = ()
    __hash__ = tuple.__hash__
    compared = 0

    def __eq__(self, other: object) -> bool:
        type(self).compared += 1
        return super().__eq__(other)


def comparisons(values: Iterable[Stock]) -> int:
    """How often values were compared field by field: always, unless one is the object that is kept."""
    fragments = SerializedFragments(key=attrgetter("sku"), answer=lambda values: pb.BatchGetStockResponse())
    Shelves.compared = 0
    for value in (Stock("MUG-RED", Shelves()), *values):
        fragments.answer([value])
    return Shelves.compared


def test_a_value_that_a_cache_holds_is_kept_in_the_end() -> None:
    held = Stock("MUG-RED", Shelves())

    assert 0 < comparisons([held] * 100) < 100


def test_of_values_that_no_cache_holds_few_are_kept() -> None:
    passing = [Stock("MUG-RED", Shelves()) for _ in range(100)]

    assert comparisons(each for value in passing for each in (value, value)) > 150
