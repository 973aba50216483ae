"""Pieces of which the warehouse system says that they left for an order.

A shipment is one row, made here or by the order's own OrderShipped, whichever comes first.
"""

from dataclasses import dataclass, replace

from services.inventory.domain.movement import Cause, Movement
from services.inventory.domain.reservation import (
    Line,
    Reservation,
    ReservationState,
    Shipment,
    Transition,
    claims_of,
    committing,
)
from services.inventory.domain.stock import Allocation


@dataclass(frozen=True, slots=True)
class Departure:
    """What the warehouse system says.

    Attributes:
        order_id: For which order the pieces left.
        sku: Pieces of what.
        warehouse: From where.
        quantity: How many; None: as many as the order has allocated there (a count names orders only).
        book_quantity: By how much it changes the book quantity: 0 where a count has covered it.
    """

    order_id: str
    sku: str
    warehouse: str
    quantity: int | None
    book_quantity: int


def mark_reported(departure: Departure, shipment: Shipment) -> tuple[Movement, ...]:
    """Mark a known shipment as reported by the WMS; one that was reported before is unchanged."""
    unreported = 0 if shipment.reported else -shipment.quantity
    return (
        Movement(
            Cause.SHIP,
            departure.sku,
            departure.warehouse,
            book_quantity=departure.book_quantity,
            unreported=unreported,
        ),
    )


def depart(departure: Departure, reservation: Reservation | None) -> Transition | None:
    """Ship the part of a reservation that was not reported before.

    Whatever leaves makes a hold permanent, so that the rest of it cannot run out. An order that nothing was
    reserved for is marked: a late reserve is refused, since its pieces could not be distinguished from these.

    Returns:
        None when a count names an order that has nothing allocated there.
    """
    part = _part(departure, reservation)
    quantity = departure.quantity if departure.quantity is not None else part.quantity if part else 0
    if quantity == 0:
        return None
    if reservation is None:
        tombstone = Reservation(departure.order_id, ReservationState.RELEASED)
        return Transition(None, tombstone, _left(departure, {}), (_shipment(departure, quantity, False),))
    after_cancel = reservation.state is ReservationState.RELEASED
    firm, committed = _made_firm(reservation)
    claims = dict.fromkeys(claims_of(firm.state), -part.quantity) if part else {}
    return Transition(
        reservation,
        _shipped(departure, firm),
        (*committed, *_left(departure, claims)),
        (_shipment(departure, quantity, after_cancel),),
    )


def _part(departure: Departure, reservation: Reservation | None) -> Allocation | None:
    lines = reservation.lines if reservation else ()
    parts = (part for line in lines if line.sku == departure.sku for part in line.allocations)
    return next((part for part in parts if part.warehouse == departure.warehouse and not part.shipped), None)


def _made_firm(reservation: Reservation) -> tuple[Reservation, tuple[Movement, ...]]:
    if reservation.state is not ReservationState.HELD:
        return reservation, ()
    firm = replace(reservation, state=ReservationState.COMMITTED, expire_time=None)
    return firm, tuple(committing(reservation))


def _left(departure: Departure, claims: dict[str, int]) -> tuple[Movement, ...]:
    left = Movement(
        Cause.SHIP, departure.sku, departure.warehouse, book_quantity=departure.book_quantity, **claims
    )
    return () if left.is_nothing else (left,)


def _shipment(departure: Departure, quantity: int, after_cancel: bool) -> Shipment:
    return Shipment(
        departure.order_id, departure.sku, departure.warehouse, quantity, after_cancel, reported=True
    )


def _shipped(departure: Departure, reservation: Reservation) -> Reservation:
    lines = tuple(_with_shipped(line, departure) for line in reservation.lines)
    shipped = replace(reservation, lines=lines)
    match reservation.state:
        case ReservationState.RELEASED:
            return shipped
        case ReservationState.EXPIRED:
            return replace(shipped, state=ReservationState.SHIPPED)
        case state:
            all_left = all(part.shipped for line in lines for part in line.allocations)
            return replace(shipped, state=ReservationState.SHIPPED if all_left else state)


def _with_shipped(line: Line, departure: Departure) -> Line:
    if line.sku != departure.sku:
        return line
    return replace(
        line,
        allocations=tuple(
            replace(part, shipped=part.shipped or part.warehouse == departure.warehouse)
            for part in line.allocations
        ),
    )
