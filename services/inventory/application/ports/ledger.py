"""Transactions that change stock."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from services.inventory.application.ports.shortages import ShortageRecord
from services.inventory.application.ports.wms import WmsRecord
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.events import InventoryEvent
from services.inventory.domain.movement import Movement, Provenance
from services.inventory.domain.reservation import Offer, Reservation, Transition
from services.kernel.errors import DomainError

T = TypeVar("T")
R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)
R_contra = TypeVar("R_contra", contravariant=True)


class Ledger(Protocol):
    """Stock and reservations within one transaction that writes: all of it happens or nothing."""

    @property
    def wms(self) -> WmsRecord:
        """What the warehouse system has reported."""
        ...

    @property
    def shortages(self) -> ShortageRecord:
        """Shortages that were reported."""
        ...

    async def offers(self, skus: Sequence[str]) -> Mapping[str, Offer]:
        """Prices and stock of the SKUs that exist, as this transaction decides on them."""
        ...

    async def reservation(self, order_id: str) -> Reservation | None:
        """The reservation of an order."""
        ...

    async def reservations(self, order_ids: Sequence[str]) -> Mapping[str, Reservation]:
        """The reservations of those of the orders that have one."""
        ...

    async def apply(self, transition: Transition, provenance: Provenance) -> None:
        """Store a reservation's next state and move the stock that it takes.

        Raises:
            StockContended: Others took the stock since it was read.
        """
        ...

    async def apply_all(self, changes: Sequence[tuple[Transition, Provenance]]) -> None:
        """The same for one transition each of several reservations."""
        ...

    async def move(self, movements: Sequence[Movement], provenance: Provenance) -> None:
        """Change shelves, in the order of SKU and warehouse, and record every movement.

        Raises:
            StockContended: A shelf lacks the free pieces that a movement needs.
        """
        ...

    async def has_warehouse(self, warehouse: str) -> bool:
        """Whether there is such a warehouse."""
        ...

    async def open_warehouse(self, warehouse: str) -> None:
        """Add a warehouse; one that is there stays."""
        ...

    async def open_shelf(self, sku: str, warehouse: str) -> None:
        """Give a SKU an empty place in a warehouse that it was never in, in the current epoch of its feed."""
        ...

    async def adjustment(self, caller: str, request_id: str) -> AdjustStock | None:
        """The command that has this id, if it was carried out."""
        ...

    async def add_adjustment(self, command: AdjustStock, provenance: Provenance) -> None:
        """Remember a command that is carried out in this transaction."""
        ...

    async def publish(self, event: InventoryEvent, provenance: Provenance) -> None:
        """Notify the other services, if and only if this transaction is committed."""
        ...


class Group(Protocol[R_contra, T_co]):
    """Work that is done at once for all who wait for it at the same time, in one transaction."""

    async def write(self, request: R_contra) -> T_co:
        """Do it for a request, perhaps among others.

        Raises:
            DomainError: What the work answers for this request.
            StockContended: It lost every race, also alone.
        """
        ...


class Ledgers(Protocol):
    """Opens ledgers for work in transactions."""

    async def write(self, work: Callable[[Ledger], Awaitable[T]]) -> T:
        """Do some work in one transaction.

        It is repeated when it lost a race, so it must have no effect outside of its ledger.

        Raises:
            StockContended: It lost every time.
        """
        ...

    def grouped(
        self, work: Callable[[Ledger, Sequence[R]], Awaitable[Sequence[T | DomainError]]]
    ) -> Group[R, T]:
        """Group some work.

        Args:
            work: Answers requests in their order; a DomainError is raised to the one whose request it is. It
                may be repeated, as that of `write`.
        """
        ...


class DueHolds(Protocol):
    """Finds holds that have run out."""

    async def find(self, now: datetime, *, limit: int) -> Sequence[str]:
        """Orders whose hold has run out by now, those that ran out first in front."""
        ...
