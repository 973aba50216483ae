"""An inventory that reads how much there is, and writes what it makes of it, without a condition."""

import asyncio
from collections.abc import Sequence
from unittest.mock import patch

from sqlalchemy import insert, select, update

from mesh.server.process import run
from services.inventory import server
from services.inventory.adapters import ledger_sql, ledgers_sql
from services.inventory.adapters.ledger_sql import SqlLedger
from services.inventory.adapters.tables import movements, stock
from services.inventory.domain.movement import Movement, Provenance

# So long that another worker's update falls in between, on a slow machine too.
_LOOKS_AWAY_SECONDS = 0.02
_NUMBERS = ("book_quantity", "unreported", "held", "committed")


class PlainLedger(SqlLedger):
    """Believes that nobody changes a shelf between its look and its update."""

    async def _move(self, moved: Sequence[tuple[Movement, Provenance]]) -> None:
        for movement, provenance in moved:
            await self._overwrite(movement)
            row = ledger_sql._row(movement, provenance)
            recorded = await self._session.execute(insert(movements).returning(movements.c.id), [row])
            self.last_movement = max(recorded.scalars())
        self._notify_after_commit(movement.sku for movement, _ in moved)

    async def _overwrite(self, movement: Movement) -> None:
        shelf = (stock.c.sku == movement.sku) & (stock.c.warehouse == movement.warehouse)
        there = (await self._session.execute(select(stock).where(shelf))).one()
        await asyncio.sleep(_LOOKS_AWAY_SECONDS)
        made = {name: getattr(there, name) + getattr(movement, name) for name in _NUMBERS}
        await self._session.execute(update(stock).where(shelf).values(**made, version=there.version + 1))


if __name__ == "__main__":
    with patch.object(ledgers_sql, "SqlLedger", PlainLedger):
        run("inventory", server.compose)
