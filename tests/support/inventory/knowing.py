"""What a shop and a warehouse know of the same pieces, each on its own."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from services.inventory.domain.wms_update import Count, Delta, StockUpdate
from services.order.domain.events import Occurrence, OrderEvent
from services.order.domain.order import Order, fold
from tests.support.events import MORNING

SKU = "MUG-RED"


@dataclass
class KnownOrder:
    """An order by its events, of which stock has heard some."""

    order_id: str
    events: list[OrderEvent]
    heard: int = 2

    @property
    def order(self) -> Order:
        occurrences = (
            Occurrence(event, f"event-{version}", version, MORNING + timedelta(minutes=version))
            for version, event in enumerate(self.events, start=1)
        )
        order = fold(self.order_id, occurrences)
        assert order is not None
        return order


@dataclass
class Shelf:
    """What a warehouse knows of its own: it says each change once, and cumulates what has left.

    Attributes:
        left: By order, the pieces that have left here.
        unheard: What the shop has not taken yet.
        heard: What it has.
    """

    warehouse: str
    pieces: int
    epoch: int = 1
    sequence: int = 0
    left: Counter[str] = field(default_factory=Counter)
    unheard: list[StockUpdate] = field(default_factory=list)
    heard: list[StockUpdate] = field(default_factory=list)

    def come(self, quantity: int) -> None:
        self.pieces += quantity
        self._say(Delta(quantity))

    def ship(self, order: str, quantity: int, parcel: str) -> None:
        if quantity > self.pieces:
            self.come(quantity)
        self.pieces -= quantity
        self.left[order] += quantity
        self._say(Delta(-quantity, order, parcel))

    def count(self, lost: int = 0) -> None:
        self.pieces = max(0, self.pieces - lost)
        self._say(Count(self.pieces, shipped_orders=tuple(sorted(self.left.items()))))

    def restart(self, epoch: int) -> None:
        self.epoch, self.sequence = epoch, 0
        self.count()

    def _say(self, change: Count | Delta) -> None:
        self.sequence += 1
        self.unheard.append(StockUpdate(SKU, self.warehouse, self.sequence, change, epoch=self.epoch))
