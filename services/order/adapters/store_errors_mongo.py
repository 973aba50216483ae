"""What the driver's errors mean to the order service."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from pymongo.errors import OperationFailure, PyMongoError

from services.order.domain.errors import StoreUnavailable

_RETRY_SECONDS = 1.0

_log = structlog.get_logger()


@contextmanager
def translated() -> Iterator[None]:
    """Whatever the driver raises within means that the store cannot be used now."""
    try:
        yield
    except PyMongoError as error:
        raise unavailable(error) from None


def unavailable(error: PyMongoError) -> StoreUnavailable:
    """Logs the driver's error but for its text, which may hold what was to be stored."""
    code = error.code if isinstance(error, OperationFailure) else None
    _log.warning("store_unavailable", store="mongodb", error=type(error).__name__, code=code)
    return StoreUnavailable("orders cannot be read or changed now", retry_after_seconds=_RETRY_SECONDS)
