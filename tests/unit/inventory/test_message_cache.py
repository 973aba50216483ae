"""Messages are made once for each value."""

from operator import attrgetter

from services.inventory.domain.stock import Shelf, Stock
from services.inventory.entrypoints.message_cache import MessageCache
from shopmesh.inventory.v1 import inventory_service_pb2 as pb


def stock(sku: str, pieces: int) -> Stock:
    return Stock(sku, (Shelf("berlin", pieces),))


def test_a_message_is_made_again_only_when_its_value_is_another() -> None:
    made: list[Stock] = []

    def make(value: Stock) -> pb.Stock:
        made.append(value)
        return pb.Stock(sku=value.sku, available=value.available)

    messages = MessageCache(key=attrgetter("sku"), make=make)
    first, equal, changed = stock("MUG-RED", 5), stock("MUG-RED", 5), stock("MUG-RED", 4)
    blue = stock("MUG-BLUE", 1)

    answered = [messages.get(value) for value in (first, blue, equal, equal, changed, blue)]

    assert made == [first, blue, changed]
    assert [(each.sku, each.available) for each in answered] == [
        ("MUG-RED", 5),
        ("MUG-BLUE", 1),
        ("MUG-RED", 5),
        ("MUG-RED", 5),
        ("MUG-RED", 4),
        ("MUG-BLUE", 1),
    ]


class Shelves(tuple[Shelf, ...]):
    """Counts how often they are compared."""

    __slots__ = ()
    __hash__ = tuple.__hash__
    compared = 0

    def __eq__(self, other: object) -> bool:
        type(self).compared += 1
        return super().__eq__(other)


def test_a_value_that_came_before_is_not_compared_field_by_field() -> None:
    messages = MessageCache(key=attrgetter("sku"), make=lambda value: pb.Stock(sku=value.sku))
    messages.get(Stock("MUG-RED", Shelves()))
    cached = Stock("MUG-RED", Shelves())
    Shelves.compared = 0

    for _ in range(100):
        messages.get(cached)

    assert Shelves.compared == 1
