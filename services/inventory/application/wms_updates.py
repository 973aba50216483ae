"""What the warehouse system reports: counts and deltas, in the sequence of each shelf."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from services.inventory.application.departures import store_departure
from services.inventory.application.ports import Ledger, Ledgers
from services.inventory.application.shortages import report_shortage
from services.inventory.domain.departure import Departure, FeedTime, Report, depart, pieces_named
from services.inventory.domain.movement import Cause, Movement, Provenance
from services.inventory.domain.reservation import Reservation
from services.inventory.domain.stock import Shelf
from services.inventory.domain.wms_update import (
    Ack,
    Count,
    Delta,
    FeedPosition,
    Result,
    StockUpdate,
    answer,
)
from services.kernel.clock import Clock
from services.kernel.trace import TraceId, untraced


class WmsUpdates:
    """Applies updates, each in a transaction of its own; any of them may be repeated."""

    def __init__(self, *, ledgers: Ledgers, clock: Clock, trace_id: TraceId = untraced) -> None:
        self._ledgers = ledgers
        self._clock = clock
        self._trace_id = trace_id

    async def apply(self, update: StockUpdate, *, actor: str) -> Ack:
        """Take one update; what makes no sense is set aside, and later ones are taken all the same.

        Raises:
            StockContended: Others changed the same stock at the same time, again and again.
        """

        async def work(ledger: Ledger) -> Ack:
            return await _taken(ledger, update, self._provenance(update, actor))

        return await self._ledgers.write(work)

    def _provenance(self, update: StockUpdate, actor: str) -> Provenance:
        causation = f"wms update {update.sequence}"
        return Provenance(actor, self._clock(), causation=causation, trace_id=self._trace_id())


async def _taken(ledger: Ledger, update: StockUpdate, provenance: Provenance) -> Ack:
    # Reservations before shelves, as everybody who changes both: nobody waits in a circle.
    reservations = {order_id: await ledger.reservation(order_id) for order_id in update.order_ids}
    reports = await ledger.wms.reports(update.order_ids) if update.order_ids else ()
    position = await _position(ledger, update)
    if isinstance(position, Ack):
        await ledger.wms.set_aside(position, provenance)
        return position
    update = replace(update, epoch=update.epoch or position.current_epoch)
    shelf = await _shelf(ledger, update)
    recorded = await ledger.wms.recorded(update)
    ack = answer(update, shelf, position, recorded)
    departures = (
        [] if recorded is not None or not ack.counts else list(_departures(ack, reservations, reports))
    )
    if too_many := sum(each.too_many for each in departures):
        ack = replace(ack, reason=f"OVER_SHIPPED: no order has a claim on {too_many} of these pieces")
    if ack.result is Result.QUARANTINED:
        await ledger.wms.set_aside(ack, provenance)
    if ack.is_refusal(recorded):
        await ledger.wms.note_refusal(update)
    if recorded is not None or not ack.counts:
        return ack
    await ledger.wms.record(ack, provenance)
    if position.is_behind(update):
        await ledger.wms.advance(update, last=position, applied=ack.result is Result.APPLIED)
    if ack.result is not Result.QUARANTINED:
        await _apply(ledger, ack, shelf, departures, provenance)
    return ack


async def _position(ledger: Ledger, update: StockUpdate) -> FeedPosition | Ack:
    """How far the shelf has got, on a new shelf where there is none yet; or why there can be none."""
    last = await ledger.wms.position(update.sku, update.warehouse)
    # The shelf is ours now: an epoch that began meanwhile has not counted it yet, or is seen here.
    epoch = await ledger.wms.epoch(update.warehouse)
    if last is not None:
        return FeedPosition(epoch, *last)
    if update.sku not in await ledger.offers([update.sku]):
        reason = f"there is no product {update.sku}"
        return Ack(update, Result.QUARANTINED, reason=reason, current_epoch=epoch)
    if not await ledger.has_warehouse(update.warehouse):
        return Ack(update, Result.QUARANTINED, reason=f"there is no warehouse {update.warehouse}")
    await ledger.open_shelf(update.sku, update.warehouse)
    return FeedPosition(epoch, epoch, 0)


async def _shelf(ledger: Ledger, update: StockUpdate) -> Shelf:
    shelf = (await ledger.offers([update.sku]))[update.sku].stock.shelf(update.warehouse)
    assert shelf is not None
    return shelf


async def _apply(
    ledger: Ledger, ack: Ack, shelf: Shelf, departures: Sequence[Departure], provenance: Provenance
) -> None:
    """Move what an update changes; one that a later count covers only concerns its orders."""
    update = ack.update
    if ack.result is Result.APPLIED:
        movement = _book_movement(update, shelf)
        if not movement.is_nothing:
            await ledger.move([movement], provenance)
    for departure in departures:
        of_order = replace(provenance, order_id=departure.transition.after.order_id)
        await store_departure(ledger, departure, of_order)
    await report_shortage(ledger, update.sku, update.warehouse, provenance)


def _book_movement(update: StockUpdate, shelf: Shelf) -> Movement:
    match update.change:
        case Count(on_hand):
            return Movement(
                Cause.COUNT, update.sku, update.warehouse, book_quantity=on_hand - shelf.book_quantity
            )
        case Delta(quantity, order_id):
            # What left for an order is booked with its shipment.
            book_quantity = 0 if order_id else quantity
            return Movement(Cause.DELTA, update.sku, update.warehouse, book_quantity=book_quantity)


def _departures(
    ack: Ack, reservations: Mapping[str, Reservation | None], reports: Sequence[Report]
) -> Iterator[Departure]:
    """What follows for the orders that an update names."""
    update, is_news = ack.update, ack.result is Result.APPLIED
    at = (update.epoch, update.sequence)
    for order_id in update.order_ids if ack.result is not Result.QUARANTINED else ():
        own = [each for each in reports if each.order_id == order_id]
        before = Report(order_id, update.sku, update.warehouse)
        before = next((each for each in own if (each.sku, each.warehouse) == update.place), before)
        reservation = reservations[order_id]
        match update.change:
            case Count() as count:
                report = _counted(before, count.pieces_of(order_id), reservation, at)
                # An order of which nothing has left here is none of the matter of this shelf.
                if report.pieces or before.pieces:
                    yield depart(reservation, own, report)
            case Delta(quantity, _, shipment_id) if quantity < 0:
                book_quantity = quantity if is_news else 0
                report = before.left(-quantity, at)
                yield depart(reservation, own, report, book_quantity=book_quantity, shipment_id=shipment_id)


def _counted(before: Report, pieces: int | None, reservation: Reservation | None, at: FeedTime) -> Report:
    """After a count that names an order, with its pieces or without."""
    if pieces is None:
        return before.risen(pieces_named(reservation, before.sku, before.warehouse), at)
    return before.counted(pieces, at)
