"""The order index in a SQLite file of its own: a rebuild never holds up who places an order."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.sqlite_transactions import write_unflushed, write_with_driver
from services.order.adapters.search_index import search_writes_sqlite as writes
from services.order.adapters.search_index.search_tables_sqlite import (
    POINTER,
    ROWS,
    SKUS,
    metadata,
    rows_of,
)
from services.order.adapters.store_errors_sql import translated
from services.order.adapters.times import time_text
from services.order.application.ports import OrderRow, Position, Search

__all__ = ["SqliteOrderIndex", "metadata"]

_FIRST = 1
_CURRENT = func.coalesce(select(POINTER.c.current).where(POINTER.c.id == 1).scalar_subquery(), _FIRST)


class SqliteOrderIndex:
    """Rows of all generations in one table, SKUs in another, and a row that points to the current one.

    What a rebuild writes is on disk when it has finished: a generation that is not finished is begun anew.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def upsert(self, rows: Sequence[OrderRow]) -> None:
        with translated():
            await write_with_driver(self._engine, lambda driver: writes.upsert(driver, rows))

    async def find(self, search: Search, *, after: Position | None, limit: int) -> Sequence[OrderRow]:
        newest = (ROWS.c.place_time.desc(), ROWS.c.order_id)
        query = _selecting(search).where(_behind(after)).order_by(*newest).limit(limit)
        async with sql.read(self._engine) as session:
            return rows_of((await session.execute(query.where(ROWS.c.generation == _CURRENT))).all())

    async def count(self, search: Search) -> int:
        matching = _selecting(search).where(ROWS.c.generation == _CURRENT).subquery()
        async with sql.read(self._engine) as session:
            return await session.scalar(select(func.count()).select_from(matching)) or 0

    async def rows(self, generation: int, *, after: str | None, limit: int) -> Sequence[OrderRow]:
        page = (
            select(ROWS)
            .where(ROWS.c.generation == generation, ROWS.c.order_id > (after or ""))
            .order_by(ROWS.c.order_id)
            .limit(limit)
        )
        async with sql.read(self._engine) as session:
            return rows_of((await session.execute(page)).all())

    async def current(self) -> int:
        async with sql.read(self._engine) as session:
            return await session.scalar(select(_CURRENT)) or _FIRST

    async def begin(self) -> int:
        with translated():
            return await write_unflushed(self._engine, writes.begin, is_short=True)

    async def fill(self, generation: int, rows: Sequence[OrderRow]) -> None:
        with translated():
            await write_unflushed(
                self._engine, lambda driver: writes.fill(driver, generation, rows), is_short=False
            )

    async def finish(self, generation: int) -> None:
        with translated():
            await write_with_driver(self._engine, lambda driver: writes.finish(driver, generation))

    async def discard(self, *, limit: int) -> int:
        with translated():
            return await write_unflushed(
                self._engine, lambda driver: writes.discard(driver, limit=limit), is_short=False
            )


def _selecting(search: Search) -> Select[tuple[object, ...]]:
    selection = search.selection
    conditions: list[ColumnElement[bool]] = []
    if selection.customer_id is not None:
        conditions.append(ROWS.c.customer_id == selection.customer_id)
    if selection.min_place_time is not None:
        conditions.append(ROWS.c.place_time >= time_text(selection.min_place_time))
    if selection.max_place_time is not None:
        conditions.append(ROWS.c.place_time < time_text(selection.max_place_time))
    if search.state is not None:
        conditions.append(ROWS.c.state == search.state.value)
    query = select(ROWS).where(true(), *conditions)
    return query if search.sku is None else query.join(SKUS, _has_sku(search.sku))


def _has_sku(sku: str) -> ColumnElement[bool]:
    # The time as well: it lets the SKU's orders be walked through newest first.
    return and_(
        SKUS.c.generation == ROWS.c.generation,
        SKUS.c.sku == sku,
        SKUS.c.place_time == ROWS.c.place_time,
        SKUS.c.order_id == ROWS.c.order_id,
    )


def _behind(after: Position | None) -> ColumnElement[bool]:
    if after is None:
        return true()
    time = time_text(after.place_time)
    same_time = and_(ROWS.c.place_time == time, ROWS.c.order_id > after.order_id)
    # The first condition alone bounds the walk through the index.
    return and_(ROWS.c.place_time <= time, or_(ROWS.c.place_time < time, same_time))
