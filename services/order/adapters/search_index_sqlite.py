"""The order index in a SQLite file of its own: a rebuild never holds up who places an order."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select, true, tuple_, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from services.order.adapters.search_tables_sqlite import (
    POINTER,
    ROWS,
    SKUS,
    STORE_ROW,
    STORE_SKU,
    metadata,
    row_values,
    rows_of,
    sku_values,
    time_text,
)
from services.order.application.ports import OrderRow, Position, Search, Superseded

__all__ = ["SqliteOrderIndex", "metadata"]

_FIRST = 1
_THE_POINTER = POINTER.c.id == 1


class SqliteOrderIndex:
    """Rows of all generations in one table, SKUs in another, and a row that points to the current one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def upsert(self, rows: Sequence[OrderRow]) -> None:
        async with sql.write(self._engine) as session:
            current, building, _ = await _pointer(session)
            for generation in {current, building or current}:
                await _store(session, generation, rows)

    async def find(self, search: Search, *, after: Position | None, limit: int) -> Sequence[OrderRow]:
        newest = (ROWS.c.place_time.desc(), ROWS.c.order_id)
        query = _selecting(search).where(_behind(after)).order_by(*newest).limit(limit)
        async with sql.read(self._engine) as session:
            current, _, _ = await _pointer(session)
            return rows_of((await session.execute(query.where(ROWS.c.generation == current))).all())

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
            return (await _pointer(session))[0]

    async def begin(self) -> int:
        async with sql.write(self._engine) as session:
            current, _, latest = await _pointer(session)
            pointer = {"current": current, "building": latest + 1, "latest": latest + 1}
            row = insert(POINTER).values(id=1, **pointer)
            await session.execute(row.on_conflict_do_update(set_=pointer))
        return latest + 1

    async def fill(self, generation: int, rows: Sequence[OrderRow]) -> None:
        async with sql.write(self._engine) as session:
            await _require_building(session, generation)
            await _store(session, generation, rows)

    async def finish(self, generation: int) -> None:
        async with sql.write(self._engine) as session:
            await _require_building(session, generation)
            swapped = update(POINTER).where(_THE_POINTER).values(current=generation, building=None)
            await session.execute(swapped)

    async def discard(self, *, limit: int) -> int:
        async with sql.write(self._engine) as session:
            current, building, _ = await _pointer(session)
            stale = await _stale(session, {current, building or current})
            if stale is None:
                return 0
            page = select(ROWS.c.order_id).where(ROWS.c.generation == stale).limit(limit)
            order_ids = (await session.scalars(page)).all()
            if len(order_ids) < limit:
                await session.execute(delete(SKUS).where(SKUS.c.generation == stale))
            mine = tuple_(ROWS.c.generation, ROWS.c.order_id).in_([(stale, each) for each in order_ids])
            await session.execute(delete(ROWS).where(mine))
        return len(order_ids)


async def _pointer(session: sql.Session) -> tuple[int, int | None, int]:
    """The current generation, the one being built, and the latest that there ever was."""
    row = (await session.execute(select(POINTER).where(_THE_POINTER))).one_or_none()
    return (_FIRST, None, _FIRST) if row is None else (row.current, row.building, row.latest)


async def _require_building(session: sql.Session, generation: int) -> None:
    _, building, _ = await _pointer(session)
    if building != generation:
        raise Superseded(f"generation {generation} is not being built any more")


async def _store(session: sql.Session, generation: int, rows: Sequence[OrderRow]) -> None:
    if not rows:
        return
    connection = await session.connection()
    await connection.exec_driver_sql(STORE_ROW, row_values(generation, rows))
    await connection.exec_driver_sql(STORE_SKU, sku_values(generation, rows))


async def _stale(session: sql.Session, kept: set[int]) -> int | None:
    """A generation that has rows and is not to be kept, found by one look-up per generation there is."""
    found: int | None = 0
    while found is not None:
        following = select(ROWS.c.generation).where(ROWS.c.generation > found)
        found = await session.scalar(following.order_by(ROWS.c.generation).limit(1))
        if found not in kept:
            return found
    return None


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
