"""SQL engines, and transactions to read and to write, on SQLite and on MariaDB.

On SQLite transactions that write run one after the other. On MariaDB they do so where the engine was opened
with `serialize_writes`; elsewhere they run side by side, and have to lock the rows that they decide on, or
compare them in the statement that changes them.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, MetaData, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from interceptors.cost_trailers import count_query
from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.sql import mariadb, sqlite
from mesh.sql.changes import Changes, SqliteChanges
from mesh.sql.counters import FLUSHES, WRITE_TRANSACTIONS
from mesh.sql.mariadb_changes import MariadbChanges
from mesh.sql.prepared import Given, Prepared
from mesh.sql.session import MariadbSession, OneStatement, Session, SqliteSession
from mesh.sql.sqlite_connections import SqliteConnections, driver_of
from mesh.sql.sqlite_driver import DRIVER_NAME

T = TypeVar("T")

_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.01
_OPTIONS = "shopmesh_traits"


def _up_to(longest_seconds: float) -> float:
    return random.uniform(0, longest_seconds)  # noqa: S311 - it spreads load, it hides nothing


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What an engine was opened with.

    Attributes:
        serialize_writes: Transactions that write come one after the other, over all processes.
        track_commit_positions: Each commit's place in the order of all is asked for.
        changes: Wakes those who wait for commits.
        turn: Writers of one process queue here where they come one after the other.
        reader: For single statements that only read; None: they are read as others are.
        connections: Of a SQLite file; None of other databases.
        is_flushed: A commit is on disk when it returns.
    """

    serialize_writes: bool
    track_commit_positions: bool
    changes: Changes
    turn: asyncio.Lock
    reader: AsyncEngine | None
    connections: SqliteConnections | None
    is_flushed: bool


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file; its path is percent-encoded."""
    return URL.create(DRIVER_NAME, database=str(path)).render_as_string()


def open_engine(
    url: str,
    *,
    serialize_writes: bool = False,
    track_commit_positions: bool = False,
    is_flushed: bool = True,
) -> AsyncEngine:
    """Open an engine whose statements are counted for the call's trailers.

    Args:
        url: an SQLAlchemy URL with an asyncio driver; the folder of a SQLite file must exist.
        serialize_writes: on MariaDB too, those who write come one after the other; needs the tables of
            `mesh.sql.migrations`.
        track_commit_positions: on MariaDB, `position_of` returns how far a commit got; it costs a statement.
        is_flushed: of a SQLite file; False: the last commits are lost when the power fails.
    """
    parsed = make_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    dialect = sqlite if is_sqlite else mariadb
    engine = create_async_engine(parsed, hide_parameters=True, **dialect.engine_options(parsed))
    changes = SqliteChanges(Path(parsed.database or "")) if is_sqlite else MariadbChanges(engine)
    options = EngineOptions(
        serialize_writes=serialize_writes or is_sqlite,
        track_commit_positions=track_commit_positions and not is_sqlite,
        changes=changes,
        # SQLite's own waiting is a poll with growing pauses.
        turn=asyncio.Lock(),
        reader=None if is_sqlite else _open_reader(engine),
        connections=SqliteConnections(engine) if is_sqlite else None,
        is_flushed=is_flushed,
    )
    engine.sync_engine.update_execution_options(**{_OPTIONS: options})
    event.listen(engine.sync_engine, "before_cursor_execute", _count)
    dialect.set_up(engine.sync_engine)
    if not is_flushed:
        sqlite.leave_unflushed(engine.sync_engine)
    return engine


@asynccontextmanager
async def read(engine: AsyncEngine) -> AsyncIterator[Session]:
    """A read-only session on one snapshot."""
    options = _options(engine)
    async with redeliver_cancellation(), pool_timeout_as_error():
        if options.connections is not None:
            async with options.connections.taken() as connection:
                yield SqliteSession(connection, writes=False)
            # Statements that wait for nothing let nobody else in.
            await asyncio.sleep(0)
        else:
            async with _on_mariadb(engine, isolation=mariadb.SNAPSHOT) as on_mariadb:
                yield on_mariadb


@asynccontextmanager
async def read_one(engine: AsyncEngine) -> AsyncIterator[Session]:
    """A session for a single statement that only reads: on MariaDB one round trip instead of three."""
    reader = reader_of(engine)
    if reader is None:
        async with read(engine) as session:
            yield OneStatement(session)
    else:
        async with redeliver_cancellation(), pool_timeout_as_error(), reader.connect() as connection:
            yield OneStatement(MariadbSession(connection))


@asynccontextmanager
async def write(engine: AsyncEngine) -> AsyncIterator[Session]:
    """A session that writes: committed at the end, rolled back on an error."""
    options = _options(engine)
    async with redeliver_cancellation(), pool_timeout_as_error(), writer_lock(engine):
        if options.connections is not None:
            async with options.connections.taken() as connection:
                on_sqlite = SqliteSession(connection, writes=True)
                on_sqlite.after_commit(partial(_note_commit, options))
                yield on_sqlite
                await on_sqlite.commit()
        else:
            async with _on_mariadb(engine) as on_mariadb:
                on_mariadb.after_commit(partial(_note_commit, options))
                if options.serialize_writes:
                    await on_mariadb.execute(mariadb.TURN)
                    on_mariadb.is_sole_writer = True
                yield on_mariadb
                await on_mariadb.commit()
                if options.track_commit_positions:
                    await on_mariadb.note_position()


async def write_with_retry(
    engine: AsyncEngine,
    work: Callable[[Session], Awaitable[T]],
    *,
    pause: Callable[[float], float] = _up_to,
) -> T:
    """Do some work in a transaction that writes, and again when it lost a race against another.

    Args:
        engine: where.
        work: must have no effect outside of its session.
        pause: how long to wait before another attempt, at most so many seconds.
    """
    for attempt in range(_ATTEMPTS - 1):
        try:
            return await _once(engine, work)
        except DBAPIError as error:
            if not mariadb.is_lost_race(error):
                raise
        await asyncio.sleep(pause(_FIRST_PAUSE_SECONDS * 2**attempt))
    return await _once(engine, work)


async def lock(session: Session, rows: Prepared, parameters: Given) -> None:
    """Select rows `FOR UPDATE`: nobody else changes them until the end."""
    if not session.is_sole_writer:
        await session.execute(rows, parameters)


def position_of(session: Session) -> str | None:
    """How far the commit of a session got, of an engine that tracks positions; None: it is not known."""
    return session.position


@asynccontextmanager
async def schema_lock(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that changes the schema; of several workers one does so at a time.

    MariaDB commits after every statement of that kind: what was interrupted there has to be repeatable.
    """
    async with writer_lock(engine):
        if engine.dialect.name == "sqlite":
            async with engine.connect() as connection:
                assert connection.sync_connection is not None
                await driver_of(connection.sync_connection).begin_writing()
                async with connection.begin():
                    yield connection
        else:
            async with mariadb.schema_lock(engine) as connection:
                yield connection


async def create_tables(engine: AsyncEngine, *metadatas: MetaData) -> None:
    """Create what is missing; several workers may do so at once."""
    async with schema_lock(engine) as connection:
        for metadata in metadatas:
            await connection.run_sync(metadata.create_all)


def changes_of(engine: AsyncEngine) -> Changes:
    """The changes of an engine's database; the engine's own commits are notified at once."""
    return _options(engine).changes


def reader_of(engine: AsyncEngine) -> AsyncEngine | None:
    """The engine for single statements that only read; None: they are read as others are."""
    return _options(engine).reader


def connections_of(engine: AsyncEngine) -> SqliteConnections:
    """The open connections of a SQLite file."""
    connections = _options(engine).connections
    assert connections is not None
    return connections


def is_flushed(engine: AsyncEngine) -> bool:
    """Whether a commit is on disk when it returns."""
    return _options(engine).is_flushed


def writer_lock(engine: AsyncEngine) -> AbstractAsyncContextManager[object]:
    """Held by each transaction of this process that writes, where they come one after the other."""
    options = _options(engine)
    return options.turn if options.serialize_writes else nullcontext()


@asynccontextmanager
async def pool_timeout_as_error() -> AsyncIterator[None]:
    """Report a pool timeout as OperationalError."""
    try:
        yield
    except PoolTimeout as error:
        raise OperationalError("no connection is free", None, error) from None


def _options(engine: AsyncEngine) -> EngineOptions:
    options: EngineOptions = engine.get_execution_options()[_OPTIONS]
    return options


@asynccontextmanager
async def _on_mariadb(engine: AsyncEngine, *, isolation: str = "") -> AsyncIterator[MariadbSession]:
    async with engine.connect() as connection:
        session = MariadbSession(connection, isolation=isolation)
        try:
            yield session
        finally:
            await session.roll_back()


def _open_reader(engine: AsyncEngine) -> AsyncEngine:
    """Another pool over the same MariaDB, which lives as long as the engine: no transactions, no pings."""
    reader = create_async_engine(engine.url, hide_parameters=True, **mariadb.reader_options(engine.url))
    mariadb.set_up(reader.sync_engine)
    event.listen(reader.sync_engine, "before_cursor_execute", _count)
    event.listen(engine.sync_engine, "engine_disposed", lambda _engine: reader.sync_engine.dispose())
    return reader


async def _once(engine: AsyncEngine, work: Callable[[Session], Awaitable[T]]) -> T:
    async with write(engine) as session:
        return await work(session)


def _note_commit(options: EngineOptions) -> None:
    WRITE_TRANSACTIONS.inc()
    if options.is_flushed:
        FLUSHES.inc()
    options.changes.note_commit()


def _count(*_statement: object) -> None:
    count_query()
