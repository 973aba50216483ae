"""Ledgers over an engine or a transaction."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.concurrency.task_group import Tasks
from mesh.sql import write_with_retry
from services.inventory.adapters.ledger_groups import DirectWriter, GroupedWriter, Work, note_position
from services.inventory.adapters.ledger_sql import Changed, SqlLedger, no_listener
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.application.ports import Ledger
from services.inventory.domain.errors import StockContended
from services.kernel.clock import Clock
from services.kernel.ids import NewId

T = TypeVar("T")
R = TypeVar("R")

_ATTEMPTS = 5


class SqlLedgers:
    """The port `Ledgers` over an engine: each piece of work is a transaction of its own."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        clock: Clock,
        new_id: NewId,
        committed: Callable[[], None],
        tasks: Tasks,
        changed: Changed = no_listener,
    ) -> None:
        """Bind the ledgers.

        Args:
            engine: The primary.
            clock: The time, for events.
            new_id: Makes ids of events.
            committed: Called after every commit that moved stock.
            tasks: Runs what calls share.
            changed: Called with it, to drop what is cached.
        """
        self._engine = engine
        self._clock = clock
        self._new_id = new_id
        self._committed = committed
        self._tasks = tasks
        self._changed = changed

    async def write(self, work: Callable[[Ledger], Awaitable[T]]) -> T:
        result, position = await self._written(work)
        note_position(position)
        return result

    def grouped(self, work: Work[R, T]) -> GroupedWriter[R, T]:
        return GroupedWriter(self._written, work, tasks=self._tasks)

    async def _written(self, work: Callable[[Ledger], Awaitable[T]]) -> tuple[T, str]:
        """The result, and how far the commit got; empty when no stock moved."""
        with translated():
            for _ in range(_ATTEMPTS - 1):
                try:
                    return await self._once(work)
                except StockContended:
                    continue
            return await self._once(work)

    async def _once(self, work: Callable[[Ledger], Awaitable[T]]) -> tuple[T, str]:
        async def within(session: sql.Session) -> tuple[T, SqlLedger]:
            ledger = SqlLedger(session, clock=self._clock, new_id=self._new_id, changed=self._changed)
            return await work(ledger), ledger

        result, ledger = await write_with_retry(self._engine, within)
        if not ledger.last_movement:
            return result, ""
        self._committed()
        return result, ledger.position or f"stock:{ledger.last_movement}"


class SessionLedgers:
    """The port `Ledgers` within a transaction that somebody else commits: an inbox with its effect."""

    def __init__(
        self, session: sql.Session, *, clock: Clock, new_id: NewId, changed: Changed = no_listener
    ) -> None:
        self._session = session
        self._clock = clock
        self._new_id = new_id
        self._changed = changed

    async def write(self, work: Callable[[Ledger], Awaitable[T]]) -> T:
        return await work(
            SqlLedger(self._session, clock=self._clock, new_id=self._new_id, changed=self._changed)
        )

    def grouped(self, work: Work[R, T]) -> DirectWriter[R, T]:
        return DirectWriter(self.write, work)
