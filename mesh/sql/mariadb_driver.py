"""Statements that MariaDB's driver runs itself, with the errors that SQLAlchemy would raise."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from interceptors.cost_trailers import count_query
from mesh.sql import mariadb
from mesh.sql.prepared import Values

# What drivers let through of a connection that is gone.
_LOST = (OSError, RuntimeError, AttributeError)


async def run(
    connection: AsyncConnection, text: str, values: Values | list[Values]
) -> tuple[Sequence[Values], int]:
    """Run a statement, once for each of a list; its rows, and how many it has changed or found.

    Raises:
        DBAPIError: It failed, or the server is away.
    """
    count_query()
    return await command(connection, text, values)


async def command(
    connection: AsyncConnection, text: str, values: Values | list[Values] = ()
) -> tuple[Sequence[Values], int]:
    """The same without counting it: it is no question of a service."""
    try:
        assert connection.sync_connection is not None
        driver: Any = connection.sync_connection.connection.driver_connection
        async with driver.cursor() as cursor:
            await (cursor.executemany if isinstance(values, list) else cursor.execute)(text, values)
            return (await cursor.fetchall() if cursor.description else ()), cursor.rowcount
    except BaseException as error:
        raise await _translated(connection, text, error) from error


async def _translated(connection: AsyncConnection, text: str, error: BaseException) -> BaseException:
    dialect = connection.dialect
    driver = dialect.loaded_dbapi
    if isinstance(error, _LOST):
        error = driver.OperationalError(mariadb.CONNECTION_LOST, str(error))
    if not isinstance(error, driver.Error):
        # Cancelled: an answer may come for which nobody waits.
        await connection.invalidate(error)
        return error
    is_lost = dialect.is_disconnect(error, None, None)
    if is_lost:
        await connection.invalidate(error)
    raised = DBAPIError.instance(
        text,
        None,
        error,
        driver.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=dialect,
    )
    return mariadb.named(raised)
