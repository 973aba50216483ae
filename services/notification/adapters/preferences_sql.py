"""Preferences in SQL."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notification.adapters.tables import preferences
from services.notification.domain.preferences import Preferences


class SqlPreferenceStore:
    """The preferences of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
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
        theirs = select(preferences).where(preferences.c.user_id == user_id)
        return (await self._session.execute(theirs)).one_or_none()
