"""The customers' data keys in a SQLite file of their own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import Column, LargeBinary, MetaData, String, Table, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.sqlite_transactions import read_with_driver
from services.order.adapters.key_vault.key_records import KeyRecord
from services.order.adapters.store_errors_sql import translated
from services.order.adapters.times import time_text

metadata = MetaData()
_keys = Table(
    "customer_keys",
    metadata,
    Column("customer_id", String(64), primary_key=True),
    # NULL is the tombstone of an erased customer.
    Column("wrapped_key", LargeBinary, nullable=True),
    Column("create_time", String(32), nullable=False),
    Column("erase_time", String(32), nullable=True),
)
_marks = Table(
    "closed_marks",
    metadata,
    Column("customer_id", String(64), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Column("mark_time", String(32), nullable=False),
)

# A driver statement: every order asks twice.
_KEY_WITH_MARK = """
    SELECT customer_keys.customer_id IS NOT NULL, wrapped_key,
        EXISTS (SELECT 1 FROM closed_marks WHERE closed_marks.customer_id = wanted.customer_id)
    FROM (SELECT ? AS customer_id) AS wanted
    LEFT JOIN customer_keys ON customer_keys.customer_id = wanted.customer_id
"""
# The process manager asks every two seconds.
_MARKS_BEFORE = "SELECT customer_id, mark FROM closed_marks WHERE mark_time < ?"


class SqliteKeyRecords:
    """Two tables; every change is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, customer_id: str) -> KeyRecord | None:
        async with self._read() as session:
            return await _find(session, customer_id)

    async def find_with_mark(self, customer_id: str) -> tuple[KeyRecord | None, bool]:
        with translated():
            is_known, wrapped_key, is_marked = await read_with_driver(
                self._engine, lambda driver: driver.execute(_KEY_WITH_MARK, (customer_id,)).fetchone()
            )
        return KeyRecord(wrapped_key) if is_known else None, bool(is_marked)

    async def insert(self, customer_id: str, wrapped_key: bytes, time: datetime) -> KeyRecord:
        row = {"customer_id": customer_id, "wrapped_key": wrapped_key, "create_time": time_text(time)}
        async with self._write() as session:
            await session.execute(insert(_keys).values(row).on_conflict_do_nothing())
        # Read back in a transaction of its own: nothing is sealed with a key that is not stored.
        record = await self.find(customer_id)
        assert record is not None
        return record

    async def erase(self, customer_id: str, time: datetime) -> None:
        now = time_text(time)
        tombstone = {"wrapped_key": None, "erase_time": now}
        row = insert(_keys).values(customer_id=customer_id, create_time=now, **tombstone)
        overwritten = row.on_conflict_do_update(index_elements=["customer_id"], set_=tombstone)
        async with self._write() as session:
            await session.execute(overwritten)
            await session.execute(delete(_marks).where(_marks.c.customer_id == customer_id))

    async def mark(self, customer_id: str, mark: str, time: datetime) -> None:
        row = {"customer_id": customer_id, "mark": mark, "mark_time": time_text(time)}
        async with self._write() as session:
            await session.execute(insert(_marks).values(row).on_conflict_do_nothing())

    async def unmark(self, customer_id: str, mark: str) -> None:
        mine = (_marks.c.customer_id == customer_id) & (_marks.c.mark == mark)
        async with self._write() as session:
            await session.execute(delete(_marks).where(mine))

    async def marks_before(self, time: datetime) -> Sequence[tuple[str, str]]:
        with translated():
            return await read_with_driver(
                self._engine, lambda driver: driver.execute(_MARKS_BEFORE, (time_text(time),)).fetchall()
            )

    async def wrapped_keys(self, *, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        page = (
            select(_keys.c.customer_id, _keys.c.wrapped_key)
            .where(_keys.c.customer_id > after, _keys.c.wrapped_key.is_not(None))
            .order_by(_keys.c.customer_id)
            .limit(limit)
        )
        async with self._read() as session:
            return [(row.customer_id, row.wrapped_key) for row in await session.execute(page)]

    async def rewrap(self, customer_id: str, old: bytes, new: bytes) -> None:
        same = (_keys.c.customer_id == customer_id) & (_keys.c.wrapped_key == old)
        async with self._write() as session:
            await session.execute(update(_keys).where(same).values(wrapped_key=new))

    async def is_reachable(self) -> bool:
        try:
            return await sql.is_reachable(self._engine)
        except DBAPIError:
            return False

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[sql.Session]:
        with translated():
            async with sql.read(self._engine) as session:
                yield session

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[sql.Session]:
        with translated():
            async with sql.write(self._engine) as session:
                yield session


async def _find(session: sql.Session, customer_id: str) -> KeyRecord | None:
    stored = select(_keys.c.wrapped_key).where(_keys.c.customer_id == customer_id)
    row = (await session.execute(stored)).one_or_none()
    return None if row is None else KeyRecord(row.wrapped_key)
