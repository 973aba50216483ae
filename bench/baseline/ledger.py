"""Reservations that lock the stock they look at, `SELECT … FOR UPDATE`, before they change it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql import write_with_retry
from services.inventory.adapters.ledger_groups import DirectWriter, Work
from services.inventory.adapters.ledger_sql import SqlLedger
from services.inventory.adapters.tables import stock
from services.inventory.application.ports import Ledger
from services.inventory.domain.reservation import Offer
from services.kernel.clock import system_clock
from services.kernel.ids import uuid7

R = TypeVar("R")
T = TypeVar("T")

_LOCK = (
    select(stock.c.sku)
    .where(stock.c.sku.in_(bindparam("skus", expanding=True)))
    .order_by(stock.c.sku, stock.c.warehouse)
    .with_for_update()
)


class LockingLedger(SqlLedger):
    """The shipped ledger, with locks in front of every decision."""

    async def offers(self, skus: Sequence[str]) -> Mapping[str, Offer]:
        await self._session.execute(_LOCK, {"skus": sorted(skus)})
        return await super().offers(skus)


class LockingLedgers:
    """The port `Ledgers` over locking ledgers."""

    def __init__(self, *, engine: AsyncEngine) -> None:
        self._engine = engine

    async def write(self, work: Callable[[Ledger], Awaitable[T]]) -> T:
        async def within(session: sql.Session) -> T:
            return await work(LockingLedger(session, clock=system_clock, new_id=uuid7))

        return await write_with_retry(self._engine, within)

    def grouped(self, work: Work[R, T]) -> DirectWriter[R, T]:
        return DirectWriter(self.write, work)
