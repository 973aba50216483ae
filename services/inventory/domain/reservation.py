"""A reservation: what is kept for an order, from hold to shipment or release."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from services.inventory.domain.errors import ReservationDiffers, ReservationExpired, ReservationReleased
from services.inventory.domain.movement import Cause, Movement
from services.inventory.domain.stock import Allocation, Stock, allocate
from services.kernel.money import Money


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
    """What is kept of one SKU, at the price of its first hold."""

    sku: str
    quantity: int
    unit_price: Money
    allocations: tuple[Allocation, ...]


@dataclass(frozen=True, slots=True)
class Shipment:
    """Pieces that left a warehouse for an order.

    Attributes:
        after_cancel: The order's reservation was released before.
        reported: The warehouse system has reported it.
    """

    order_id: str
    sku: str
    warehouse: str
    quantity: int
    after_cancel: bool
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is kept for an order; `expire_time` is set while it is held."""

    order_id: str
    state: ReservationState
    lines: tuple[Line, ...] = ()
    expire_time: datetime | None = None

    @property
    def has_left(self) -> bool:
        """Whether pieces of it have left a warehouse."""
        return any(part.shipped for line in self.lines for part in line.allocations)

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
    shipments: tuple[Shipment, ...] = ()


def hold(
    order_id: str, wanted: Sequence[RequestedLine], offers: Mapping[str, Offer], expire_time: datetime
) -> Transition | tuple[Shortfall, ...]:
    """Keep every line, or say which ones cannot be kept."""
    shortfalls = tuple(_shortfalls(wanted, offers))
    if shortfalls:
        return shortfalls
    lines = tuple(_line(line, offers[line.sku]) for line in wanted)
    held = Reservation(order_id, ReservationState.HELD, lines, expire_time)
    return Transition(None, held, tuple(_taken(held)))


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
    return Transition(reservation, committed, tuple(committing(reservation)))


def committing(reservation: Reservation) -> Iterator[Movement]:
    """What moves when a hold becomes permanent."""
    for sku, part in unshipped_parts(reservation):
        yield Movement(Cause.COMMIT, sku, part.warehouse, held=-part.quantity, committed=part.quantity)


def release(reservation: Reservation) -> Transition:
    """Give back what is kept; what has been shipped stays shipped."""
    if reservation.state in (ReservationState.RELEASED, ReservationState.SHIPPED):
        return Transition(reservation, reservation)
    released = replace(reservation, state=ReservationState.RELEASED, expire_time=None)
    return Transition(reservation, released, tuple(_freed(reservation, Cause.RELEASE)))


def expire(reservation: Reservation, now: datetime) -> Transition:
    """Give back a hold that has run out; anything else stays as it is."""
    if reservation.state is not ReservationState.HELD or not reservation.is_overdue(now):
        return Transition(reservation, reservation)
    expired = replace(reservation, state=ReservationState.EXPIRED, expire_time=None)
    return Transition(reservation, expired, tuple(_freed(reservation, Cause.EXPIRE)))


def ship(reservation: Reservation) -> Transition:
    """Note that the order has left; pieces that the warehouse has not reported yet become unreported.

    A released reservation stays released: its pieces are gone all the same, as shipments after a cancel.
    """
    after_cancel = reservation.state is ReservationState.RELEASED
    state = ReservationState.RELEASED if after_cancel else ReservationState.SHIPPED
    kept = claims_of(reservation.state)
    movements, shipments = [], []
    for sku, part in unshipped_parts(reservation):
        claims = dict.fromkeys(kept, -part.quantity)
        movements.append(Movement(Cause.SHIP, sku, part.warehouse, unreported=part.quantity, **claims))
        shipments.append(Shipment(reservation.order_id, sku, part.warehouse, part.quantity, after_cancel))
    shipped = replace(reservation, state=state, expire_time=None, lines=_shipped(reservation.lines))
    return Transition(reservation, shipped, tuple(movements), tuple(shipments))


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


def _taken(reservation: Reservation) -> Iterator[Movement]:
    for sku, part in unshipped_parts(reservation):
        yield Movement(Cause.RESERVE, sku, part.warehouse, held=part.quantity)


def _freed(reservation: Reservation, cause: Cause) -> Iterator[Movement]:
    kept = claims_of(reservation.state)
    if kept:
        for sku, part in unshipped_parts(reservation):
            yield Movement(cause, sku, part.warehouse, **dict.fromkeys(kept, -part.quantity))


def claims_of(state: ReservationState) -> tuple[str, ...]:
    """Which of a shelf's numbers hold the pieces of a reservation in this state."""
    match state:
        case ReservationState.HELD:
            return ("held",)
        case ReservationState.COMMITTED:
            return ("committed",)
        case _:
            return ()


def unshipped_parts(reservation: Reservation) -> Iterator[tuple[str, Allocation]]:
    """The SKUs and allocations whose pieces have not left."""
    for line in reservation.lines:
        for part in line.allocations:
            if not part.shipped:
                yield line.sku, part


def _shipped(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(
        replace(line, allocations=tuple(replace(part, shipped=True) for part in line.allocations))
        for line in lines
    )


def _released(reservation: Reservation) -> ReservationReleased:
    return ReservationReleased(f"the reservation of order {reservation.order_id} was given back")
