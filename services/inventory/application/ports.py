"""What inventory needs from the world."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.events import InventoryEvent, StockClaim
from services.inventory.domain.movement import Movement, Provenance
from services.inventory.domain.product import Listing, PriceEntry, Product
from services.inventory.domain.product_query import Page, ProductQuery
from services.inventory.domain.reservation import Offer, Reservation, Shipment, Transition
from services.inventory.domain.shortage import ShelfShortage
from services.inventory.domain.stock import Stock
from services.inventory.domain.wms_update import Ack, Recorded, StockUpdate
from services.kernel.errors import DomainError

T = TypeVar("T")
R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)
R_contra = TypeVar("R_contra", contravariant=True)


class Catalog(Protocol):
    """Products with their price history."""

    async def find(self, skus: Sequence[str]) -> Mapping[str, Listing]:
        """The products that exist, retired ones too, in ⌈n/199⌉ statements for n different SKUs."""
        ...

    async def page(self, query: ProductQuery, *, size: int, after: str | None) -> Page:
        """The products behind a position.

        Raises:
            ValueError: `after` is no position of this order.
        """
        ...

    async def add(self, product: Product, provenance: Provenance) -> None:
        """Store a new product.

        Raises:
            ProductExists: The SKU is taken.
        """
        ...

    async def change(self, sku: str, rule: Callable[[Product], Product], provenance: Provenance) -> Listing:
        """Replace a product by what `rule` makes of it, in one transaction; a new price enters the history.

        Raises:
            ProductNotFound: There is no such product.
        """
        ...

    async def stored(self, skus: Sequence[str]) -> Mapping[str, Product]:
        """The products that exist, retired ones too, as a change would find them now."""
        ...

    async def put(
        self,
        skus: Sequence[str],
        rule: Callable[[Mapping[str, Product]], Sequence[Product]],
        provenance: Provenance,
    ) -> Mapping[str, Product]:
        """Store what `rule` makes of the products that exist, new ones and changed ones, in one transaction.

        Args:
            skus: What it looks at; everything that it answers is one of these, and each once.
            rule: Gets those of them that exist. It may be called again, after a lost race.
            provenance: Who changes the catalogue.

        Returns:
            The products that existed, as they were before.

        Raises:
            CatalogContended: Others added the same products meanwhile.
        """
        ...


class PriceHistory(Protocol):
    """The prices that products have had."""

    async def find(self, sku: str, *, limit: int, before: int | None) -> Sequence[PriceEntry]:
        """The newest prices of a product, the newest in front; every product has at least one.

        Args:
            sku: Which product.
            limit: The most to find.
            before: Only those older than the one of this change.
        """
        ...


class StockLevels(Protocol):
    """How much there is of everything, for reading only."""

    async def find(self, skus: Sequence[str]) -> Mapping[str, Stock]:
        """The stock of the SKUs that exist, in ⌈n/199⌉ statements for n different SKUs."""
        ...


class StockChanges(Protocol):
    """Tells whose stock was changed, by whichever process."""

    async def position(self) -> int:
        """The place behind the last change."""
        ...

    async def after(self, position: int) -> tuple[int, frozenset[str]]:
        """Wait for changes behind a place.

        Returns:
            The place behind them, and whose stock they changed: at least one SKU.
        """
        ...


class WmsRecord(Protocol):
    """What the warehouse system has told, within a ledger's transaction."""

    async def position(self, sku: str, warehouse: str) -> int | None:
        """The last sequence that counts, 0 for none; nobody else changes the shelf until the end.

        Returns:
            None when there is no such shelf.
        """
        ...

    async def advance(self, update: StockUpdate, *, last: int) -> None:
        """Make an update the last one that counts.

        Raises:
            StockContended: `last` is not the last one any more.
        """
        ...

    async def recorded(self, update: StockUpdate) -> Recorded | None:
        """What came under the sequence of an update, if anything has."""
        ...

    async def record(self, ack: Ack, provenance: Provenance) -> None:
        """Remember what became of an update, the first of its sequence."""
        ...

    async def set_aside(self, ack: Ack, provenance: Provenance) -> None:
        """Keep an update that makes no sense, with the reason; a repeat adds nothing."""
        ...

    async def shipment(self, order_id: str, sku: str, warehouse: str) -> Shipment | None:
        """What has left a warehouse for an order."""
        ...

    async def untold(self, sku: str, warehouse: str) -> Sequence[Shipment]:
        """What has left and was not told of, the newest first."""
        ...

    async def mark_after_cancel(self, order_id: str) -> Sequence[Shipment]:
        """Note that an order of which pieces have left was given up; answers what was not noted before."""
        ...

    async def tell(self, shipment: Shipment) -> None:
        """Note that the warehouse system has told of a shipment.

        Raises:
            StockContended: It was noted before.
        """
        ...


class ShortageRecord(Protocol):
    """Shortages that were told and may last, within a ledger's transaction."""

    async def find(self, sku: str, warehouse: str) -> ShelfShortage | None:
        """The shortage of a shelf, as it was told last."""
        ...

    async def put(self, shortage: ShelfShortage, *, before: ShelfShortage | None, due_time: datetime) -> None:
        """Remember a shortage that is told now, and when to look again.

        Raises:
            StockContended: It is not as in `before` any more.
        """
        ...

    async def remove(self, shortage: ShelfShortage) -> None:
        """Forget a shortage that is gone."""
        ...

    async def claims(self, sku: str, warehouse: str, *, limit: int) -> Sequence[StockClaim]:
        """Claims on pieces that have not left: holds, then committed ones, each from the newest on."""
        ...


class Ledger(Protocol):
    """Stock and reservations within one transaction that writes: all of it happens or nothing."""

    @property
    def wms(self) -> WmsRecord:
        """What the warehouse system has told."""
        ...

    @property
    def shortages(self) -> ShortageRecord:
        """Shortages that were told."""
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
        """Give a SKU an empty place in a warehouse that it was never in."""
        ...

    async def adjustment(self, caller: str, request_id: str) -> AdjustStock | None:
        """The command that has this id, if it was carried out."""
        ...

    async def add_adjustment(self, command: AdjustStock, provenance: Provenance) -> None:
        """Remember a command that is carried out in this transaction."""
        ...

    async def publish(self, event: InventoryEvent, provenance: Provenance) -> None:
        """Tell the other services, if and only if this transaction is committed."""
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


class DueShortages(Protocol):
    """Finds shortages that it is time to look at again."""

    async def find(self, now: datetime, *, limit: int) -> Sequence[ShelfShortage]:
        """Shortages that are due by now, those that were due first in front."""
        ...
