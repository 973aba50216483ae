"""Single statements that only read, without a transaction around them where that costs round trips."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import literal_column, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.sql import mariadb_driver
from mesh.sql.engine import pool_timeout_as_error, read, reader_of
from mesh.sql.prepared import Prepared

_ONE = Prepared(select(literal_column("1")))


async def is_reachable(engine: AsyncEngine) -> bool:
    """Whether the database answers; a health probe.

    Raises:
        DBAPIError: It does not.
    """
    return bool(await fetch(engine, _ONE, ()))


async def fetch(
    engine: AsyncEngine, statement: Prepared, parameters: Sequence[Any]
) -> Sequence[Sequence[Any]]:
    """The rows of one statement, which is a snapshot by itself.

    On MariaDB it is one round trip; a transaction around it would make it three. That a connection is dead
    shows when it is used: then the statement is sent once more, on a new one.

    Args:
        engine: where.
        statement: rows come as the driver has them.
        parameters: in the order in which the statement has them.
    """
    reader = reader_of(engine)
    if reader is None:
        async with read(engine) as session:
            return await session.fetch(statement, parameters)
    async with redeliver_cancellation(), pool_timeout_as_error():
        try:
            return await _fetched(reader, statement, parameters)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return await _fetched(reader, statement, parameters)


async def _fetched(
    reader: AsyncEngine, statement: Prepared, parameters: Sequence[Any]
) -> Sequence[Sequence[Any]]:
    text = statement.compiled(reader.dialect).text
    async with reader.connect() as connection:
        rows, _ = await mariadb_driver.run(connection, text, tuple(parameters))
        return rows
