"""Whose stock changed: the movements since last time, looked at when the SQLite file has changed."""

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.sql import Prepared, read
from mesh.sql.changes import Waited
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import movements

_LAST = select(func.coalesce(func.max(movements.c.id), 0))
LAST_MOVEMENT = "SELECT max(id) FROM movements"
# Not grouped by SKU: for that SQLite would read all movements there are, in the order of the SKUs.
_SINCE = Prepared(select(movements.c.id, movements.c.sku).where(movements.c.id > bindparam("position")))


class SqliteStockChanges:
    """The port `StockChanges` over a SQLite file that several processes may write."""

    def __init__(self, *, engine: AsyncEngine, changes: Waited) -> None:
        self._engine = engine
        self._changes = changes

    async def position(self) -> int:
        with translated():
            async with read(self._engine) as session:
                return int((await session.execute(_LAST)).scalar_one())

    async def after(self, position: int) -> tuple[int, frozenset[str]]:
        while True:
            seen = self._changes.count
            with translated():
                async with read(self._engine) as session:
                    rows = (await session.execute(_SINCE, {"position": position})).all()
            if rows:
                return max(row.id for row in rows), frozenset(row.sku for row in rows)
            await self._changes.wait_for_change(seen)
