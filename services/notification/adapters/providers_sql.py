"""The states of mail providers, and what may be sent by them, in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from mesh import sql
from mesh.sql.rows import changed_rows
from services.notification.adapters.tables import providers, sending_budgets
from services.notification.domain.budget import Allowance, SendingBudget
from services.notification.domain.provider import Condition, ProviderState

_ALL = sql.Prepared(select(providers))


class SqlProviderStore:
    """The provider states of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def all(self) -> Sequence[ProviderState]:
        return [_state(row) for row in await self._session.execute(_ALL)]

    async def put(self, state: ProviderState) -> None:
        await self._session.execute(delete(providers).where(providers.c.name == state.name))
        await self._session.execute(insert(providers).values(_row(state)))

    async def replace(self, old: ProviderState, new: ProviderState) -> bool:
        unchanged = update(providers).where(
            providers.c.name == old.name, providers.c.check_time == old.check_time
        )
        return await changed_rows(self._session, unchanged.values(_row(new))) == 1


class SqlBudgetStore:
    """The sending budgets of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def get(self, provider: str) -> SendingBudget:
        named = select(sending_budgets).where(sending_budgets.c.provider == provider)
        row = (await self._session.execute(named)).first()
        return _budget(row) if row else SendingBudget(provider)

    async def put(self, budget: SendingBudget) -> None:
        named = sending_budgets.c.provider == budget.provider
        await self._session.execute(delete(sending_budgets).where(named))
        await self._session.execute(insert(sending_budgets).values(_budget_row(budget)))


def _budget_row(budget: SendingBudget) -> dict[str, Any]:
    allowance = budget.allowance
    return {
        "provider": budget.provider,
        "rate_per_second": allowance.rate_per_second if allowance else None,
        "quota": allowance.quota if allowance else None,
        "used": allowance.used if allowance else 0,
        "learn_time": budget.learn_time,
        "full_time": budget.full_time,
        "slow_downs": budget.slow_downs,
    }


def _budget(row: Any) -> SendingBudget:
    known = row.rate_per_second is not None
    return SendingBudget(
        provider=row.provider,
        allowance=Allowance(row.rate_per_second, row.quota, row.used) if known else None,
        learn_time=row.learn_time,
        full_time=row.full_time,
        slow_downs=row.slow_downs,
    )


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
