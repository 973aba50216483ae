"""Reads that may come from a replica: as old as it lags, but never older than what a call has to see."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.sql.consistency import note_replica, required_position
from mesh.sql.engine import read
from mesh.sql.mariadb import is_position
from mesh.sql.prepared import Prepared
from mesh.sql.session import Session
from mesh.sql.single_statement import fetch

CATCH_UP_SECONDS = 0.2
"""How long a read waits for a replica to see a write; then the primary is asked."""
MOST_LAG_SECONDS = 5
"""A replica that is further behind is left out."""
CHECK_SECONDS = 1.0

_ANSWER_SECONDS = 1.0
_PRIMARY = "primary"
_CATCH_UP = text("SELECT MASTER_GTID_WAIT(:position, :seconds)")

T = TypeVar("T")
Work = Callable[[Session], Awaitable[T]]

_log = structlog.get_logger()


class Reads(Protocol):
    """Runs work that only reads. It may run twice."""

    async def __call__(self, work: Work[T]) -> T:
        """Do the work within one consistent snapshot.

        Raises:
            DBAPIError: No database can be read.
        """
        ...

    async def fetch(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The rows of one statement; see `mesh.sql.single_statement.fetch`.

        Raises:
            DBAPIError: No database can be read.
        """
        ...


class PrimaryReads:
    """Reads where it is decided."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self, work: Work[T]) -> T:
        async with read(self._engine) as session:
            result = await work(session)
        note_replica(_PRIMARY)
        return result

    async def fetch(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        rows = await fetch(self._engine, statement, parameters)
        note_replica(_PRIMARY)
        return rows


@dataclass(slots=True)
class _Replica:
    engine: AsyncEngine
    # The server's own id; None while it is left out.
    server_id: int | None = None


class ReplicaReads:
    """Reads from replicas in turn, and from the primary where none can answer.

    A service's own task runs `run`: until it has looked, and whenever it finds a replica silent, stopped or
    far behind, that replica is left out.
    """

    def __init__(self, *, service: str, primary: AsyncEngine, replicas: Sequence[AsyncEngine]) -> None:
        """Bind the reads.

        Args:
            service: whose consistency tokens count.
            primary: its database.
            replicas: copies of it.
        """
        self._service = service
        self._primary = PrimaryReads(primary)
        self._replicas = [_Replica(each) for each in replicas]
        self._turns = count()
        self._attempts: set[asyncio.Task[Any]] = set()

    async def __call__(self, work: Work[T]) -> T:
        position = required_position(self._service)
        replica = self._next()
        if replica is None or (position is not None and not is_position(position)):
            return await self._primary(work)
        name = f"replica-{replica.server_id}"
        try:
            result = await self._in_time(_from(replica, work, position))
        except _Behind:
            return await self._primary(work)
        except (DBAPIError, TimeoutError) as error:
            self._leave_out(replica, type(error).__name__)
            return await self._primary(work)
        note_replica(name)
        return result

    async def fetch(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        async def work(session: Session) -> Sequence[Sequence[Any]]:
            return await session.fetch(statement, parameters)

        return await self(work)

    async def run(self) -> None:
        """Look after the replicas; never returns."""
        async with asyncio.TaskGroup() as tasks:
            for replica in self._replicas:
                tasks.create_task(self._watch(replica))
            await asyncio.Event().wait()

    def _next(self) -> _Replica | None:
        usable = [replica for replica in self._replicas if replica.server_id is not None]
        return usable[next(self._turns) % len(usable)] if usable else None

    async def _in_time(self, reading: Coroutine[Any, Any, T]) -> T:
        """Wait for a replica, but not for a driver that has lost the cancellation of what it waits for."""
        attempt = asyncio.create_task(reading)
        self._attempts.add(attempt)
        attempt.add_done_callback(self._forget)
        try:
            done, _ = await asyncio.wait({attempt}, timeout=_ANSWER_SECONDS)
        finally:
            attempt.cancel()
        if not done:
            raise TimeoutError
        return attempt.result()

    def _forget(self, attempt: asyncio.Task[Any]) -> None:
        self._attempts.discard(attempt)
        if not attempt.cancelled():
            # Nobody asks one that ended too late.
            attempt.exception()

    async def _watch(self, replica: _Replica) -> None:
        while True:
            await self._check(replica)
            await asyncio.sleep(CHECK_SECONDS)

    async def _check(self, replica: _Replica) -> None:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                server_id, problem = await _state(replica.engine)
        except (DBAPIError, TimeoutError) as error:
            server_id, problem = None, type(error).__name__
        if problem:
            self._leave_out(replica, problem)
        elif replica.server_id != server_id:
            replica.server_id = server_id
            _log.info("replica_used", server_id=server_id)

    def _leave_out(self, replica: _Replica, problem: str) -> None:
        if replica.server_id is not None:
            _log.warning("replica_left_out", server_id=replica.server_id, problem=problem)
        replica.server_id = None


async def _from(replica: _Replica, work: Work[T], position: str | None) -> T:
    async with read(replica.engine) as session:
        if position is not None:
            await _catch_up(session, position)
        return await work(session)


class _Behind(Exception):
    """A replica does not see what a call has to see."""


async def _catch_up(session: Session, position: str) -> None:
    waited = await session.execute(_CATCH_UP, {"position": position, "seconds": CATCH_UP_SECONDS})
    if waited.scalar() != 0:
        raise _Behind


async def _state(engine: AsyncEngine) -> tuple[int, str]:
    """A replica's id, and what is wrong with it, or nothing."""
    async with read(engine) as session:
        server_id = int((await session.execute(text("SELECT @@server_id"))).scalar_one())
        followed = (await session.execute(text("SHOW ALL SLAVES STATUS"))).mappings().all()
    return server_id, "it follows nobody" if not followed else _problem(followed[0])


def _problem(state: Any) -> str:
    if (state["Slave_IO_Running"], state["Slave_SQL_Running"]) != ("Yes", "Yes"):
        return "it has stopped following"
    lag = state["Seconds_Behind_Master"]
    return "" if lag is not None and lag <= MOST_LAG_SECONDS else f"it is {lag} s behind"
