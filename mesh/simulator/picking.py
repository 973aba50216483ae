"""Picking orders in the simulated warehouse: what leaves, in which parcels, and what goes wrong with it."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_MOST_TOO_MUCH = 2


@dataclass(frozen=True, slots=True)
class PickedLine:
    """Pieces of a SKU that are to leave for an order."""

    order_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PickFaults:
    """What goes wrong with picks; each is a share of them, from 0 to 1.

    Attributes:
        short: Fewer pieces leave; the others never do.
        over: More leave than were wanted.
        splits: They leave in several parcels, perhaps from several warehouses.
    """

    short: float = 0.0
    over: float = 0.0
    splits: float = 0.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """Pieces that leave together."""

    order_id: str
    sku: str
    quantity: int
    shipment_id: str


class Picker:
    """Picks lines once each; lines of one order that are not split leave in one parcel."""

    def __init__(self, lines: Sequence[PickedLine], faults: PickFaults, chance: random.Random) -> None:
        self._waiting = list(lines)
        self._faults = faults
        self._chance = chance

    @property
    def waiting(self) -> int:
        """How many lines are still to be picked."""
        return len(self._waiting)

    def pick(self) -> Sequence[Parcel]:
        """The parcels of the next line; none for one of which nothing was found."""
        line = self._waiting.pop(0)
        return list(self._parcels(line, self._found(line.quantity)))

    def _found(self, wanted: int) -> int:
        if self._chance.random() < self._faults.short:
            return self._chance.randint(0, wanted - 1)
        if self._chance.random() < self._faults.over:
            return wanted + self._chance.randint(1, _MOST_TOO_MUCH)
        return wanted

    def _parcels(self, line: PickedLine, left: int) -> Iterator[Parcel]:
        is_split = self._chance.random() < self._faults.splits
        number = 1
        while left:
            quantity = self._chance.randint(1, left) if is_split else left
            name = f"{line.order_id[:8]}-{line.sku}-{number}" if is_split else f"{line.order_id[:8]}-1"
            yield Parcel(line.order_id, line.sku, quantity, name[:64])
            left -= quantity
            number += 1
