"""Single statements that only read, without a transaction around them where that costs round trips."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Row, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.sql.engine import pool_timeout_as_error, reader_of

_STATEMENTS = 1000


async def fetch(engine: AsyncEngine, statement: Select[Any], parameters: Sequence[Any]) -> Sequence[Row[Any]]:
    """The rows of one statement, which is a snapshot by itself.

    On MariaDB it is one round trip; a transaction around it would make it three. That a connection is dead
    shows when it is used: then the statement is sent once more, on a new one.

    Args:
        engine: where.
        statement: is compiled once and kept, as are its parameters' names; rows come as the driver has them.
        parameters: in the order in which the statement has them.
    """
    reader = reader_of(engine)
    async with redeliver_cancellation(), pool_timeout_as_error():
        try:
            return await _fetched(reader, statement, parameters)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return await _fetched(reader, statement, parameters)


async def _fetched(
    reader: AsyncEngine, statement: Select[Any], parameters: Sequence[Any]
) -> Sequence[Row[Any]]:
    async with reader.connect() as connection:
        return await rows_of(connection, statement, parameters)


async def rows_of(
    connection: AsyncConnection, statement: Select[Any], parameters: Sequence[Any]
) -> Sequence[Row[Any]]:
    """The same within a transaction."""
    return (
        await connection.exec_driver_sql(_driver_sql(statement, connection.dialect), tuple(parameters))
    ).all()


@lru_cache(_STATEMENTS)
def _driver_sql(statement: Select[Any], dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))
