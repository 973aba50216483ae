"""A reservation: what is kept for an order, from hold to shipment or release."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from services.inventory.domain.errors import ReservationDiffers, ReservationExpired, ReservationReleased
from services.inventory.domain.movement import Cause, Movement
from services.inventory.domain.stock import Allocation, Stock, allocate
from services.kernel.money import Money

Place = tuple[str, str]
"""A SKU and a warehouse."""


class ReservationState(Enum):
    """Where a reservation stands."""

    HELD = "HELD"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    SHIPPED = "SHIPPED"


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """A line that an order asks for."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What a SKU can be had for; no price: it is unknown or retired."""

    price: Money | None
    stock: Stock


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A line that cannot be held."""

    sku: str
    requested: int
    available: int
    unknown: bool


@dataclass(frozen=True, slots=True)
class Line:
    """What is kept of one SKU, at the price of its first hold.

    Attributes:
        shipped: Pieces that have left by the order's own events.
    """

    sku: str
    quantity: int
    unit_price: Money
    allocations: tuple[Allocation, ...]
    shipped: int = 0

    @property
    def is_gone(self) -> bool:
        """Whether all of it has left."""
        return not any(part.open for part in self.allocations)


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is kept for an order; `expire_time` is set while it is held."""

    order_id: str
    state: ReservationState
    lines: tuple[Line, ...] = ()
    expire_time: datetime | None = None

    def line(self, sku: str) -> Line | None:
        """The line of a SKU."""
        return next((line for line in self.lines if line.sku == sku), None)

    def check_repeat(self, wanted: Sequence[RequestedLine]) -> None:
        """Whether a repeated reserve may be answered with this reservation.

        Raises:
            ReservationReleased: It was given back.
            ReservationDiffers: It has other lines.
        """
        if self.state is ReservationState.RELEASED:
            raise _released(self)
        if {line.sku: line.quantity for line in self.lines} != {line.sku: line.quantity for line in wanted}:
            raise ReservationDiffers(f"order {self.order_id} has reserved other lines")

    def is_overdue(self, now: datetime) -> bool:
        """Whether it is a hold that has run out, swept or not."""
        overdue = self.expire_time is not None and self.expire_time <= now
        return self.state is ReservationState.EXPIRED or (self.state is ReservationState.HELD and overdue)


@dataclass(frozen=True, slots=True)
class Transition:
    """From one state of a reservation to the next (`before` is None for a new one), and what moves."""

    before: Reservation | None
    after: Reservation
    movements: tuple[Movement, ...] = ()


def transition(
    before: Reservation | None,
    after: Reservation,
    cause: Cause,
    *,
    book_quantities: Mapping[Place, int] = MappingProxyType({}),
) -> Transition:
    """A step of a reservation: a shelf moves by what is kept and unreported on it now and was not before."""
    kept_before = dict(_kept(before)) if before else {}
    kept_after = dict(_kept(after))
    places = dict.fromkeys((*kept_before, *kept_after, *book_quantities))
    movements = (
        Movement(
            cause,
            *place,
            book_quantity=book_quantities.get(place, 0),
            unreported=now.unreported - then.unreported,
            held=now.held - then.held,
            committed=now.committed - then.committed,
        )
        for place in places
        for then, now in ((kept_before.get(place, _NOTHING), kept_after.get(place, _NOTHING)),)
    )
    return Transition(before, after, tuple(each for each in movements if not each.is_nothing))


def hold(
    order_id: str, wanted: Sequence[RequestedLine], offers: Mapping[str, Offer], expire_time: datetime
) -> Transition | tuple[Shortfall, ...]:
    """Keep every line, or say which ones cannot be kept."""
    shortfalls = tuple(_shortfalls(wanted, offers))
    if shortfalls:
        return shortfalls
    lines = tuple(_line(line, offers[line.sku]) for line in wanted)
    held = Reservation(order_id, ReservationState.HELD, lines, expire_time)
    return transition(None, held, Cause.RESERVE)


def offers_after(offers: Mapping[str, Offer], movements: Iterable[Movement]) -> dict[str, Offer]:
    """What is left of offers when pieces of them are held."""
    left = dict(offers)
    for movement in movements:
        offer = left[movement.sku]
        shelves = tuple(
            shelf._replace(held=shelf.held + movement.held)
            if shelf.warehouse == movement.warehouse
            else shelf
            for shelf in offer.stock.shelves
        )
        left[movement.sku] = replace(offer, stock=replace(offer.stock, shelves=shelves))
    return left


def hold_again(
    reservation: Reservation, stocks: Mapping[str, Stock], expire_time: datetime
) -> Transition | tuple[Shortfall, ...]:
    """Keep the lines of a hold that ran out once more, at their stored prices, on sale or not."""
    if reservation.state is ReservationState.HELD:
        return Transition(reservation, replace(reservation, expire_time=expire_time))
    offers = {line.sku: Offer(line.unit_price, stocks[line.sku]) for line in reservation.lines}
    wanted = tuple(RequestedLine(line.sku, line.quantity) for line in reservation.lines)
    outcome = hold(reservation.order_id, wanted, offers, expire_time)
    return replace(outcome, before=reservation) if isinstance(outcome, Transition) else outcome


def commit(reservation: Reservation, now: datetime) -> Transition:
    """Make a hold permanent; a committed or shipped reservation stays as it is.

    Raises:
        ReservationExpired: The hold ran out.
        ReservationReleased: It was given back.
    """
    if reservation.state is ReservationState.RELEASED:
        raise _released(reservation)
    if reservation.is_overdue(now):
        raise ReservationExpired(f"the hold of order {reservation.order_id} ran out")
    if reservation.state is not ReservationState.HELD:
        return Transition(reservation, reservation)
    committed = replace(reservation, state=ReservationState.COMMITTED, expire_time=None)
    return transition(reservation, committed, Cause.COMMIT)


def release(reservation: Reservation) -> Transition:
    """Give back what has not left; of an order that has shipped whole there is nothing to give back."""
    if reservation.lines and all(line.shipped >= line.quantity for line in reservation.lines):
        return Transition(reservation, reservation)
    released = replace(reservation, state=ReservationState.RELEASED, expire_time=None)
    return transition(reservation, released, Cause.RELEASE)


def expire(reservation: Reservation, now: datetime) -> Transition:
    """Give back a hold that has run out; anything else stays as it is."""
    if reservation.state is not ReservationState.HELD or not reservation.is_overdue(now):
        return Transition(reservation, reservation)
    expired = replace(reservation, state=ReservationState.EXPIRED, expire_time=None)
    return transition(reservation, expired, Cause.EXPIRE)


def _shortfalls(wanted: Iterable[RequestedLine], offers: Mapping[str, Offer]) -> Iterator[Shortfall]:
    for line in wanted:
        offer = offers.get(line.sku)
        if offer is None or offer.price is None:
            yield Shortfall(line.sku, line.quantity, 0, unknown=True)
        elif (available := _free(offer.stock)) < line.quantity:
            yield Shortfall(line.sku, line.quantity, available, unknown=False)


def _free(stock: Stock) -> int:
    """What may be kept; nothing while earlier orders lack pieces, wherever others lie."""
    return 0 if stock.is_short else stock.available


def _line(wanted: RequestedLine, offer: Offer) -> Line:
    assert offer.price is not None
    return Line(wanted.sku, wanted.quantity, offer.price, allocate(offer.stock.shelves, wanted.quantity))


class _Kept(NamedTuple):
    """What of a shelf's numbers is a reservation's."""

    unreported: int
    held: int
    committed: int


_NOTHING = _Kept(0, 0, 0)


def _kept(reservation: Reservation) -> Iterator[tuple[Place, _Kept]]:
    held = reservation.state is ReservationState.HELD
    committed = reservation.state is ReservationState.COMMITTED
    for line in reservation.lines:
        for part in line.allocations:
            kept = _Kept(part.unreported, part.open if held else 0, part.open if committed else 0)
            yield (line.sku, part.warehouse), kept


def _released(reservation: Reservation) -> ReservationReleased:
    return ReservationReleased(f"the reservation of order {reservation.order_id} was given back")
