"""Transactions in SQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mesh import sql
from services.notification.adapters.deliveries_sql import SqlDeliveryStore
from services.notification.adapters.erasures_sql import SqlErasureStore
from services.notification.adapters.order_summaries_sql import SqlOrderSummaryStore
from services.notification.adapters.preferences_sql import SqlPreferenceStore
from services.notification.domain.errors import StoreUnavailable

_RETRY_SECONDS = 1.0

_log = structlog.get_logger()


class SqlUnit:
    """The stores of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    @cached_property
    def deliveries(self) -> SqlDeliveryStore:
        return SqlDeliveryStore(self._session)

    @cached_property
    def orders(self) -> SqlOrderSummaryStore:
        return SqlOrderSummaryStore(self._session)

    @cached_property
    def preferences(self) -> SqlPreferenceStore:
        return SqlPreferenceStore(self._session)

    @cached_property
    def erasures(self) -> SqlErasureStore:
        return SqlErasureStore(self._session)


class SqlUnitOfWork:
    """Transactions of one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlUnit]:
        async with _translated(), sql.read(self._engine) as session:
            yield SqlUnit(session)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlUnit]:
        async with _translated(), sql.write(self._engine) as session:
            yield SqlUnit(session)


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except OperationalError as error:
        if sql.is_programming_error(error):
            raise
        _log.warning("database_unavailable", error=type(error.orig).__name__)
        message = "notifications cannot be read or changed now"
        raise StoreUnavailable(message, retry_after_seconds=_RETRY_SECONDS) from None
