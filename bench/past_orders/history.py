"""Which orders there were: the same for all stores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import NAMESPACE_OID, UUID, uuid5

from services.kernel.money import Money, total
from services.order.domain.order import order_id_of

_YEAR = timedelta(days=365)
_OTHERS = 1_000
_CANCELLED_EVERY = 50
_WAITING_SHARE = 100
_SECOND_LINE_EVERY = 10


class Ending(Enum):
    """What became of an order."""

    WAITING = auto()
    SHIPPED = auto()
    CANCELLED = auto()


@dataclass(frozen=True, slots=True)
class Ware:
    """What the shop sells."""

    sku: str
    name: str
    price: Money


@dataclass(frozen=True, slots=True)
class PastLine:
    """So many pieces of it."""

    ware: Ware
    quantity: int


@dataclass(frozen=True, slots=True)
class PastOrder:
    """One order."""

    order_id: str
    customer_id: str
    request_id: str
    lines: tuple[PastLine, ...]
    place_time: datetime
    ending: Ending

    @property
    def versions(self) -> int:
        """How many events it has."""
        return 2 if self.ending is Ending.WAITING else 3

    def event_id(self, version: int) -> str:
        """The id of one of its events."""
        return str(UUID(int=UUID(self.order_id).int ^ version))

    @property
    def unit_prices(self) -> tuple[Money, ...]:
        return tuple(line.ware.price for line in self.lines)

    @property
    def total(self) -> Money:
        return total(line.ware.price.times(line.quantity) for line in self.lines)

    @property
    def end_time(self) -> datetime:
        """When its last event occurred."""
        return self.place_time + timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class History:
    """A year of orders.

    Attributes:
        count: How many.
        customer_id: A customer with many of them.
        theirs: How many; the others are shared by 1,000 customers.
        end: When the year was over.
        wares: What was ordered; at least two.
    """

    count: int
    customer_id: str
    theirs: int
    end: datetime
    wares: Sequence[Ware]

    def orders(self) -> Iterator[PastOrder]:
        """All orders; ids and times grow together, so that all indexes are filled at their ends."""
        step = _YEAR / self.count
        for place, (order_id, customer_id, request_id) in enumerate(self._names()):
            yield PastOrder(
                order_id=order_id,
                customer_id=customer_id,
                request_id=request_id,
                lines=self._lines(place),
                place_time=self.end - _YEAR + place * step,
                ending=self._ending(place),
            )

    @property
    def customers(self) -> Iterable[str]:
        """All customers."""
        return {self._customer(number) for number in range(min(self.count, self.theirs + _OTHERS))}

    def _names(self) -> Sequence[tuple[str, str, str]]:
        customers = (self._customer(number) for number in range(self.count))
        named = ((customer, f"past-{number}") for number, customer in enumerate(customers))
        return sorted((order_id_of(customer, request), customer, request) for customer, request in named)

    def _customer(self, number: int) -> str:
        if number < self.theirs:
            return self.customer_id
        return str(uuid5(NAMESPACE_OID, f"past customer {number % _OTHERS}"))

    def _lines(self, place: int) -> tuple[PastLine, ...]:
        first = PastLine(self.wares[place % len(self.wares)], 1 + place % 2)
        if place % _SECOND_LINE_EVERY:
            return (first,)
        return first, PastLine(self.wares[(place + 1) % len(self.wares)], 1)

    def _ending(self, place: int) -> Ending:
        if place % _CANCELLED_EVERY == 0:
            return Ending.CANCELLED
        return Ending.WAITING if place >= self.count - self.count // _WAITING_SHARE else Ending.SHIPPED
