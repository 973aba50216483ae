"""Stock and reservations within one writing transaction, in SQL."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import Any, cast

from sqlalchemy import CursorResult, bindparam, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log.outbox.outbox import NewEvent, enqueue
from mesh.server.telemetry import current_traceparent
from mesh.sql import Prepared, position_of, read_one
from mesh.topology import INVENTORY_EVENTS
from services.inventory.adapters.reservations_sql import find_reservations, store_transitions
from services.inventory.adapters.shortages_sql import SqlShortageRecord
from services.inventory.adapters.stock_sql import offers_by_skus, rows_of, stocks_of
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import adjustments, movements, reservations, stock, warehouses
from services.inventory.adapters.wms_sql import SqlWmsRecord
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.errors import StockContended
from services.inventory.domain.events import InventoryEvent, ShipmentReported, StockShort
from services.inventory.domain.movement import Movement, Provenance
from services.inventory.domain.reservation import Offer, Reservation, Transition
from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.kernel.money import Money
from services.kernel.names import json_name

Changed = Callable[[frozenset[str]], None]
"""Told whose stock has changed, right after the commit and before anybody is answered."""

_ANY = -(2**31)
"""Below what any shelf has free: no condition."""

# A literal, as in the index: SQLite proves from the statement's text that a partial index may be used.
_IS_HELD = text("state = 'HELD'")
_MOVE = Prepared(
    update(stock)
    .where(
        stock.c.sku == bindparam("of_sku"),
        stock.c.warehouse == bindparam("of_warehouse"),
        stock.c.book_quantity - stock.c.unreported - stock.c.held - stock.c.committed >= bindparam("needs"),
    )
    .values(
        book_quantity=stock.c.book_quantity + bindparam("by_book_quantity"),
        unreported=stock.c.unreported + bindparam("by_unreported"),
        held=stock.c.held + bindparam("by_held"),
        committed=stock.c.committed + bindparam("by_committed"),
        version=stock.c.version + 1,
    )
)
_RECORD = Prepared(
    insert(movements).returning(movements.c.id),
    [column.name for column in movements.c if column.name != "id"],
)
_DUE = Prepared(
    select(reservations.c.order_id)
    .where(_IS_HELD, reservations.c.expire_time <= bindparam("now"))
    .order_by(reservations.c.expire_time)
    .limit(bindparam("limit"))
)


def no_listener(_skus: frozenset[str]) -> None:
    """No-op for callers without a cache."""


_SCHEMA_VERSIONS = {StockShort: 1, ShipmentReported: 2}


class SqlLedger:
    """The port `Ledger` over an open transaction; `last_movement` is the id of the newest movement, or 0."""

    def __init__(
        self, session: sql.Session, *, clock: Clock, new_id: NewId, changed: Changed = no_listener
    ) -> None:
        self._session = session
        self._clock = clock
        self._new_id = new_id
        self._changed = changed
        self._moved: set[str] = set()
        self.last_movement = 0

    @property
    def position(self) -> str | None:
        """How far its commit got; None: it is not known."""
        return position_of(self._session)

    @property
    def wms(self) -> SqlWmsRecord:
        return SqlWmsRecord(self._session)

    @property
    def shortages(self) -> SqlShortageRecord:
        return SqlShortageRecord(self._session)

    async def offers(self, skus: Sequence[str]) -> Mapping[str, Offer]:
        rows = await rows_of(self._session, offers_by_skus, sorted(skus))
        prices = {
            row.sku: None if row.retired else Money(row.currency_code, row.units, row.nanos) for row in rows
        }
        stocks = stocks_of(row[:7] for row in rows)
        return {sku: Offer(price, stocks[sku]) for sku, price in prices.items()}

    async def reservation(self, order_id: str) -> Reservation | None:
        return (await self.reservations([order_id])).get(order_id)

    async def reservations(self, order_ids: Sequence[str]) -> Mapping[str, Reservation]:
        return await find_reservations(self._session, order_ids)

    async def apply(self, transition: Transition, provenance: Provenance) -> None:
        await self.apply_all([(transition, provenance)])

    async def apply_all(self, changes: Sequence[tuple[Transition, Provenance]]) -> None:
        await store_transitions(self._session, changes)
        await self._move(
            [(movement, provenance) for each, provenance in changes for movement in each.movements]
        )

    async def move(self, moved: Sequence[Movement], provenance: Provenance) -> None:
        await self._move([(movement, provenance) for movement in moved])

    async def _move(self, moved: Sequence[tuple[Movement, Provenance]]) -> None:
        if not moved:
            return
        self._notify_after_commit(movement.sku for movement, _ in moved)
        # The same order for everybody: two orders for the same SKUs wait for each other, never in a circle.
        ordered = sorted(moved, key=lambda each: _shelf_of(each[0]))
        by_shelf = groupby([movement for movement, _ in ordered], _shelf_of)
        changes = [_change(shelf, list(own)) for shelf, own in by_shelf]
        changed = await self._session.execute(_MOVE, changes)
        if cast(CursorResult[Any], changed).rowcount != len(changes):
            raise StockContended("the stock is being changed by others, try again", retry_after_seconds=1)
        rows = [_row(movement, provenance) for movement, provenance in ordered]
        recorded = await self._session.execute(_RECORD, rows)
        self.last_movement = max(recorded.scalars())

    def _notify_after_commit(self, skus: Iterable[str]) -> None:
        if not self._moved:
            # For every commit, and even if the call is cancelled during it.
            self._session.after_commit(self._notify)
        self._moved.update(skus)

    def _notify(self) -> None:
        self._changed(frozenset(self._moved))

    async def has_warehouse(self, warehouse: str) -> bool:
        found = await self._session.execute(select(warehouses.c.name).where(warehouses.c.name == warehouse))
        return found.first() is not None

    async def open_warehouse(self, warehouse: str) -> None:
        if not await self.has_warehouse(warehouse):
            await self._session.execute(insert(warehouses).values(name=warehouse))

    async def open_shelf(self, sku: str, warehouse: str) -> None:
        numbers = {
            "book_quantity": 0,
            "unreported": 0,
            "held": 0,
            "committed": 0,
            "version": 0,
            "sequence": 0,
            "epoch": await self.wms.epoch(warehouse),
        }
        await self._session.execute(insert(stock).values(sku=sku, warehouse=warehouse, **numbers))

    async def adjustment(self, caller: str, request_id: str) -> AdjustStock | None:
        found = await self._session.execute(
            select(adjustments).where(adjustments.c.caller == caller, adjustments.c.request_id == request_id)
        )
        row = found.one_or_none()
        if row is None:
            return None
        return AdjustStock(row.caller, row.request_id, row.sku, row.warehouse, row.delta, row.reason)

    async def add_adjustment(self, command: AdjustStock, provenance: Provenance) -> None:
        await self._session.execute(insert(adjustments).values(**asdict(command), time=provenance.time))

    async def publish(self, event: InventoryEvent, provenance: Provenance) -> None:
        new = NewEvent(
            type=type(event).__name__,
            schema_version=_SCHEMA_VERSIONS[type(event)],
            key=event.sku,
            payload=_json(asdict(event)),
            actor=provenance.actor,
            correlation=provenance.order_id,
            causation=provenance.causation,
            trace=current_traceparent(),
        )
        await enqueue(self._session, INVENTORY_EVENTS, new, clock=self._clock, new_id=self._new_id)


class SqlDueHolds:
    """The port `DueHolds` over SQL."""

    def __init__(self, *, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, now: datetime, *, limit: int) -> Sequence[str]:
        with translated():
            async with read_one(self._engine) as session:
                return [*await session.scalars(_DUE, {"now": now, "limit": limit})]


def _shelf_of(movement: Movement) -> tuple[str, str]:
    return movement.sku, movement.warehouse


def _change(shelf: tuple[str, str], moved: Sequence[Movement]) -> dict[str, Any]:
    needs = [movement.needs for movement in moved if movement.needs is not None]
    return {
        "of_sku": shelf[0],
        "of_warehouse": shelf[1],
        "needs": sum(needs) if needs else _ANY,
        "by_book_quantity": sum(movement.book_quantity for movement in moved),
        "by_unreported": sum(movement.unreported for movement in moved),
        "by_held": sum(movement.held for movement in moved),
        "by_committed": sum(movement.committed for movement in moved),
    }


def _row(movement: Movement, provenance: Provenance) -> dict[str, Any]:
    return {
        "sku": movement.sku,
        "warehouse": movement.warehouse,
        "cause": movement.cause.value,
        "book_quantity": movement.book_quantity,
        "unreported": movement.unreported,
        "held": movement.held,
        "committed": movement.committed,
        "order_id": provenance.order_id,
        "actor": provenance.actor,
        "note": provenance.note,
        "causation": provenance.causation,
        "trace_id": provenance.trace_id,
        "time": provenance.time,
    }


def _json(value: Any) -> Any:
    match value:
        case dict():
            return {json_name(name): _json(each) for name, each in value.items()}
        case tuple():
            return [_json(each) for each in value]
        case _:
            return value
