"""What past orders took from the stock, and that the warehouses have reported it."""

from collections import Counter
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
from services.inventory.domain.movement import Cause, Movement, Provenance
from services.inventory.domain.reservation import (
    Offer,
    RequestedLine,
    Transition,
    commit,
    hold,
    release,
    ship,
)
from services.inventory.entrypoints.consumer import CONSUMER
from services.inventory.server import open_database
from services.kernel.clock import system_clock
from services.kernel.ids import uuid7

_WARES = 8
_PIECES_A_BATCH = 10_000
_WAREHOUSE = "berlin"


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
        transitions = _transitions(orders, await ledger.offers(skus))
        provenances = map(_provenance, orders)
        await ledger.apply_all(list(zip(transitions, provenances, strict=True)))
        await ledger.move(list(_reported(transitions)), bench)
        await inbox.advance(
            session, {(ORDER_EVENTS, order.order_id): (0, order.versions) for order in orders}
        )


def _transitions(orders: Iterable[PastOrder], offers: Mapping[str, Offer]) -> Sequence[Transition]:
    """What happened to the reservation of each order; the same to those that are alike."""
    alike: dict[tuple[tuple[PastLine, ...], Ending], Transition] = {}
    return [
        _of_order(order.order_id, alike.get(kind) or alike.setdefault(kind, _whole(order, offers)))
        for order in orders
        for kind in ((order.lines, order.ending),)
    ]


def _whole(order: PastOrder, offers: Mapping[str, Offer]) -> Transition:
    """All that happened to an order's reservation, as one transition."""
    wanted = [RequestedLine(line.ware.sku, line.quantity) for line in order.lines]
    held = hold(order.order_id, wanted, offers, order.end_time)
    if not isinstance(held, Transition):
        raise TypeError(f"there is too little for order {order.order_id}: {held}")
    steps = [held, commit(held.after, order.place_time)]
    match order.ending:
        case Ending.SHIPPED:
            steps.append(ship(steps[-1].after))
        case Ending.CANCELLED:
            steps.append(release(steps[-1].after))
    return Transition(
        None,
        steps[-1].after,
        tuple(movement for step in steps for movement in step.movements),
        tuple(replace(shipment, reported=True) for step in steps for shipment in step.shipments),
    )


def _of_order(order_id: str, whole: Transition) -> Transition:
    shipments = tuple(replace(shipment, order_id=order_id) for shipment in whole.shipments)
    return Transition(None, replace(whole.after, order_id=order_id), whole.movements, shipments)


def _reported(transitions: Iterable[Transition]) -> Iterable[Movement]:
    """What the warehouses' updates moved: what has left is theirs no longer."""
    left: Counter[tuple[str, str]] = Counter()
    for transition in transitions:
        for shipment in transition.shipments:
            left[shipment.sku, shipment.warehouse] += shipment.quantity
    for (sku, warehouse), pieces in left.items():
        yield Movement(Cause.DELTA, sku, warehouse, book_quantity=-pieces, unreported=-pieces)


def _provenance(order: PastOrder) -> Provenance:
    actor = f"customer:{order.customer_id}"
    return Provenance(actor, order.end_time, order_id=order.order_id, causation=order.order_id)
