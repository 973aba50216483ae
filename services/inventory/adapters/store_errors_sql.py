"""What the SQL driver's errors mean to inventory."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError

from mesh.sql import is_programming_error
from services.inventory.domain.errors import StoreUnavailable

_RETRY_SECONDS = 1.0

_log = structlog.get_logger()


@contextmanager
def translated() -> Iterator[None]:
    """Say that the store cannot be used now, unless a row or a statement is refused for what it is."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        if is_programming_error(error):
            raise
        _log.warning("store_unavailable", store="sql", error=type(error.orig).__name__)
        message = "stock and products cannot be read or changed now"
        raise StoreUnavailable(message, retry_after_seconds=_RETRY_SECONDS) from None
