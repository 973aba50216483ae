"""A warehouse system in a few lines: its numbers, and what it has said of them."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from services.inventory.domain.wms_update import Count, Delta, StockUpdate

Place = tuple[str, str]


@dataclass(slots=True)
class Warehouse:
    """Knows its own numbers only, and says each change once, in a sequence per SKU and place.

    Attributes:
        numbers: The pieces that lie there now.
        said: What was said of each place, oldest first.
        after: The number after each sequence, from 0 on.
        shipped: The pieces that have left each place, by order; the latest order behind the others.
    """

    numbers: Counter[Place] = field(default_factory=Counter)
    said: defaultdict[Place, list[StockUpdate]] = field(default_factory=lambda: defaultdict(list))
    after: defaultdict[Place, list[int]] = field(default_factory=lambda: defaultdict(list))
    shipped: defaultdict[Place, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def begin(self, place: Place, pieces: int) -> None:
        """Pieces that both sides know of before anything is said."""
        self.numbers[place] = pieces
        self.after[place] = [pieces]

    def come_or_go(self, place: Place, quantity: int) -> None:
        """Pieces arrive, or are found to be broken."""
        self.numbers[place] += quantity
        self._say(place, Delta(quantity))

    def ship(self, place: Place, order_id: str, quantity: int) -> None:
        """Pieces leave for an order, and that is said."""
        self._take_out(place, order_id, quantity)
        self._say(place, Delta(-quantity, order_id))

    def ship_and_count(self, place: Place, order_id: str, quantity: int) -> None:
        """Pieces leave for an order, and only a count says so."""
        self._take_out(place, order_id, quantity)
        self.count(place, lost=0, names=1)

    def count(self, place: Place, *, lost: int, names: int) -> None:
        """Count all pieces; some turn out to be lost, and the last shipments are named."""
        self.numbers[place] = max(0, self.numbers[place] - lost)
        named = list(self.shipped[place].items())[-names:] if names else []
        self._say(place, Count(self.numbers[place], shipped_orders=tuple(named)))

    def _take_out(self, place: Place, order_id: str, quantity: int) -> None:
        if self.numbers[place] < quantity:
            # They are fetched from somewhere first.
            self.come_or_go(place, quantity)
        self.numbers[place] -= quantity
        self.shipped[place][order_id] = self.shipped[place].pop(order_id, 0) + quantity

    def _say(self, place: Place, change: Count | Delta) -> None:
        self.said[place].append(StockUpdate(*place, len(self.said[place]) + 1, change))
        self.after[place].append(self.numbers[place])
