"""What past orders took from the stock, and that the warehouses have reported it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.past_orders.batches import Say, batches
from bench.past_orders.history import Ending, History, PastLine, PastOrder, Ware
from mesh import sql
from mesh.event_log.inbox.inbox_rows import InboxRows
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from services.inventory.adapters.ledger_sql import SqlLedger
from services.inventory.adapters.tables import money_of, products
from services.inventory.config import Settings
from services.inventory.domain.departure import Report, depart, ship
from services.inventory.domain.movement import Cause, Movement, Provenance
from services.inventory.domain.reservation import (
    Offer,
    RequestedLine,
    Reservation,
    Transition,
    commit,
    hold,
    release,
)
from services.inventory.entrypoints.consumer import CONSUMER
from services.inventory.server import open_database
from services.kernel.clock import system_clock
from services.kernel.ids import uuid7

_WARES = 8
_PIECES_A_BATCH = 10_000
_WAREHOUSE = "berlin"


_OfOrder = tuple[Transition, tuple[Report, ...]]


async def wares_of(settings: MeshSettings) -> Sequence[Ware]:
    """Some of what the shop sells."""
    found = select(products).where(~products.c.retired).order_by(products.c.sku).limit(_WARES)
    async with open_database(Settings.of(settings)) as engine, sql.read(engine) as session:
        return [Ware(row.sku, row.name, money_of(row)) for row in await session.execute(found)]


async def fill_reservations(settings: MeshSettings, history: History, say: Say) -> None:
    """Reserve, commit, ship or release for all orders."""
    async with open_database(Settings.of(settings)) as engine:
        for several in batches(history, "reservations", say):
            await _fill(engine, several, sorted(ware.sku for ware in history.wares))


async def _fill(engine: AsyncEngine, orders: Sequence[PastOrder], skus: Sequence[str]) -> None:
    inbox = InboxRows(CONSUMER)
    async with sql.write(engine) as session:
        ledger = SqlLedger(session, clock=system_clock, new_id=uuid7)
        delivered = [Movement(Cause.ADJUST, sku, _WAREHOUSE, book_quantity=_PIECES_A_BATCH) for sku in skus]
        bench = Provenance("system", orders[0].place_time, note="past orders")
        await ledger.move(delivered, bench)
        histories = _histories(orders, await ledger.offers(skus))
        transitions = [transition for transition, _ in histories]
        await ledger.apply_all(list(zip(transitions, map(_provenance, orders), strict=True)))
        await ledger.wms.store_reports([each for _, reports in histories for each in reports], bench)
        await inbox.advance(
            session, {(ORDER_EVENTS, order.order_id): (0, order.versions) for order in orders}
        )


def _histories(orders: Iterable[PastOrder], offers: Mapping[str, Offer]) -> Sequence[_OfOrder]:
    """What happened to the reservation of each order; the same to those that are alike."""
    alike: dict[tuple[tuple[PastLine, ...], Ending], _OfOrder] = {}
    return [
        _named(order.order_id, alike.get(kind) or alike.setdefault(kind, _whole(order, offers)))
        for order in orders
        for kind in ((order.lines, order.ending),)
    ]


def _whole(order: PastOrder, offers: Mapping[str, Offer]) -> _OfOrder:
    """All that happened to an order's reservation, as one transition, and what was reported."""
    wanted = [RequestedLine(line.ware.sku, line.quantity) for line in order.lines]
    held = hold(order.order_id, wanted, offers, order.end_time)
    if not isinstance(held, Transition):
        raise TypeError(f"there is too little for order {order.order_id}: {held}")
    steps = [held, commit(held.after, order.place_time)]
    reports: list[Report] = []
    match order.ending:
        case Ending.SHIPPED:
            steps.append(ship(steps[-1].after, [], None).transition)
            for report in list(_reports(steps[-1].after)):
                left = depart(steps[-1].after, reports, report, book_quantity=-report.pieces)
                steps.append(left.transition)
                reports.append(report)
        case Ending.CANCELLED:
            steps.append(release(steps[-1].after))
    movements = tuple(movement for step in steps for movement in step.movements)
    return Transition(None, steps[-1].after, movements), tuple(reports)


def _reports(reservation: Reservation) -> Iterable[Report]:
    for line in reservation.lines:
        for part in line.allocations:
            yield Report(reservation.order_id, line.sku, part.warehouse).left(part.quantity, (1, 1))


def _named(order_id: str, alike: _OfOrder) -> _OfOrder:
    transition, reports = alike
    of_order = Transition(None, replace(transition.after, order_id=order_id), transition.movements)
    return of_order, tuple(replace(report, order_id=order_id) for report in reports)


def _provenance(order: PastOrder) -> Provenance:
    actor = f"customer:{order.customer_id}"
    return Provenance(actor, order.end_time, order_id=order.order_id, causation=order.order_id)
