"""What the errors of SQL drivers mean to a service."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

_RETRY_SECONDS = 1.0
_REFUSED = (IntegrityError, DataError, sqlite3.IntegrityError, sqlite3.DataError)

_log = structlog.get_logger()


@contextmanager
def translated(unavailable: Callable[..., Exception], message: str) -> Iterator[None]:
    """Turn the errors of a database that cannot be used now into the service's own.

    A row or a statement that is refused for what it is keeps the driver's error. The log names the kind of an
    error only: its text may hold what was to be stored.

    Args:
        unavailable: makes the service's error from `message` and `retry_after_seconds`.
        message: what cannot be done now.
    """
    try:
        yield
    except _REFUSED:
        raise
    except (DBAPIError, sqlite3.Error) as error:
        if is_programming_error(error):
            raise
        cause = error.orig if isinstance(error, DBAPIError) else error
        _log.warning("store_unavailable", store="sql", error=type(cause).__name__)
        raise unavailable(message, retry_after_seconds=_RETRY_SECONDS) from None


def is_programming_error(error: Exception) -> bool:
    """Whether a statement is wrong however often it is tried, as with a table that is missing.

    MariaDB's driver has a class for that; SQLite's says by the same class that the database is busy.
    """
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return isinstance(error, ProgrammingError) or code == sqlite3.SQLITE_ERROR
