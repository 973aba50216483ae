"""Whose stock changed: the movements since last time, looked at when there are more."""

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.sql import Prepared, read_one
from mesh.sql.changes import Waited
from mesh.sql.mariadb import ANSWER_SECONDS, IDLE_SECONDS
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import movements

_LAST = select(func.coalesce(func.max(movements.c.id), 0))
_MOVED = select(movements.c.id, movements.c.sku)
_IS_BEHIND = movements.c.id > bindparam("position")
_BEHIND = Prepared(_MOVED.where(_IS_BEHIND))
_BEHIND_OR_MISSING = _MOVED.where(or_(_IS_BEHIND, movements.c.id.in_(bindparam("missing", expanding=True))))
_MOST_MISSING = 190
_MISSING_SECONDS = 0.05
# No transaction is open for longer.
_KEPT_SECONDS = ANSWER_SECONDS + IDLE_SECONDS


class MariadbStockChanges:
    """The port `StockChanges` where transactions run side by side.

    A movement has its number when it is written and is seen when it is committed, maybe after higher ones:
    numbers that are missing are asked for again, until their transactions cannot be open any more.
    """

    def __init__(
        self, *, engine: AsyncEngine, changes: Waited, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._changes = changes
        self._clock = clock
        self._missing: dict[int, float] = {}

    async def position(self) -> int:
        with translated():
            async with read_one(self._engine) as session:
                last = int((await session.execute(_LAST)).scalar_one())
        since = max(0, last - _MOST_MISSING)
        self._note(since, last, await self._ids_behind(since))
        return last

    async def after(self, position: int) -> tuple[int, frozenset[str]]:
        while True:
            seen = self._changes.count
            skus = await self._skus_behind(position)
            if skus:
                last = max(position, *skus)
                self._note(position, last, skus.keys())
                return last, frozenset(skus.values())
            await self._wait(seen)

    async def _wait(self, seen: int) -> None:
        """Wait for higher numbers; while some are missing, no longer than a moment."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_MISSING_SECONDS if self._missing else None):
                await self._changes.wait_for_change(seen)

    async def _ids_behind(self, position: int) -> set[int]:
        return set(await self._skus_behind(position))

    async def _skus_behind(self, position: int) -> dict[int, str]:
        asked: dict[str, Any] = {"position": position}
        if self._missing:
            asked["missing"] = list(self._missing)
        statement = _BEHIND_OR_MISSING if self._missing else _BEHIND
        with translated():
            async with read_one(self._engine) as session:
                return {row.id: row.sku for row in await session.execute(statement, asked)}

    def _note(self, position: int, last: int, seen: Collection[int]) -> None:
        now = self._clock()
        missing = {number: now for number in range(position + 1, last) if number not in seen}
        kept = {
            number: since
            for number, since in self._missing.items()
            if number not in seen and now - since < _KEPT_SECONDS
        }
        # The newest of them: those before are most likely of transactions that were undone.
        self._missing = dict(list((kept | missing).items())[-_MOST_MISSING:])
