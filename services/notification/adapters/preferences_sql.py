"""Preferences in SQL."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from mesh import sql
from services.notification.adapters.tables import preferences
from services.notification.domain.preferences import Preferences

_FIND = sql.Prepared(select(preferences).where(preferences.c.user_id == bindparam("user_id")))


class SqlPreferenceStore:
    """The preferences of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def get(self, user_id: str) -> Preferences:
        row = await self._row(user_id)
        return Preferences() if row is None else Preferences(row.order_updates, row.shipping_updates)

    async def put(self, user_id: str, choice: Preferences) -> None:
        if await self._row(user_id) is None:
            await self._session.execute(insert(preferences).values(user_id=user_id, **asdict(choice)))
        else:
            theirs = update(preferences).where(preferences.c.user_id == user_id)
            await self._session.execute(theirs.values(asdict(choice)))

    async def forget(self, user_id: str) -> None:
        await self._session.execute(delete(preferences).where(preferences.c.user_id == user_id))

    async def _row(self, user_id: str) -> Any:
        return (await self._session.execute(_FIND, {"user_id": user_id})).one_or_none()
