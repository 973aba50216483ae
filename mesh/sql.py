"""SQL engines as the mesh needs them: transactions that say what they are for, and waking on commits.

SQLite is shared by several processes: WAL, a busy timeout, and `BEGIN IMMEDIATE` for every transaction that
writes. A deferred transaction that turns into a writer fails as locked, whatever the timeout.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, event, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from interceptors.stats import count_query
from mesh.sqlite_driver import deliver_cancellation, steady_connection

Session = AsyncSession
"""An open transaction; the effects of consumers get it from the inbox."""

BUSY_TIMEOUT_MS = 10_000
POLL_SECONDS = 0.02

_BEGIN = "shopmesh_begin"
_WRITERS = "shopmesh_writers"
_CHANGES = "shopmesh_changes"
_WAL_ATTEMPTS = 200


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite+aiosqlite:///{path}"


def open_engine(url: str) -> AsyncEngine:
    """Open an engine whose statements are counted for the call's trailers.

    Args:
        url: an SQLAlchemy URL with an asyncio driver; the folder of a SQLite file must exist.
    """
    # Writers of one process queue here: SQLite's own waiting is a poll with growing pauses.
    options = {_WRITERS: asyncio.Lock(), _CHANGES: SqliteChanges(Path(make_url(url).database or ""))}
    driver = {"async_creator_fn": steady_connection} if url.startswith("sqlite") else {}
    engine = create_async_engine(url, hide_parameters=True, execution_options=options, connect_args=driver)
    event.listen(engine.sync_engine, "before_cursor_execute", _count)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


@asynccontextmanager
async def read(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session that sees one consistent snapshot and keeps nothing."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
    await deliver_cancellation()


@asynccontextmanager
async def write(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session that writes: committed at the end, rolled back on an error."""
    async with _turn(engine), AsyncSession(engine, expire_on_commit=False) as session:
        await session.connection(execution_options={_BEGIN: "BEGIN IMMEDIATE"})
        yield session
        await session.commit()
    changes_of(engine).notify()
    await deliver_cancellation()


async def create_tables(engine: AsyncEngine, *metadatas: MetaData) -> None:
    """Create what is missing; several workers may do so at once."""
    async with _turn(engine), engine.connect() as connection:
        writer = await connection.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        async with writer.begin():
            for metadata in metadatas:
                await _create(writer, metadata)


async def is_reachable(engine: AsyncEngine) -> bool:
    """Whether the database answers; a health probe."""
    async with engine.connect() as connection:
        return bool((await connection.exec_driver_sql("SELECT 1")).scalar())


class SqliteChanges:
    """Tells every waiter of this process that something was committed to a file, by whichever process."""

    def __init__(self, path: Path, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._path = path
        self._poll_seconds = poll_seconds
        self._count = 0
        self._changed = asyncio.Event()
        self._watching = asyncio.Lock()

    @property
    def count(self) -> int:
        """How many changes were seen; read it before reading the database, then wait for more."""
        return self._count

    def notify(self) -> None:
        """Wake the waiters at once, after a commit of one's own."""
        self._count += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_past(self, seen: int) -> int:
        """Wait until there were more changes than `seen`.

        Returns:
            The count now; pass it next time.
        """
        while self._count <= seen:
            await self._changed.wait()
        return self._count

    async def run(self) -> None:
        """Watch the file; never returns. Of several that run at once, one watches for all."""
        async with self._watching:
            await self._watch()

    async def _watch(self) -> None:
        # On the loop's own thread: data_version reads shared memory only; a hop to a thread costs more.
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=0)) as connection:
            version = None
            while True:
                if (current := _data_version(connection)) != version:
                    version = current
                    self.notify()
                await asyncio.sleep(self._poll_seconds)


def changes_of(engine: AsyncEngine) -> SqliteChanges:
    """The changes of an engine's SQLite file; the engine's own commits are told at once."""
    changes: SqliteChanges = engine.get_execution_options()[_CHANGES]
    return changes


def _data_version(connection: sqlite3.Connection) -> int | None:
    try:
        row = connection.execute("PRAGMA data_version").fetchone()
    except sqlite3.OperationalError:
        # Locked for a moment, while another process recovers the log: look again at the next turn.
        return None
    return int(row[0])


async def _create(connection: AsyncConnection, metadata: MetaData) -> None:
    await connection.run_sync(metadata.create_all)


def _turn(engine: AsyncEngine) -> Any:
    if engine.dialect.name == "sqlite":
        return engine.get_execution_options()[_WRITERS]
    return nullcontext()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _enter_wal(cursor)
    # FULL: a commit is on disk when it returns, also when the power fails.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _enter_wal(cursor: Any) -> None:
    # The change of mode does not honour the busy timeout: of several first processes one wins.
    for attempt in range(_WAL_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if attempt == _WAL_ATTEMPTS - 1:
                raise
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
    if not statement.startswith("BEGIN"):
        count_query()
