"""Transactions in SQL: state and events in one write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property, partial

import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql import store_errors
from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.user.adapters import tables
from services.user.adapters.accounts_sql import (
    SqlAccountStore,
    SqlAddressStore,
    SqlAttemptStore,
    SqlLinkStore,
)
from services.user.adapters.events_outbox import OutboxEventStream
from services.user.adapters.security_log_sql import SqlKeptContactStore, SqlSecurityLog
from services.user.adapters.tokens_sql import SqlGrantStore, SqlRevocationStore, SqlSessionStore
from services.user.domain.errors import StoreUnavailable

_EXPIRING = (
    tables.links,
    tables.codes,
    tables.families,
    tables.issued_tokens,
    tables.revocations,
    tables.attempts,
    tables.activities,
    tables.kept_contacts,
)


_log = structlog.get_logger()
_translated = partial(store_errors.translated, StoreUnavailable, "the accounts cannot be read or changed now")


class SqlUnit:
    """The stores of one transaction."""

    def __init__(self, session: sql.Session, *, clock: Clock, new_id: NewId) -> None:
        self._session = session
        self._clock = clock
        self._new_id = new_id

    @cached_property
    def accounts(self) -> SqlAccountStore:
        return SqlAccountStore(self._session)

    @cached_property
    def security_log(self) -> SqlSecurityLog:
        return SqlSecurityLog(self._session)

    @cached_property
    def kept_contacts(self) -> SqlKeptContactStore:
        return SqlKeptContactStore(self._session)

    @cached_property
    def addresses(self) -> SqlAddressStore:
        return SqlAddressStore(self._session)

    @cached_property
    def links(self) -> SqlLinkStore:
        return SqlLinkStore(self._session)

    @cached_property
    def sessions(self) -> SqlSessionStore:
        return SqlSessionStore(self._session)

    @cached_property
    def grants(self) -> SqlGrantStore:
        return SqlGrantStore(self._session)

    @cached_property
    def revocations(self) -> SqlRevocationStore:
        return SqlRevocationStore(self._session)

    @cached_property
    def attempts(self) -> SqlAttemptStore:
        return SqlAttemptStore(self._session)

    @cached_property
    def events(self) -> OutboxEventStream:
        return OutboxEventStream(self._session, clock=self._clock, new_id=self._new_id)


class SqlUnitOfWork:
    """Transactions of one database."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, new_id: NewId) -> None:
        self._engine = engine
        self._clock = clock
        self._new_id = new_id

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlUnit]:
        with _translated():
            async with sql.read(self._engine) as session:
                yield SqlUnit(session, clock=self._clock, new_id=self._new_id)

    @asynccontextmanager
    async def read_one(self) -> AsyncIterator[SqlUnit]:
        with _translated():
            async with sql.read_one(self._engine) as session:
                yield SqlUnit(session, clock=self._clock, new_id=self._new_id)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlUnit]:
        with _translated():
            async with sql.write(self._engine) as session:
                yield SqlUnit(session, clock=self._clock, new_id=self._new_id)

    async def purge(self, *, at: datetime) -> None:
        try:
            await self._purge(at)
        except DBAPIError as error:
            _log.warning("purge_failed", error=type(error.orig).__name__)

    async def _purge(self, at: datetime) -> None:
        async with sql.write(self._engine) as session:
            for table in _EXPIRING:
                await session.execute(delete(table).where(table.c.expire_time <= at))
            lost = tables.sessions.c.expire_time <= at
            in_use = select(tables.families.c.sid)
            await session.execute(delete(tables.sessions).where(lost, tables.sessions.c.sid.not_in(in_use)))
            known = select(tables.families.c.family_id)
            await session.execute(
                delete(tables.refresh_tokens).where(tables.refresh_tokens.c.family_id.not_in(known))
            )
