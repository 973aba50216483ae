"""The states of mail providers in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mesh.sql.rows import changed_rows
from services.notification.adapters.tables import providers
from services.notification.domain.provider import Condition, ProviderState


class SqlProviderStore:
    """The provider states of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> Sequence[ProviderState]:
        return [_state(row) for row in await self._session.execute(select(providers))]

    async def put(self, state: ProviderState) -> None:
        await self._session.execute(delete(providers).where(providers.c.name == state.name))
        await self._session.execute(insert(providers).values(_row(state)))

    async def replace(self, old: ProviderState, new: ProviderState) -> bool:
        unchanged = update(providers).where(
            providers.c.name == old.name, providers.c.check_time == old.check_time
        )
        return await changed_rows(self._session, unchanged.values(_row(new))) == 1


def _row(state: ProviderState) -> dict[str, Any]:
    return {
        "name": state.name,
        "state": state.condition.value,
        "reason": state.reason,
        "since": state.since,
        "check_time": state.check_time,
        "failures": state.failures,
    }


def _state(row: Any) -> ProviderState:
    return ProviderState(
        name=row.name,
        condition=Condition(row.state),
        reason=row.reason,
        since=row.since,
        check_time=row.check_time,
        failures=row.failures,
    )
