"""Deliveries in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Update, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mesh.sql.columns import UtcTime
from mesh.sql.rows import changed_rows
from services.notification.adapters.tables import deliveries
from services.notification.application.ports import Claim, ClaimLimit, Deferred, MailFilter, NextDue, Unsent
from services.notification.domain.answer import AnswerKind
from services.notification.domain.delivery import LONGEST_PAUSE, Delivery, DeliveryState
from services.notification.domain.feedback import FeedbackKind
from services.notification.domain.template import Template

_NOBODY = ""
_LONGEST_CODE = 100


UNCLAIMED = f"""
SELECT 1 FROM deliveries WHERE state = '{DeliveryState.PENDING.value}' AND holder = '{_NOBODY}' UNION ALL
SELECT 1 FROM deliveries WHERE state = '{DeliveryState.WAITING.value}' UNION ALL
SELECT 1 FROM erased_mails LIMIT 1
"""  # noqa: S608 - constants
"""Finds a row while a sender has to look: what is claimed is due again at a known time."""


class SqlDeliveryStore:
    """The deliveries of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, delivery: Delivery) -> None:
        same = select(deliveries.c.position).where(_is_named(delivery))
        if (await self._session.execute(same)).first() is None:
            await self._session.execute(insert(deliveries).values(_row(delivery)))

    async def claim(
        self, holder: str, *, now: datetime, until: datetime, limit: ClaimLimit
    ) -> Sequence[Claim]:
        mine = {"holder": holder, "due_time": until, "handed_to": _handed_to(limit)}
        claimed = []
        for position in await self._due(now, limit) if limit.mails else ():
            # Due still: where transactions run side by side, another worker may have been faster.
            claim = update(deliveries).where(deliveries.c.position == position, _is_due(now)).values(mine)
            if await self._changed(claim):
                claimed.append(position)
        return await self._claims(deliveries.c.position.in_(claimed)) if claimed else ()

    async def _due(self, now: datetime, limit: ClaimLimit) -> Sequence[int]:
        """The positions of what is due; an index answers each question, however long the backlog is."""
        is_due, most = _is_pending_and_due(now), limit.mails
        due = await self._oldest(is_due, most)
        if len(due) == most:
            # People wait for these at a page, and a backlog of either kind may be long.
            due = await self._oldest(is_due & _IS_ABOUT_AN_ACCOUNT, most)
            due |= await self._oldest(is_due & ~_IS_ABOUT_AN_ACCOUNT, most)
        else:
            due |= await self._oldest(_is_rarely_due(now), most - len(due))
        accounts = [position for position, order_id in due.items() if not order_id][: limit.accounts.mails]
        orders = [position for position, order_id in due.items() if order_id][: limit.orders.mails]
        return [*accounts, *orders][:most]

    async def _oldest(self, which: ColumnElement[bool], limit: int) -> dict[int, str]:
        """Deliveries by their positions, with the orders that they are about."""
        found = select(deliveries.c.position, deliveries.c.order_id).where(which)
        oldest = found.order_by(deliveries.c.due_time, deliveries.c.position).limit(limit)
        return {row.position: row.order_id for row in await self._session.execute(oldest)}

    async def hand_to(self, provider: str, delivery: Delivery, holder: str, *, until: datetime) -> bool:
        mine = update(deliveries).where(_is_mine(delivery, holder))
        return await self._changed(mine.values(handed_to=provider, due_time=until))

    async def record_outcome(self, delivery: Delivery, holder: str) -> bool:
        if delivery.state is not DeliveryState.SENT:
            return await self._changed(
                update(deliveries).where(_is_mine(delivery, holder)).values(_row(delivery))
            )
        # The provider has taken it, also where another worker has claimed it since and lost an answer.
        known, lost = deliveries.c.lost_answers, delivery.lost_answers
        row = {**_row(delivery), "lost_answers": case((known > lost, known), else_=lost)}
        unsent = _is_named(delivery) & (deliveries.c.state != DeliveryState.SENT.value)
        return await self._changed(update(deliveries).where(unsent).values(row))

    async def claims(self, holder: str) -> Sequence[Claim]:
        return await self._claims(deliveries.c.holder == holder, _IS_PENDING)

    async def expired_claims(self, now: datetime) -> Sequence[Claim]:
        return await self._claims(deliveries.c.holder > _NOBODY, deliveries.c.due_time <= now, _IS_PENDING)

    async def _claims(self, *which: ColumnElement[bool]) -> Sequence[Claim]:
        rows = select(deliveries).where(*which).order_by(deliveries.c.position)
        return [
            Claim(_delivery(row), row.handed_to, row.due_time) for row in await self._session.execute(rows)
        ]

    async def next_due(self) -> NextDue:
        kinds = (_IS_PENDING & _IS_ABOUT_AN_ACCOUNT, _IS_PENDING & ~_IS_ABOUT_AN_ACCOUNT, _IS_WAITING)
        earliest = [select(func.min(deliveries.c.due_time)).where(which) for which in kinds]
        row = (await self._session.execute(select(*(each.scalar_subquery() for each in earliest)))).one()
        return NextDue(*row)

    async def release_waiting(self, now: datetime) -> None:
        await self._release(now, _IS_WAITING)

    async def release_oldest_waiting(self, now: datetime, *, provider: str) -> bool:
        may_send = deliveries.c.provider.in_(("", provider))
        oldest = select(func.min(deliveries.c.position)).where(_IS_WAITING, may_send)
        position = await self._session.scalar(oldest)
        await self._release(now, _IS_WAITING & (deliveries.c.position == position))
        return position is not None

    async def _release(self, now: datetime, which: ColumnElement[bool]) -> None:
        due = {"state": DeliveryState.PENDING.value, "due_time": now, "holder": _NOBODY, "handed_to": ""}
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
        kind = (deliveries.c.state, deliveries.c.template, deliveries.c.provider)
        times = (deliveries.c.wait_time, deliveries.c.retry_time, deliveries.c.create_time)
        since = func.coalesce(*times, type_=UtcTime)
        counted = select(*kind, func.count().label("count"), func.min(since).label("oldest"))
        rows = await self._session.execute(counted.where(_IS_UNSENT).group_by(*kind))
        return [
            Unsent(DeliveryState(row.state), row.template, row.provider, row[3], row.oldest) for row in rows
        ]

    async def deferred(self, now: datetime) -> Deferred:
        due_time = deliveries.c.due_time
        later = select(func.count(), func.min(due_time)).where(
            _IS_PENDING, deliveries.c.holder == _NOBODY, due_time > now
        )
        return Deferred(*(await self._session.execute(later)).one())

    async def undelivered(self, *, since: datetime, folder: str, limit: int) -> Sequence[Delivery]:
        to_folder = (deliveries.c.state == DeliveryState.SENT.value) & (deliveries.c.provider == folder)
        own_fault = deliveries.c.answer == AnswerKind.REFUSED.value
        by_provider = (deliveries.c.state == DeliveryState.FAILED.value) & ~own_fault
        rows = select(deliveries).where(or_(to_folder, by_provider), deliveries.c.create_time >= since)
        oldest = rows.order_by(deliveries.c.position).limit(limit)
        return [_delivery(row) for row in await self._session.execute(oldest)]

    async def find(self, notification_id: str, provider_message_id: str) -> Delivery | None:
        names = ((deliveries.c.notification_id, notification_id), (_PROVIDER_MESSAGE, provider_message_id))
        for column, name in names:
            if name and (
                row := (await self._session.execute(select(deliveries).where(column == name))).first()
            ):
                return _delivery(row)
        return None

    async def replace(self, delivery: Delivery) -> None:
        await self._session.execute(update(deliveries).where(_is_named(delivery)).values(_row(delivery)))

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
_IS_ABOUT_AN_ACCOUNT = deliveries.c.order_id == ""
_PROVIDER_MESSAGE = deliveries.c.provider_message_id


def _is_named(delivery: Delivery) -> ColumnElement[bool]:
    return deliveries.c.notification_id == delivery.notification_id


def _is_mine(delivery: Delivery, holder: str) -> ColumnElement[bool]:
    return _is_named(delivery) & (deliveries.c.holder == holder) & _IS_UNSENT


def _handed_to(limit: ClaimLimit) -> ColumnElement[str]:
    """Who gets a mail that is claimed: the one that may have it already, or who takes mails of its kind."""
    return case(
        (deliveries.c.provider > "", deliveries.c.provider),
        (_IS_ABOUT_AN_ACCOUNT, limit.accounts.provider),
        else_=limit.orders.provider,
    )


def _is_pending_and_due(now: datetime) -> ColumnElement[bool]:
    return _IS_PENDING & (deliveries.c.due_time <= now)


def _is_rarely_due(now: datetime) -> ColumnElement[bool]:
    """Waiting until its time was over; or further ahead than any pause, as the clock was set back since."""
    is_far_ahead = deliveries.c.due_time > now + LONGEST_PAUSE
    return or_(_IS_WAITING & (deliveries.c.due_time <= now), _IS_PENDING & is_far_ahead)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(_is_pending_and_due(now), _is_rarely_due(now))


def _filters(which: MailFilter) -> Sequence[ColumnElement[bool]]:
    wanted = (
        (deliveries.c.order_id, which.order_id),
        (deliveries.c.user_id, which.user_id),
        (deliveries.c.state, which.state.value if which.state else ""),
    )
    return [column == value for column, value in wanted if value]


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
        "answer": delivery.answer.value,
        "answer_code": delivery.answer_code[:_LONGEST_CODE],
        "feedback": delivery.feedback.value,
        "feedback_detail": delivery.feedback_detail[:_LONGEST_CODE],
        "feedback_time": delivery.feedback_time,
        "holder": _NOBODY,
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
    )
