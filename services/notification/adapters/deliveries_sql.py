"""Deliveries in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Update,
    delete,
    func,
    or_,
    select,
    update,
)

from mesh import sql
from mesh.sql.rows import changed_rows
from services.notification.adapters import delivery_statements_sql as statements
from services.notification.adapters.delivery_statements_sql import (
    IS_PENDING,
    IS_UNSENT,
    IS_WAITING,
    NOBODY,
)
from services.notification.adapters.tables import deliveries
from services.notification.application.ports import Claim, ClaimLimit, Deferred, MailFilter, NextDue, Unsent
from services.notification.domain.answer import AnswerKind
from services.notification.domain.delivery import Delivery, DeliveryState
from services.notification.domain.feedback import FeedbackKind
from services.notification.domain.retries import LONGEST_PAUSE
from services.notification.domain.template import Template

_LONGEST_CODE = 100


class SqlDeliveryStore:
    """The deliveries of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def add(self, delivery: Delivery) -> None:
        if await self._session.scalar(statements.POSITION_OF, {"named": delivery.notification_id}) is None:
            await self._session.execute(statements.ADD, row_of(delivery))

    async def put_off(self, notification_id: str, due_time: datetime) -> bool:
        untouched = {"named": notification_id, "new_due_time": due_time}
        return bool(await self._changed(statements.PUT_OFF, untouched))

    async def claim(
        self, holder: str, *, now: datetime, until: datetime, limit: ClaimLimit
    ) -> Sequence[Claim]:
        mine = {
            "to_holder": holder,
            "until": until,
            "of_accounts": limit.accounts.provider,
            "of_orders": limit.orders.provider,
            **_times(now),
        }
        due = await self._due(now, limit) if limit.mails else ()
        # Due still: where transactions run side by side, another worker may have been faster.
        claimed = [
            position
            for position in due
            if await self._changed(statements.CLAIM, {"at_position": position, **mine})
        ]
        if not claimed:
            return ()
        return await self._claims(statements.at_positions(len(claimed)), _numbered(claimed))

    async def _due(self, now: datetime, limit: ClaimLimit) -> Sequence[int]:
        """The positions of what is due."""
        most = limit.mails
        due = await self._oldest(statements.DUE, now, most)
        if len(due) == most:
            # People wait for these at a page, and a backlog of either kind may be long.
            due = await self._oldest(statements.ACCOUNTS_DUE, now, most)
            due |= await self._oldest(statements.ORDERS_DUE, now, most)
        else:
            due |= await self._oldest(statements.RARELY_DUE, now, most - len(due))
        accounts = [position for position, order_id in due.items() if not order_id][: limit.accounts.mails]
        orders = [position for position, order_id in due.items() if order_id][: limit.orders.mails]
        return [*accounts, *orders][:most]

    async def _oldest(self, which: sql.Prepared, now: datetime, limit: int) -> dict[int, str]:
        """Deliveries by their positions, with the orders that they are about."""
        rows = await self._session.execute(which, {"limit": limit, **_times(now)})
        return {row.position: row.order_id for row in rows}

    async def hand_to(self, provider: str, delivery: Delivery, holder: str, *, until: datetime) -> bool:
        mine = update(deliveries).where(_is_named(delivery), deliveries.c.holder == holder, IS_UNSENT)
        return await self._changed(mine.values(handed_to=provider, due_time=until))

    async def record_outcome(self, delivery: Delivery, holder: str) -> bool:
        named = {"named": delivery.notification_id, **row_of(delivery)}
        if delivery.state is DeliveryState.SENT:
            # The provider has taken it, also where another worker has claimed it since and lost an answer.
            return await self._changed(statements.RECORD_SENT, {"lost": delivery.lost_answers, **named})
        return await self._changed(statements.RECORD, {"of_holder": holder, **named})

    async def claims(self, holder: str) -> Sequence[Claim]:
        return await self._claims(statements.CLAIMED_BY, {"of_holder": holder})

    async def expired_claims(self, now: datetime) -> Sequence[Claim]:
        return await self._claims(statements.CLAIMED_LONG_AGO, {"now": now})

    async def _claims(self, which: sql.Prepared, parameters: Mapping[str, Any]) -> Sequence[Claim]:
        rows = await self._session.execute(which, parameters)
        return [Claim(_delivery(row), row.handed_to, row.due_time) for row in rows]

    async def next_due(self) -> NextDue:
        return NextDue(*(await self._session.execute(statements.NEXT_DUE)).one())

    async def release_waiting(self, now: datetime) -> None:
        await self._release(now, IS_WAITING)

    async def release_oldest_waiting(self, now: datetime, *, provider: str) -> bool:
        may_send = deliveries.c.provider.in_(("", provider))
        oldest = select(func.min(deliveries.c.position)).where(IS_WAITING, may_send)
        position = await self._session.scalar(oldest)
        await self._release(now, IS_WAITING & (deliveries.c.position == position))
        return position is not None

    async def _release(self, now: datetime, which: ColumnElement[bool]) -> None:
        due = {"state": DeliveryState.PENDING.value, "due_time": now, "holder": NOBODY, "handed_to": ""}
        await self._session.execute(update(deliveries).where(which).values(due))

    async def page(
        self, which: MailFilter, *, before: int | None, limit: int
    ) -> Sequence[tuple[int, Delivery]]:
        rows = select(deliveries).where(*_filters(which))
        if before is not None:
            rows = rows.where(deliveries.c.position < before)
        newest = rows.order_by(deliveries.c.position.desc()).limit(limit)
        return [(row.position, _delivery(row)) for row in await self._session.execute(newest)]

    async def unsent(self) -> Sequence[Unsent]:
        rows = await self._session.execute(statements.UNSENT)
        return [
            Unsent(DeliveryState(row.state), row.template, row.provider, row[3], row.oldest) for row in rows
        ]

    async def deferred(self, now: datetime) -> Deferred:
        due_time = deliveries.c.due_time
        later = select(func.count(), func.min(due_time)).where(
            IS_PENDING, deliveries.c.holder == NOBODY, due_time > now
        )
        return Deferred(*(await self._session.execute(later)).one())

    async def undelivered(self, *, since: datetime, folder: str, limit: int) -> Sequence[Delivery]:
        to_folder = (deliveries.c.state == DeliveryState.SENT.value) & (deliveries.c.provider == folder)
        own_fault = deliveries.c.answer == AnswerKind.REFUSED.value
        by_provider = (deliveries.c.state == DeliveryState.FAILED.value) & ~own_fault
        # Of a mail and its copies one is enough.
        is_original = deliveries.c.copy_of == ""
        rows = select(deliveries).where(
            or_(to_folder, by_provider), deliveries.c.create_time >= since, is_original
        )
        oldest = rows.order_by(deliveries.c.position).limit(limit)
        return [_delivery(row) for row in await self._session.execute(oldest)]

    async def find(self, notification_id: str, provider_message_id: str) -> Delivery | None:
        names = (
            (deliveries.c.notification_id, notification_id),
            (deliveries.c.provider_message_id, provider_message_id),
        )
        for column, name in names:
            if name and (
                row := (await self._session.execute(select(deliveries).where(column == name))).first()
            ):
                return _delivery(row)
        return None

    async def copies(self, original: Delivery) -> Sequence[Delivery]:
        of_it = deliveries.c.copy_of == original.notification_id
        rows = select(deliveries).where(deliveries.c.order_id == original.order_id, of_it)
        found = await self._session.execute(rows.order_by(deliveries.c.position))
        return [_delivery(row) for row in found]

    async def replace(self, delivery: Delivery) -> None:
        await self._session.execute(update(deliveries).where(_is_named(delivery)).values(row_of(delivery)))

    async def forget(self, user_id: str) -> Sequence[str]:
        theirs = deliveries.c.user_id == user_id
        ids = [*await self._session.scalars(select(deliveries.c.notification_id).where(theirs))]
        await self._session.execute(delete(deliveries).where(theirs))
        return ids

    async def _changed(
        self, statement: Update | sql.Prepared, parameters: Mapping[str, Any] | None = None
    ) -> bool:
        return await changed_rows(self._session, statement, parameters) == 1


def _is_named(delivery: Delivery) -> ColumnElement[bool]:
    return deliveries.c.notification_id == delivery.notification_id


def _times(now: datetime) -> Mapping[str, Any]:
    return {"now": now, "far_ahead": now + LONGEST_PAUSE}


def _numbered(positions: Sequence[int]) -> Mapping[str, int]:
    return {f"position{number}": position for number, position in enumerate(positions)}


def _filters(which: MailFilter) -> Sequence[ColumnElement[bool]]:
    wanted = (
        (deliveries.c.order_id, which.order_id),
        (deliveries.c.user_id, which.user_id),
        (deliveries.c.state, which.state.value if which.state else ""),
    )
    return [column == value for column, value in wanted if value]


def row_of(delivery: Delivery) -> dict[str, Any]:
    """What `ADD` takes."""
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
        "answer": delivery.answer.value,
        "answer_code": delivery.answer_code[:_LONGEST_CODE],
        "feedback": delivery.feedback.value,
        "feedback_detail": delivery.feedback_detail[:_LONGEST_CODE],
        "feedback_time": delivery.feedback_time,
        "copy_of": delivery.copy_of,
        "requested_by": delivery.requested_by,
        "holder": NOBODY,
        "handed_to": "",
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
        answer=AnswerKind(row.answer),
        answer_code=row.answer_code,
        feedback=FeedbackKind(row.feedback),
        feedback_detail=row.feedback_detail,
        feedback_time=row.feedback_time,
        copy_of=row.copy_of,
        requested_by=row.requested_by,
    )
