"""Parts of answers are made once for each value."""

from collections.abc import Iterable
from operator import attrgetter

from services.inventory.domain.stock import Shelf, Stock
from services.inventory.entrypoints.pieces import SerializedFragments
from shopmesh.inventory.v1 import inventory_service_pb2 as pb


def stock(sku: str, pieces: int) -> Stock:
    return Stock(sku, (Shelf("berlin", pieces),))


def test_a_part_is_made_again_only_when_its_value_is_another() -> None:
    made: list[Stock] = []

    def answer(value: Stock) -> pb.BatchGetStockResponse:
        made.append(value)
        return pb.BatchGetStockResponse(stock=[pb.Stock(sku=value.sku, available=value.available)])

    pieces = SerializedFragments(key=attrgetter("sku"), answer=answer)
    first, equal, changed = stock("MUG-RED", 5), stock("MUG-RED", 5), stock("MUG-RED", 4)
    blue = stock("MUG-BLUE", 1)

    joined = [pieces.join(values) for values in ([first, blue], [equal, blue], [equal, blue], [changed])]

    assert made == [first, blue, changed]
    assert joined[0] == joined[1] == joined[2]
    both = pb.BatchGetStockResponse.FromString(joined[0])
    assert [(each.sku, each.available) for each in both.stock] == [("MUG-RED", 5), ("MUG-BLUE", 1)]
    assert pb.BatchGetStockResponse.FromString(joined[3]).stock[0].available == 4


class Shelves(tuple[Shelf, ...]):
    """Counts how often they are compared."""

    __slots__ = ()
    __hash__ = tuple.__hash__
    compared = 0

    def __eq__(self, other: object) -> bool:
        type(self).compared += 1
        return super().__eq__(other)


def comparisons(values: Iterable[Stock]) -> int:
    """How often values were compared field by field: always, unless one is the object that is known."""
    pieces = SerializedFragments(key=attrgetter("sku"), answer=lambda value: pb.BatchGetStockResponse())
    Shelves.compared = 0
    pieces.join([Stock("MUG-RED", Shelves())])
    for value in values:
        pieces.join([value])
    return Shelves.compared


def test_what_a_cache_holds_is_known_again_in_the_end() -> None:
    held = Stock("MUG-RED", Shelves())

    assert 0 < comparisons([held] * 100) < 100


def test_of_those_that_no_cache_holds_few_are_kept() -> None:
    passing = [Stock("MUG-RED", Shelves()) for _ in range(100)]

    assert comparisons(each for value in passing for each in (value, value)) > 150
