"""Where the shop's numbers differ from those of the warehouse system."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.inventory.domain.errors import DuplicateLine
from services.inventory.domain.movement import Cause, Movement
from services.inventory.domain.reservation import Shipment
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
class Repair:
    """How a shelf gets the warehouse system's number.

    Attributes:
        movement: What moves.
        counted_in: Shipments that the warehouse system still counts in; its later deltas take them out.
    """

    movement: Movement
    counted_in: tuple[Shipment, ...]


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


def repair(drift: Drift, shelf: Shelf, unreported: Iterable[Shipment]) -> Repair:
    """Bring a shelf, as it is now, to the warehouse system's number.

    Args:
        drift: Whose number it is to have.
        shelf: The shelf.
        unreported: Its shipments that the warehouse system has not reported, the newest first.
    """
    more = drift.warehouse_on_hand - shelf.on_hand
    counted_in = tuple(_counted_in(unreported, more))
    cleared = sum(shipment.quantity for shipment in counted_in)
    movement = Movement(
        Cause.RECONCILE, drift.sku, drift.warehouse, book_quantity=more - cleared, unreported=-cleared
    )
    return Repair(movement, counted_in)


def _counted_in(unreported: Iterable[Shipment], more: int) -> Iterator[Shipment]:
    for shipment in unreported:
        if shipment.quantity <= more:
            more -= shipment.quantity
            yield shipment
