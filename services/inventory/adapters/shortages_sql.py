"""Shortages that were reported and may last, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql import read_one
from mesh.sql.rows import changed_rows
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import allocations, reservations, shortages
from services.inventory.domain.errors import StockContended
from services.inventory.domain.events import StockClaim
from services.inventory.domain.reservation import ReservationState
from services.inventory.domain.shortage import ShelfShortage

_SHORTAGE = (shortages.c.sku, shortages.c.warehouse, shortages.c.missing, shortages.c.times)
_DUE = sql.Prepared(
    select(*_SHORTAGE)
    .where(shortages.c.due_time <= bindparam("now"))
    .order_by(shortages.c.due_time)
    .limit(bindparam("limit"))
)
_STATES = (ReservationState.HELD, ReservationState.COMMITTED)


class SqlShortageRecord:
    """The port `ShortageRecord` over an open transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def find(self, sku: str, warehouse: str) -> ShelfShortage | None:
        mine = and_(shortages.c.sku == sku, shortages.c.warehouse == warehouse)
        row = (await self._session.execute(select(*_SHORTAGE).where(mine))).one_or_none()
        return None if row is None else _shortage(row)

    async def put(self, shortage: ShelfShortage, *, before: ShelfShortage | None, due_time: datetime) -> None:
        numbers = {"missing": shortage.missing, "times": shortage.times, "due_time": due_time}
        if before is None:
            place = {"sku": shortage.sku, "warehouse": shortage.warehouse}
            await self._session.execute(insert(shortages).values(**place, **numbers))
            return
        changed = update(shortages).where(_is(before)).values(**numbers)
        if await changed_rows(self._session, changed) != 1:
            raise StockContended("the stock is being changed by others, try again", retry_after_seconds=1)

    async def remove(self, shortage: ShelfShortage) -> None:
        await self._session.execute(delete(shortages).where(_is(shortage)))

    async def claims(self, sku: str, warehouse: str, *, limit: int) -> Sequence[StockClaim]:
        claims: list[StockClaim] = []
        for state in _STATES:
            newest = _claims_of(sku, warehouse, state).limit(limit - len(claims))
            rows = await self._session.execute(newest)
            claims += [StockClaim(row.order_id, row.quantity) for row in rows]
        return claims


class SqlDueShortages:
    """The port `DueShortages` over SQL."""

    def __init__(self, *, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, now: datetime, *, limit: int) -> Sequence[ShelfShortage]:
        with translated():
            async with read_one(self._engine) as session:
                return [_shortage(row) for row in await session.execute(_DUE, {"now": now, "limit": limit})]


def _claims_of(sku: str, warehouse: str, state: ReservationState) -> Any:
    still_there = allocations.c.quantity - allocations.c.gone
    return (
        select(allocations.c.order_id, still_there.label("quantity"))
        .join(reservations, reservations.c.order_id == allocations.c.order_id)
        .where(
            allocations.c.sku == sku,
            allocations.c.warehouse == warehouse,
            reservations.c.state == state.value,
            still_there > 0,
        )
        .order_by(reservations.c.update_time.desc(), allocations.c.order_id)
    )


def _is(shortage: ShelfShortage) -> ColumnElement[bool]:
    return and_(
        shortages.c.sku == shortage.sku,
        shortages.c.warehouse == shortage.warehouse,
        shortages.c.missing == shortage.missing,
        shortages.c.times == shortage.times,
    )


def _shortage(row: Row[*tuple[Any, ...]]) -> ShelfShortage:
    return ShelfShortage(row.sku, row.warehouse, row.missing, row.times)
