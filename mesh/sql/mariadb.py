"""MariaDB as the mesh uses it: bounded in time, in UTC, and exact about letters and constraints."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from typing import Any

from sqlalchemy import URL, Dialect, event, text
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from mesh.sql.prepared import Prepared

COLLATION = "utf8mb4_nopad_bin"
"""Letters differ by case and accent, and a space at the end counts, as in SQLite."""
CONNECT_SECONDS = 3
ANSWER_SECONDS = 10
"""Longer than any statement takes, the waiting for a lock included."""
LOCK_SECONDS = 5
IDLE_SECONDS = 10

SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
"""The next transaction sees what was committed before its first statement."""
LAST_POSITION = "SELECT @@last_gtid"
"""Where a connection's last commit is in the binary log; empty without one."""
TURN = Prepared(text("SELECT version_num FROM alembic_version FOR UPDATE"))
"""What writers queue at who come one after the other: every migrated database has this one row."""

_ALONE_SECONDS = 30
_POSITION = re.compile(r"\d{1,10}-\d{1,10}-\d{1,20}(,\d{1,10}-\d{1,10}-\d{1,20})*")
_DUPLICATE, _CHECK_FAILED, _UNKNOWN_DATABASE = 1062, 4025, 1049
_CANNOT_CONNECT, CONNECTION_LOST = 2003, 2013
_LOST_RACES = frozenset({1020, 1205, 1213, _DUPLICATE})
_USE_TIME = "shopmesh_use_time"
_SURELY_ALIVE_SECONDS = 1.0
_SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
_SESSION = (
    f"SET SESSION time_zone = '+00:00', sql_mode = '{_SQL_MODE}'",
    # A process that stands still must not keep its locks for ever.
    f"SET SESSION innodb_lock_wait_timeout = {LOCK_SECONDS}, idle_transaction_timeout = {IDLE_SECONDS}",
    # Writers see what is committed when they look, and lock rows, no gaps.
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
)


def engine_options(url: URL) -> dict[str, Any]:
    """What `create_async_engine` has to know: pools and waiting are bounded."""
    timeouts = {"connect_timeout": CONNECT_SECONDS}
    if url.get_driver_name() == "asyncmy":
        timeouts["read_timeout"] = ANSWER_SECONDS
    return {
        "connect_args": {"charset": "utf8mb4", **timeouts},
        "pool_size": 8,
        "max_overflow": 8,
        "pool_timeout": ANSWER_SECONDS,
        "pool_recycle": 1800,
        # Sessions end their transactions themselves.
        "pool_reset_on_return": None,
    }


def reader_options(url: URL) -> dict[str, Any]:
    """The same for an engine whose statements each stand alone."""
    return {
        **engine_options(url),
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
    }


def set_up(engine: Engine) -> None:
    """Prepare every connection, and name failed constraints as SQLite does."""
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "checkout", _ping)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "handle_error", _name_failed_check, retval=True)


@asynccontextmanager
async def schema_lock(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection that holds the database's lock of this name; a database that is missing is made."""
    await _ensure_database(engine)
    async with _patient(engine) as patient, patient.connect() as connection:
        automatic = await connection.execution_options(isolation_level="AUTOCOMMIT")
        lock = {"name": f"{engine.url.database} schema", "seconds": _ALONE_SECONDS}
        taken = await automatic.execute(text("SELECT GET_LOCK(:name, :seconds)"), lock)
        if taken.scalar() != 1:
            problem = TimeoutError(f"another process changes the schema for {_ALONE_SECONDS} s")
            raise OperationalError("GET_LOCK", None, problem)
        try:
            yield automatic
        finally:
            await automatic.execute(text("DO RELEASE_LOCK(:name)"), lock)


def is_position(value: str) -> bool:
    """Whether it is a place in a binary log (domain-server-sequence), and not another store's."""
    return _POSITION.fullmatch(value) is not None


def is_lost_race(error: DBAPIError) -> bool:
    """Whether the same transaction may well succeed when it is tried again."""
    return _number(error) in _LOST_RACES


def named(error: BaseException) -> BaseException:
    """An error of a statement; a failed constraint is an IntegrityError, as with SQLite."""
    if not isinstance(error, DBAPIError) or _number(error) != _CHECK_FAILED or error.orig is None:
        return error
    return IntegrityError(error.statement, None, error.orig, hide_parameters=True)


@asynccontextmanager
async def _patient(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """An engine that waits for answers as long as they take: an index of a large table takes minutes."""
    options = engine_options(engine.url)
    options["connect_args"].pop("read_timeout", None)
    patient = create_async_engine(engine.url, hide_parameters=True, **options)
    patient.sync_engine.update_execution_options(**engine.sync_engine.get_execution_options())
    set_up(patient.sync_engine)
    try:
        yield patient
    finally:
        await patient.dispose()


async def _ensure_database(engine: AsyncEngine) -> None:
    try:
        async with engine.connect():
            return
    except DBAPIError as error:
        if _number(error) != _UNKNOWN_DATABASE:
            raise
    server = create_async_engine(engine.url.set(database="information_schema"))
    quoted = server.dialect.identifier_preparer.quote_identifier(str(engine.url.database))
    try:
        async with server.connect() as connection:
            await connection.exec_driver_sql(
                f"CREATE DATABASE IF NOT EXISTS {quoted} CHARACTER SET utf8mb4 COLLATE {COLLATION}"
            )
    finally:
        await server.dispose()


def _number(error: DBAPIError) -> int:
    arguments = error.orig.args if error.orig is not None else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0


def _connect(dialect: Dialect, _record: object, args: list[Any], options: dict[str, Any]) -> DBAPIConnection:
    try:
        return dialect.connect(*args, **options)
    except RuntimeError as error:
        # asyncmy says so of a server that hung up before uvloop's first read of the connection.
        raise dialect.loaded_dbapi.OperationalError(_CANNOT_CONNECT, str(error)) from error


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for statement in _SESSION:
        cursor.execute(statement)
    cursor.close()


def _ping(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Find out a connection that has died; one that was used a moment ago lives most likely."""
    if time.monotonic() - record.info.get(_USE_TIME, -inf) < _SURELY_ALIVE_SECONDS:
        return
    try:
        connection.ping()
    except Exception as error:
        raise DisconnectionError from error


def _note_use(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[_USE_TIME] = time.monotonic()


def _name_failed_check(context: ExceptionContext) -> BaseException | None:
    error = context.sqlalchemy_exception
    return None if error is None else named(error)
