"""Where the shop's numbers differ from those of the warehouse system."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from services.inventory.domain.errors import DuplicateLine
from services.inventory.domain.movement import Cause, Movement
from services.inventory.domain.stock import Shelf, Stock


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """What lies in a warehouse, as the warehouse system has it."""

    sku: str
    warehouse: str
    on_hand: int


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference; the shop has 0 of what it does not know."""

    sku: str
    warehouse: str
    shop_on_hand: int
    warehouse_on_hand: int


@dataclass(frozen=True, slots=True)
class Unreported:
    """Pieces of an order that have left a shelf and that the warehouse system has not reported."""

    order_id: str
    sku: str
    warehouse: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Repair:
    """How a shelf gets the warehouse system's number.

    Attributes:
        movement: What moves.
        counted_in: Pieces that have left and that the warehouse system still counts in; its later deltas take
            them out.
    """

    movement: Movement
    counted_in: tuple[Unreported, ...]


def require_distinct(lines: Sequence[SnapshotLine]) -> None:
    """Refuse a snapshot that names a shelf twice.

    Raises:
        DuplicateLine: It does.
    """
    seen: set[tuple[str, str]] = set()
    for index, line in enumerate(lines):
        place = line.sku, line.warehouse
        if place in seen:
            problem = f"names {line.sku} in {line.warehouse} a second time"
            raise DuplicateLine(f"lines[{index}] {problem}", fields=[(f"lines[{index}]", problem)])
        seen.add(place)


def drift_of(lines: Iterable[SnapshotLine], stocks: Mapping[str, Stock]) -> Iterator[Drift]:
    """The differences, in the order of the lines."""
    for line in lines:
        stock = stocks.get(line.sku)
        shelf = stock.shelf(line.warehouse) if stock else None
        on_hand = shelf.on_hand if shelf else 0
        if on_hand != line.on_hand:
            yield Drift(line.sku, line.warehouse, on_hand, line.on_hand)


def repair(drift: Drift, shelf: Shelf, unreported: Iterable[Unreported]) -> Repair:
    """Bring a shelf, as it is now, to the warehouse system's number.

    Args:
        drift: Whose number it is to have.
        shelf: The shelf.
        unreported: What has left it and was not reported, the newest first.
    """
    more = drift.warehouse_on_hand - shelf.on_hand
    counted_in = tuple(_counted_in(unreported, more))
    cleared = sum(each.pieces for each in counted_in)
    movement = Movement(
        Cause.RECONCILE, drift.sku, drift.warehouse, book_quantity=more - cleared, unreported=-cleared
    )
    return Repair(movement, counted_in)


def _counted_in(unreported: Iterable[Unreported], more: int) -> Iterator[Unreported]:
    for each in unreported:
        if (pieces := min(each.pieces, more)) > 0:
            more -= pieces
            yield replace(each, pieces=pieces)
