"""How much there is of a SKU, and who has a claim on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_PIECES = 100_000_000
"""The most pieces of one SKU in one warehouse; the sum over warehouses stays an int32."""


class Shelf(NamedTuple):
    """The pieces of one SKU in one warehouse; a tuple, as a busy shop makes tens of thousands a second.

    Attributes:
        warehouse: Where.
        book_quantity: What the warehouse system has reported, and adjustments by hand.
        unreported: Shipped pieces that the warehouse system has not reported yet.
        held: Kept for orders that are being placed.
        committed: Kept for confirmed orders.
        version: Grows with every change.
    """

    warehouse: str
    book_quantity: int
    unreported: int = 0
    held: int = 0
    committed: int = 0
    version: int = 0

    @property
    def on_hand(self) -> int:
        """Pieces that lie here."""
        return self.book_quantity - self.unreported

    @property
    def reserved(self) -> int:
        """Pieces that orders hold or have committed."""
        return self.held + self.committed

    @property
    def available(self) -> int:
        """Pieces that can be ordered."""
        return max(0, self.on_hand - self.reserved)

    @property
    def missing(self) -> int:
        """Reserved pieces that are not on hand, at most all reserved ones."""
        return max(0, self.reserved - max(0, self.on_hand))


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock of one SKU; shelves in the order of their warehouses' names."""

    sku: str
    shelves: tuple[Shelf, ...] = ()

    @property
    def available(self) -> int:
        return sum(shelf.available for shelf in self.shelves)

    @property
    def on_hand(self) -> int:
        return sum(shelf.on_hand for shelf in self.shelves)

    @property
    def reserved(self) -> int:
        return sum(shelf.reserved for shelf in self.shelves)

    @property
    def is_short(self) -> bool:
        """Whether reserved pieces are missing somewhere: until orders are cancelled, nothing more is kept."""
        return any(shelf.missing for shelf in self.shelves)

    @property
    def version(self) -> int:
        """Grows with every change of any shelf."""
        return sum(shelf.version for shelf in self.shelves)

    def shelf(self, warehouse: str) -> Shelf | None:
        """The shelf in a warehouse, if the SKU ever was there."""
        return next((shelf for shelf in self.shelves if shelf.warehouse == warehouse), None)


@dataclass(frozen=True, slots=True)
class Allocation:
    """Pieces taken from one warehouse.

    Attributes:
        warehouse: Which.
        quantity: How many.
        gone: How many of them have left.
        unreported: How many have left by what the shop says only.
    """

    warehouse: str
    quantity: int
    gone: int = 0
    unreported: int = 0

    @property
    def open(self) -> int:
        """Pieces that have not left."""
        return self.quantity - self.gone


def allocate(shelves: Sequence[Shelf], quantity: int) -> tuple[Allocation, ...]:
    """Choose where to take pieces from: whole from the fullest warehouse, else split, fullest first.

    Returns:
        The parts in the order of their warehouses' names.

    Raises:
        ValueError: There are not so many; look at `Stock.available` before.
    """
    fullest_first = sorted(shelves, key=lambda shelf: (-shelf.available, shelf.warehouse))
    taken = tuple(_take(fullest_first, quantity))
    if sum(allocation.quantity for allocation in taken) != quantity:
        raise ValueError(f"{quantity} pieces asked for, there are fewer")
    return tuple(sorted(taken, key=lambda allocation: allocation.warehouse))


def _take(shelves: Iterable[Shelf], quantity: int) -> Iterable[Allocation]:
    for shelf in shelves:
        part = min(quantity, shelf.available)
        if part > 0:
            yield Allocation(shelf.warehouse, part)
            quantity -= part
