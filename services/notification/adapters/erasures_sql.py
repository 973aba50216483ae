"""Erased accounts in SQL."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, insert, select

from mesh import sql
from services.notification.adapters.tables import erased_mails, erased_users

_IS_ERASED = sql.Prepared(
    select(erased_users.c.user_id).where(erased_users.c.user_id == bindparam("user_id"))
)
_PENDING = sql.Prepared(select(erased_mails.c.message_id).limit(bindparam("limit")))


class SqlErasureStore:
    """The erasures of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add(self, user_id: str, message_ids: Sequence[str]) -> None:
        if not await self.is_erased(user_id):
            await self._session.execute(insert(erased_users).values(user_id=user_id))
        if message_ids:
            rows = [{"message_id": message_id} for message_id in message_ids]
            await self._session.execute(insert(erased_mails), rows)

    async def is_erased(self, user_id: str) -> bool:
        return await self._session.scalar(_IS_ERASED, {"user_id": user_id}) is not None

    async def pending(self, limit: int) -> Sequence[str]:
        return [*await self._session.scalars(_PENDING, {"limit": limit})]

    async def done(self, message_ids: Sequence[str]) -> None:
        await self._session.execute(delete(erased_mails).where(erased_mails.c.message_id.in_(message_ids)))
