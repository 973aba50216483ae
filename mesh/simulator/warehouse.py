"""The simulated warehouse: its own numbers, and every update that it has reported of them."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from google.protobuf.timestamp_pb2 import Timestamp

from mesh.simulator.picking import Parcel
from shopmesh.inventory.v1.wms_service_pb2 import (
    ShippedOrder,
    SnapshotLine,
    StockCount,
    StockDelta,
    StockUpdate,
)

Place = tuple[str, str]
"""A SKU and a warehouse."""

_SHARE_OF_COUNTS = 0.1
_MOST_ARRIVING, _MOST_LOST = 20, 6
_ABSURD = (2_000_000, 2**40)


@dataclass(slots=True)
class Shelf:
    """The pieces of one SKU in one warehouse.

    Attributes:
        number: The pieces that lie there now.
        first: The sequence of the first update in `sent`.
        epoch: Of the feed, in which they were sent.
        sent: The updates, oldest first.
        left: By order, the pieces that have left for it.
    """

    number: int
    first: int
    epoch: int = 0
    sent: list[StockUpdate] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)

    @property
    def next_sequence(self) -> int:
        return self.first + len(self.sent)


class Warehouse:
    """Reports each change of its shelves once; every report can be repeated."""

    def __init__(self, shelves: Mapping[Place, Shelf], chance: random.Random) -> None:
        self._shelves = dict(shelves)
        self._places = sorted(self._shelves)
        self._chance = chance
        self._ended: list[StockUpdate] = []

    @property
    def names(self) -> Sequence[str]:
        """The warehouses."""
        return sorted({warehouse for _, warehouse in self._places})

    def restored(self, warehouse: str, epoch: int) -> Sequence[StockUpdate]:
        """It has lost its place: sequences begin at 1, in a new epoch, with a count of every shelf."""
        places = [place for place in self._places if place[1] == warehouse]
        for place in places:
            shelf = self._shelves[place]
            self._ended += shelf.sent
            shelf.first, shelf.epoch, shelf.sent = 1, epoch, []
        return [self._count(place) for place in places]

    def absurd(self) -> StockUpdate:
        """A count that is wrong about everything, far ahead of all others."""
        sku, warehouse = place = self._chance.choice(self._places)
        shelf = self._shelves[place]
        return StockUpdate(
            sku=sku,
            warehouse=warehouse,
            sequence=shelf.next_sequence + self._chance.randint(*_ABSURD),
            epoch=shelf.epoch,
            count=StockCount(on_hand=self._chance.randint(0, _MOST_ARRIVING)),
        )

    def of_an_ended_epoch(self) -> Sequence[StockUpdate]:
        """An update that was sent before its warehouse was restored, if any was."""
        return [self._chance.choice(self._ended)] if self._ended else []

    def happen(self) -> StockUpdate:
        """Pieces come, go, or are counted somewhere."""
        place = self._chance.choice(self._places)
        if self._chance.random() < _SHARE_OF_COUNTS:
            return self._count(place)
        return self._come_or_go(place)

    def ship(self, parcel: Parcel) -> Iterator[StockUpdate]:
        """A parcel leaves for an order, from where most lies, or from several places."""
        left = parcel.quantity
        for place in sorted(self._places_of(parcel.sku), key=lambda each: -self._shelves[each].number):
            shelf = self._shelves[place]
            quantity = min(left, shelf.number)
            if quantity:
                shelf.number -= quantity
                shelf.left[parcel.order_id] += quantity
                left -= quantity
                yield self._send(
                    place,
                    delta=StockDelta(
                        quantity=-quantity, order_id=parcel.order_id, shipment_id=parcel.shipment_id
                    ),
                )

    def _places_of(self, sku: str) -> list[Place]:
        return [place for place in self._places if place[0] == sku]

    def count_all(self, shipped: Sequence[str]) -> Sequence[StockUpdate]:
        """Every shelf is counted; the pieces of these orders have left before."""
        return [self._count(place, shipped) for place in self._places]

    def reported_from(self, place: Place, sequence: int) -> Sequence[StockUpdate]:
        """The updates of a shelf from a sequence on."""
        shelf = self._shelves[place]
        return shelf.sent[max(0, sequence - shelf.first) :]

    def snapshot(self) -> Iterator[SnapshotLine]:
        """All numbers, by SKU and warehouse."""
        for sku, warehouse in self._places:
            number = self._shelves[sku, warehouse].number
            yield SnapshotLine(sku=sku, warehouse=warehouse, on_hand=number)

    def _count(self, place: Place, shipped: Sequence[str] = ()) -> StockUpdate:
        shelf = self._shelves[place]
        left = [ShippedOrder(order_id=order, quantity=pieces) for order, pieces in shelf.left.items()]
        counted = StockCount(on_hand=shelf.number, shipped_order_ids=shipped, shipped_orders=left)
        return self._send(place, count=counted)

    def _come_or_go(self, place: Place) -> StockUpdate:
        shelf = self._shelves[place]
        lost = self._chance.randint(0, min(_MOST_LOST, shelf.number))
        quantity = -lost if lost and self._chance.random() < 0.5 else self._chance.randint(1, _MOST_ARRIVING)
        shelf.number += quantity
        return self._send(place, delta=StockDelta(quantity=quantity))

    def _send(self, place: Place, **change: StockCount | StockDelta) -> StockUpdate:
        shelf = self._shelves[place]
        now = Timestamp()
        now.GetCurrentTime()
        fields = {
            "sku": place[0],
            "warehouse": place[1],
            "sequence": shelf.next_sequence,
            "epoch": shelf.epoch,
            "observe_time": now,
        }
        update = StockUpdate(**fields, **change)  # type: ignore[arg-type]
        shelf.sent.append(update)
        return update
