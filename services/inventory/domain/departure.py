"""Pieces that have left for an order: what the shop and the warehouse systems say of it, and what follows.

Of a line S pieces have left by the order's own events, and T(w) from warehouse w by what the warehouse system
says. max(S, ΣT) are gone, max(0, S - ΣT) of them unreported. Where they lay follows from S and T alone, so
the facts may come in any order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from services.inventory.domain.errors import ShipmentNotHeard
from services.inventory.domain.events import ShipmentReported
from services.inventory.domain.movement import Cause
from services.inventory.domain.reservation import (
    Line,
    Reservation,
    ReservationState,
    Transition,
    release,
    transition,
)

FeedTime = tuple[int, int]
"""Epoch and sequence of an update."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a warehouse system has said of one SKU of an order.

    Attributes:
        order_id: Which order.
        sku: Of what.
        warehouse: From where.
        named: The pieces that the last count which named the order gave; all that had left until then.
        named_at: That count; (0, 0): none has named it.
        before: The pieces of the deltas up to that count.
        since: The deltas after it, each with its pieces: a count that comes late covers those before it.
        counted_in: Unreported pieces that a snapshot counted in; later deltas take them out.
        after_cancel: Pieces that left although the order was given up.
    """

    order_id: str
    sku: str
    warehouse: str
    named: int = 0
    named_at: FeedTime = (0, 0)
    before: int = 0
    since: tuple[tuple[FeedTime, int], ...] = ()
    counted_in: int = 0
    after_cancel: int = 0

    @property
    def pieces(self) -> int:
        """All pieces that have left here."""
        return max(self.named, self.before) + self.pieces_since

    @property
    def pieces_since(self) -> int:
        """Those of the deltas after the count."""
        return sum(pieces for _, pieces in self.since)

    def left(self, quantity: int, at: FeedTime) -> "Report":
        """After a delta."""
        counted_in = max(0, self.counted_in - quantity)
        if at < self.named_at:
            return replace(self, before=self.before + quantity, counted_in=counted_in)
        return replace(self, since=(*self.since, (at, quantity)), counted_in=counted_in)

    def counted(self, pieces: int, at: FeedTime) -> "Report":
        """After a count that names the order, and gives all pieces that had left here by then."""
        if at < self.named_at:
            return self
        covered = sum(left for time, left in self.since if time < at)
        later = tuple((time, left) for time, left in self.since if time > at)
        return replace(self, named=pieces, named_at=at, before=self.before + covered, since=later)

    def risen(self, pieces: int, at: FeedTime) -> "Report":
        """After a count that names the order without a number: so many have left by now, if not more."""
        later = sum(left for time, left in self.since if time > at)
        return self.counted(max(0, max(self.pieces, pieces) - later), at)


@dataclass(frozen=True, slots=True)
class Departure:
    """What follows from what was said.

    Attributes:
        transition: Of the reservation.
        reports: Those that have changed.
        events: What other services have to know.
        too_many: Pieces that nobody had a claim on.
    """

    transition: Transition
    reports: tuple[Report, ...] = ()
    events: tuple[ShipmentReported, ...] = ()
    too_many: int = 0


def ship(reservation: Reservation, reports: Sequence[Report], pieces: Mapping[str, int] | None) -> Departure:
    """The order says that pieces have left.

    Args:
        reservation: The order's.
        reports: All that warehouse systems have said of the order.
        pieces: By SKU; None: all that had not left.
    """
    shipped = tuple(
        replace(line, shipped=line.quantity if pieces is None else line.shipped + pieces.get(line.sku, 0))
        for line in reservation.lines
    )
    after = _with_facts(replace(reservation, lines=shipped), reports)
    return Departure(transition(reservation, after, Cause.SHIP), _remarked(after, reports))


def depart(
    reservation: Reservation | None,
    reports: Sequence[Report],
    report: Report,
    *,
    book_quantity: int = 0,
    shipment_id: str = "",
) -> Departure:
    """A warehouse system says that pieces have left.

    What leaves makes a hold permanent, so that the rest of it cannot run out. An order that nothing was
    reserved for is marked: a late reserve is refused, since its pieces could not be distinguished from these.

    Args:
        reservation: The order's, if there is one.
        reports: All that warehouse systems had said of the order.
        report: What this one says of a SKU now.
        book_quantity: By how much the book quantity moves: 0 where a count has covered it.
        shipment_id: The parcel, if the warehouse system has named it.
    """
    before = reservation or Reservation(report.order_id, ReservationState.RELEASED)
    then, now = _of_sku(reports, report.sku), _of_sku(_with(reports, report), report.sku)
    after = _with_facts(before, _with(reports, report))
    moved = transition(
        reservation, after, Cause.SHIP, book_quantities={(report.sku, report.warehouse): book_quantity}
    )
    line = after.line(report.sku)
    # What nobody has a claim on is not the order's matter, unless nothing was ever reserved for it.
    most = line.quantity if line else 0 if before.lines else _pieces(now)
    shipped = line.shipped if line else 0
    event = ShipmentReported(
        report.sku,
        report.warehouse,
        report.order_id,
        quantity=max(0, min(most, _pieces(now)) - shipped) - max(0, min(most, _pieces(then)) - shipped),
        after_cancel=reservation is not None and after.state is ReservationState.RELEASED,
        shipment_id=shipment_id,
        reported_total=min(most, _pieces(now)),
    )
    claimed = line.quantity if line else 0
    return Departure(
        moved,
        _changed(reports, (report, *_remarked(after, _with(reports, report)))),
        (event,) if event.quantity > 0 else (),
        max(0, max(claimed, _pieces(now)) - max(claimed, _pieces(then))),
    )


def check_heard(reservation: Reservation, shipped: Mapping[str, int]) -> None:
    """Whether the order's shipments are known here: what left in others would be given to somebody else.

    Raises:
        ShipmentNotHeard: Events are still to come.
    """
    if reservation.state is ReservationState.RELEASED:
        return
    for line in reservation.lines:
        if line.shipped < (there := shipped.get(line.sku, 0)):
            raise ShipmentNotHeard(
                f"order {reservation.order_id} has shipped {there} of {line.sku}, "
                f"events of {line.shipped} have come; try again"
            )


def give_back(reservation: Reservation, reports: Sequence[Report]) -> Departure:
    """Release what has not left; what has left beyond the order's own events is reported."""
    released = release(reservation)
    marked = _remarked(released.after, reports)
    known = {(each.sku, each.warehouse): each for each in reports}
    events = []
    for each in marked:
        more = each.after_cancel - known[each.sku, each.warehouse].after_cancel
        line = released.after.line(each.sku)
        if more > 0 and line is not None:
            total = min(line.quantity, _pieces(_of_sku(reports, each.sku)))
            events.append(ShipmentReported(each.sku, each.warehouse, each.order_id, more, True, "", total))
    return Departure(released, marked, tuple(events))


def pieces_named(reservation: Reservation | None, sku: str, warehouse: str) -> int:
    """How many pieces a count means that only says that an order has left a warehouse."""
    line = reservation.line(sku) if reservation else None
    part = next((each for each in (line.allocations if line else ()) if each.warehouse == warehouse), None)
    return 0 if part is None else part.gone or part.quantity


def _with_facts(reservation: Reservation, reports: Sequence[Report]) -> Reservation:
    lines = tuple(_placed(line, _of_sku(reports, line.sku)) for line in reservation.lines)
    firm = any(part.gone for line in lines for part in line.allocations)
    if reservation.state is ReservationState.RELEASED or not firm:
        return replace(reservation, lines=lines)
    is_gone = all(line.is_gone for line in lines)
    state = ReservationState.SHIPPED if is_gone else ReservationState.COMMITTED
    return replace(reservation, state=state, expire_time=None, lines=lines)


def _placed(line: Line, reports: Sequence[Report]) -> Line:
    """A line with what has left: first what was reported, where it was, then what only the shop says."""
    reported = {each.warehouse: each.pieces for each in reports}
    counted_in = {each.warehouse: each.counted_in for each in reports}
    rooms = [part.quantity for part in line.allocations]
    left = [min(part.quantity, reported.get(part.warehouse, 0)) for part in line.allocations]
    elsewhere = _filled(
        [room - each for room, each in zip(rooms, left, strict=True)], _pieces(reports) - sum(left)
    )
    left = [each + more for each, more in zip(left, elsewhere, strict=True)]
    unreported = _filled(
        [room - each for room, each in zip(rooms, left, strict=True)], max(0, line.shipped - _pieces(reports))
    )
    allocations = tuple(
        replace(part, gone=gone + more, unreported=max(0, more - counted_in.get(part.warehouse, 0)))
        for part, gone, more in zip(line.allocations, left, unreported, strict=True)
    )
    return replace(line, allocations=allocations)


def _filled(rooms: Sequence[int], pieces: int) -> list[int]:
    """How many pieces come into each room, those in front first; the rest has none."""
    filled = []
    for room in rooms:
        filled.append(min(room, pieces))
        pieces -= filled[-1]
    return filled


def _remarked(reservation: Reservation, reports: Sequence[Report]) -> tuple[Report, ...]:
    """The reports whose pieces after the cancellation are others now."""
    return _changed(reports, tuple(_marked(reservation, reports)))


def _marked(reservation: Reservation, reports: Sequence[Report]) -> Iterator[Report]:
    given_up = reservation.state is ReservationState.RELEASED
    for line in reservation.lines:
        own = sorted(_of_sku(reports, line.sku), key=lambda each: each.warehouse)
        beyond = _news(line, own) if given_up else 0
        for each, pieces in zip(own, _filled([each.pieces for each in own], beyond), strict=True):
            yield replace(each, after_cancel=pieces)


def _news(line: Line, reports: Sequence[Report]) -> int:
    """Pieces of the order that have left and that its own events do not know of."""
    return max(0, min(line.quantity, _pieces(reports)) - line.shipped)


def _pieces(reports: Iterable[Report]) -> int:
    return sum(each.pieces for each in reports)


def _of_sku(reports: Iterable[Report], sku: str) -> list[Report]:
    return [each for each in reports if each.sku == sku]


def _with(reports: Sequence[Report], report: Report) -> list[Report]:
    """The reports with one that is new or replaces what there was of its SKU and warehouse."""
    place = report.sku, report.warehouse
    return [*(each for each in reports if (each.sku, each.warehouse) != place), report]


def _changed(reports: Sequence[Report], changed: Sequence[Report]) -> tuple[Report, ...]:
    latest = {(each.sku, each.warehouse): each for each in changed}
    return tuple(each for each in latest.values() if each not in reports)
