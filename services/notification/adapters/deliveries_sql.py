"""Deliveries in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Update, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mesh.sql.rows import changed_rows
from services.notification.adapters.tables import deliveries
from services.notification.application.ports import NextDue
from services.notification.domain.delivery import LONGEST_PAUSE, Delivery, DeliveryState
from services.notification.domain.template import Template

_NOBODY = ""


class SqlDeliveryStore:
    """The deliveries of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, delivery: Delivery) -> None:
        same = deliveries.c.notification_id == delivery.notification_id
        if (await self._session.execute(select(deliveries.c.position).where(same))).first() is None:
            await self._session.execute(insert(deliveries).values(_row(delivery)))

    async def claim(self, holder: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        oldest = (_ACCOUNTS_FIRST, deliveries.c.due_time, deliveries.c.position)
        due = select(deliveries.c.position).where(_is_due(now)).order_by(*oldest).limit(limit)
        claimed = []
        for position in (await self._session.scalars(due)).all():
            # Due still: where transactions run side by side, another worker may have been faster.
            mine = update(deliveries).where(deliveries.c.position == position, _is_due(now))
            if await self._changed(mine.values(holder=holder, due_time=until)):
                claimed.append(position)
        rows = select(deliveries).where(deliveries.c.position.in_(claimed)).order_by(deliveries.c.position)
        return [_delivery(row) for row in await self._session.execute(rows)]

    async def record_outcome(self, delivery: Delivery, holder: str) -> bool:
        named = deliveries.c.notification_id == delivery.notification_id
        mine = update(deliveries).where(named, deliveries.c.holder == holder, _IS_UNSENT)
        return await self._changed(mine.values(_row(delivery)))

    async def release(self, holder: str) -> None:
        held = update(deliveries).where(deliveries.c.holder == holder, _IS_PENDING)
        await self._session.execute(held.values(holder=_NOBODY, due_time=deliveries.c.create_time))

    async def next_due(self) -> NextDue:
        earliest = select(deliveries.c.state, func.min(deliveries.c.due_time)).where(_IS_UNSENT)
        rows = (await self._session.execute(earliest.group_by(deliveries.c.state))).all()
        times: dict[str, datetime] = {state: due_time for state, due_time in rows}  # noqa: C416 - rows are no pairs
        return NextDue(times.get(DeliveryState.PENDING.value), times.get(DeliveryState.WAITING.value))

    async def release_waiting(self, now: datetime) -> None:
        await self._release(now, _IS_WAITING)

    async def release_oldest_waiting(self, now: datetime, *, provider: str) -> None:
        may_send = deliveries.c.provider.in_(("", provider))
        oldest = select(func.min(deliveries.c.position)).where(_IS_WAITING, may_send)
        position = await self._session.scalar(oldest)
        await self._release(now, _IS_WAITING & (deliveries.c.position == position))

    async def _release(self, now: datetime, which: ColumnElement[bool]) -> None:
        waiting = update(deliveries).where(which)
        await self._session.execute(waiting.values(state=DeliveryState.PENDING.value, due_time=now))

    async def page(self, user_id: str, *, before: int | None, limit: int) -> Sequence[tuple[int, Delivery]]:
        rows = select(deliveries).where(deliveries.c.user_id == user_id)
        if before is not None:
            rows = rows.where(deliveries.c.position < before)
        newest = rows.order_by(deliveries.c.position.desc()).limit(limit)
        return [(row.position, _delivery(row)) for row in await self._session.execute(newest)]

    async def forget(self, user_id: str) -> Sequence[str]:
        theirs = deliveries.c.user_id == user_id
        ids = (await self._session.scalars(select(deliveries.c.notification_id).where(theirs))).all()
        await self._session.execute(delete(deliveries).where(theirs))
        return ids

    async def _changed(self, statement: Update) -> bool:
        return await changed_rows(self._session, statement) == 1


_IS_PENDING = deliveries.c.state == DeliveryState.PENDING.value
_IS_WAITING = deliveries.c.state == DeliveryState.WAITING.value
_IS_UNSENT = deliveries.c.state.in_((DeliveryState.PENDING.value, DeliveryState.WAITING.value))
# People wait for these at a page, and a backlog of orders' mails may be long.
_ACCOUNTS_FIRST = case((deliveries.c.order_id == "", 0), else_=1)


def _is_due(now: datetime) -> ColumnElement[bool]:
    due_time = deliveries.c.due_time
    # Further ahead than any pause: the clock was set back meanwhile.
    return or_(_IS_UNSENT & (due_time <= now), _IS_PENDING & (due_time > now + LONGEST_PAUSE))


def _row(delivery: Delivery) -> dict[str, Any]:
    return {
        "notification_id": delivery.notification_id,
        "template": str(delivery.template),
        "user_id": delivery.user_id,
        "order_id": delivery.order_id,
        "trace": delivery.trace,
        "state": delivery.state.value,
        "create_time": delivery.create_time,
        "due_time": delivery.due_time,
        "send_time": delivery.send_time,
        "attempts": delivery.attempts,
        "refusals": delivery.refusals,
        "provider": delivery.provider,
        "provider_message_id": delivery.provider_message_id,
        "reason": delivery.reason,
        "wait_time": delivery.wait_time,
        "retry_time": delivery.retry_time,
        "lost_answers": delivery.lost_answers,
        "holder": _NOBODY,
    }


def _delivery(row: Any) -> Delivery:
    return Delivery(
        notification_id=row.notification_id,
        template=Template.named(row.template),
        user_id=row.user_id,
        order_id=row.order_id,
        trace=row.trace,
        state=DeliveryState(row.state),
        create_time=row.create_time,
        due_time=row.due_time,
        send_time=row.send_time,
        attempts=row.attempts,
        refusals=row.refusals,
        provider=row.provider,
        provider_message_id=row.provider_message_id,
        reason=row.reason,
        wait_time=row.wait_time,
        retry_time=row.retry_time,
        lost_answers=row.lost_answers,
    )
