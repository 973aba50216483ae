"""What the warehouse system reports: counts and deltas, in the sequence of each shelf."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from services.inventory.application.ports import Ledger, Ledgers
from services.inventory.application.shortages import report_shortage
from services.inventory.domain.departure import Departure, depart, mark_reported
from services.inventory.domain.events import ShipmentReported
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

Reservations = Mapping[str, Reservation | None]


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
    position = await _position(ledger, update)
    if isinstance(position, Ack):
        await ledger.wms.set_aside(position, provenance)
        return position
    update = replace(update, epoch=update.epoch or position.current_epoch)
    shelf = await _shelf(ledger, update)
    recorded = await ledger.wms.recorded(update)
    ack = answer(update, shelf, position, recorded)
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
        await _apply(ledger, ack, shelf, reservations, provenance)
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
    ledger: Ledger, ack: Ack, shelf: Shelf, reservations: Reservations, provenance: Provenance
) -> None:
    """Move what an update changes; one that a later count covers only concerns its orders."""
    update, is_news = ack.update, ack.result is Result.APPLIED
    if is_news:
        await move(ledger, [_book_movement(update, shelf)], provenance)
    for departure in _departures(update, is_news=is_news):
        of_order = replace(provenance, order_id=departure.order_id)
        await _depart(ledger, departure, reservations[departure.order_id], of_order)
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


def _departures(update: StockUpdate, *, is_news: bool) -> Iterator[Departure]:
    match update.change:
        case Count():
            for order_id in update.order_ids:
                yield Departure(order_id, update.sku, update.warehouse, None, book_quantity=0)
        case Delta(quantity, order_id) if order_id and quantity < 0:
            book_quantity = quantity if is_news else 0
            yield Departure(order_id, update.sku, update.warehouse, -quantity, book_quantity=book_quantity)


async def _depart(
    ledger: Ledger, departure: Departure, reservation: Reservation | None, provenance: Provenance
) -> None:
    shipment = await ledger.wms.shipment(departure.order_id, departure.sku, departure.warehouse)
    if shipment is not None:
        await move(ledger, mark_reported(departure, shipment), provenance)
        if not shipment.reported:
            await ledger.wms.mark_reported(shipment)
        return
    transition = depart(departure, reservation)
    if transition is None:
        return
    await ledger.apply(transition, provenance)
    for left in transition.shipments:
        reported = ShipmentReported(left.sku, left.warehouse, left.order_id, left.quantity, left.after_cancel)
        await ledger.publish(reported, provenance)


async def move(ledger: Ledger, movements: Iterable[Movement], provenance: Provenance) -> None:
    """Move what moves anything."""
    await ledger.move([movement for movement in movements if not movement.is_nothing], provenance)
