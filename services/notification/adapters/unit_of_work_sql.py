"""Transactions in SQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property, partial

from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql import store_errors
from services.notification.adapters.deliveries_sql import SqlDeliveryStore
from services.notification.adapters.erasures_sql import SqlErasureStore
from services.notification.adapters.order_summaries_sql import SqlOrderSummaryStore
from services.notification.adapters.preferences_sql import SqlPreferenceStore
from services.notification.adapters.providers_sql import SqlBudgetStore, SqlProviderStore
from services.notification.adapters.suppressions_sql import SqlHookMessageStore, SqlSuppressionStore
from services.notification.domain.errors import StoreUnavailable

_translated = partial(
    store_errors.translated, StoreUnavailable, "notifications cannot be read or changed now"
)


class SqlUnit:
    """The stores of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    @cached_property
    def deliveries(self) -> SqlDeliveryStore:
        return SqlDeliveryStore(self._session)

    @cached_property
    def providers(self) -> SqlProviderStore:
        return SqlProviderStore(self._session)

    @cached_property
    def budgets(self) -> SqlBudgetStore:
        return SqlBudgetStore(self._session)

    @cached_property
    def orders(self) -> SqlOrderSummaryStore:
        return SqlOrderSummaryStore(self._session)

    @cached_property
    def preferences(self) -> SqlPreferenceStore:
        return SqlPreferenceStore(self._session)

    @cached_property
    def erasures(self) -> SqlErasureStore:
        return SqlErasureStore(self._session)

    @cached_property
    def suppressions(self) -> SqlSuppressionStore:
        return SqlSuppressionStore(self._session)

    @cached_property
    def hook_messages(self) -> SqlHookMessageStore:
        return SqlHookMessageStore(self._session)


class SqlUnitOfWork:
    """Transactions of one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlUnit]:
        with _translated():
            async with sql.read(self._engine) as session:
                yield SqlUnit(session)

    @asynccontextmanager
    async def read_one(self) -> AsyncIterator[SqlUnit]:
        """For a single question."""
        with _translated():
            async with sql.read_one(self._engine) as session:
                yield SqlUnit(session)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlUnit]:
        with _translated():
            async with sql.write(self._engine) as session:
                yield SqlUnit(session)
