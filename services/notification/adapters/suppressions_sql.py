"""Addresses that get no mails, and the messages of hooks, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from mesh import sql
from mesh.sql.rows import changed_rows
from services.notification.adapters.tables import hook_messages, suppressions
from services.notification.domain.suppression import Suppression, SuppressionCause

_FIND = sql.Prepared(select(suppressions).where(suppressions.c.address_hash == bindparam("address_hash")))


class SqlSuppressionStore:
    """The suppressions of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add(self, suppression: Suppression) -> None:
        if await self.find(suppression.address_hash) is None:
            row = {
                "address_hash": suppression.address_hash,
                "cause": suppression.cause.value,
                "create_time": suppression.create_time,
                "notification_id": suppression.notification_id,
            }
            await self._session.execute(insert(suppressions).values(row))

    async def find(self, address_hash: str) -> Suppression | None:
        row = (await self._session.execute(_FIND, {"address_hash": address_hash})).first()
        return _suppression(row) if row else None

    async def page(self, *, before: int | None, limit: int) -> Sequence[tuple[int, Suppression]]:
        rows = select(suppressions)
        if before is not None:
            rows = rows.where(suppressions.c.position < before)
        newest = rows.order_by(suppressions.c.position.desc()).limit(limit)
        return [(row.position, _suppression(row)) for row in await self._session.execute(newest)]

    async def remove(self, address_hash: str) -> bool:
        named = delete(suppressions).where(suppressions.c.address_hash == address_hash)
        return await changed_rows(self._session, named) == 1


class SqlHookMessageStore:
    """The hooks' messages of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add(self, message_id: str, now: datetime) -> bool:
        named = select(hook_messages.c.message_id).where(hook_messages.c.message_id == message_id)
        if (await self._session.execute(named)).first() is not None:
            return False
        await self._session.execute(insert(hook_messages).values(message_id=message_id, receive_time=now))
        return True

    async def forget_before(self, time: datetime) -> None:
        await self._session.execute(delete(hook_messages).where(hook_messages.c.receive_time < time))


def _suppression(row: Any) -> Suppression:
    return Suppression(row.address_hash, SuppressionCause(row.cause), row.create_time, row.notification_id)
