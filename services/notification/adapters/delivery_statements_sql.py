"""The statements about deliveries that every mail takes."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    String,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from mesh.sql import Prepared
from mesh.sql.columns import UtcTime
from services.notification.adapters.tables import deliveries
from services.notification.domain.delivery import DeliveryState

NOBODY = ""
UNCLAIMED = f"""
SELECT 1 FROM deliveries WHERE state = '{DeliveryState.PENDING.value}' AND holder = '{NOBODY}' UNION ALL
SELECT 1 FROM deliveries WHERE state = '{DeliveryState.WAITING.value}' UNION ALL
SELECT 1 FROM erased_mails LIMIT 1
"""  # noqa: S608 - constants
"""Finds a row while a sender has to look: what is claimed is due again at a known time."""

IS_PENDING = deliveries.c.state == DeliveryState.PENDING.value
IS_WAITING = deliveries.c.state == DeliveryState.WAITING.value
IS_UNSENT = or_(IS_PENDING, IS_WAITING)

_COLUMNS = [column.name for column in deliveries.c if column.name != "position"]
_IS_ABOUT_AN_ACCOUNT = deliveries.c.order_id == ""
_IS_NAMED = deliveries.c.notification_id == bindparam("named")
_IS_DUE = IS_PENDING & (deliveries.c.due_time <= bindparam("now"))
# Waiting until its time was over; or further ahead than any pause, as the clock was set back since.
_IS_RARELY_DUE = or_(
    IS_WAITING & (deliveries.c.due_time <= bindparam("now")),
    IS_PENDING & (deliveries.c.due_time > bindparam("far_ahead")),
)
# Who gets a mail that is claimed: the one that may have it already, or who takes mails of its kind.
_HANDED_TO = case(
    (deliveries.c.provider > "", deliveries.c.provider),
    (_IS_ABOUT_AN_ACCOUNT, bindparam("of_accounts", type_=String)),
    else_=bindparam("of_orders", type_=String),
)
_LOST = bindparam("lost", type_=Integer)


def _oldest(which: ColumnElement[bool]) -> Prepared:
    found = select(deliveries.c.position, deliveries.c.order_id).where(which)
    return Prepared(found.order_by(deliveries.c.due_time, deliveries.c.position).limit(bindparam("limit")))


def _claims(*which: ColumnElement[bool]) -> Prepared:
    return Prepared(select(deliveries).where(*which).order_by(deliveries.c.position))


def _earliest(which: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(func.min(deliveries.c.due_time)).where(which).scalar_subquery()


def _kinds_of_unsent() -> Prepared:
    kind = (deliveries.c.state, deliveries.c.template, deliveries.c.provider)
    times = (deliveries.c.wait_time, deliveries.c.retry_time, deliveries.c.create_time)
    since = func.coalesce(*times, type_=UtcTime)
    counted = select(*kind, func.count().label("count"), func.min(since).label("oldest"))
    return Prepared(counted.where(IS_UNSENT).group_by(*kind))


@cache
def at_positions(count: int) -> Prepared:
    """Deliveries at so many positions: `position0`, `position1` and so on."""
    return _claims(deliveries.c.position.in_([bindparam(f"position{number}") for number in range(count)]))


POSITION_OF = Prepared(select(deliveries.c.position).where(_IS_NAMED))
ADD = Prepared(insert(deliveries), _COLUMNS)

# Each is answered by an index, however long the backlog is.
DUE = _oldest(_IS_DUE)
ACCOUNTS_DUE = _oldest(_IS_DUE & _IS_ABOUT_AN_ACCOUNT)
ORDERS_DUE = _oldest(_IS_DUE & ~_IS_ABOUT_AN_ACCOUNT)
RARELY_DUE = _oldest(_IS_RARELY_DUE)

PUT_OFF = Prepared(
    update(deliveries)
    .where(
        _IS_NAMED,
        IS_UNSENT,
        deliveries.c.holder == NOBODY,
        deliveries.c.attempts == 0,
        deliveries.c.lost_answers == 0,
    )
    # What waits for a provider is due when that takes mails.
    .values(
        due_time=case((IS_PENDING, bindparam("new_due_time", type_=UtcTime)), else_=deliveries.c.due_time)
    )
)
CLAIM = Prepared(
    update(deliveries)
    .where(deliveries.c.position == bindparam("at_position"), or_(_IS_DUE, _IS_RARELY_DUE))
    .values(holder=bindparam("to_holder"), due_time=bindparam("until"), handed_to=_HANDED_TO)
)
CLAIMED_BY = _claims(deliveries.c.holder == bindparam("of_holder"), IS_PENDING)
CLAIMED_LONG_AGO = _claims(
    deliveries.c.holder > NOBODY, deliveries.c.due_time <= bindparam("now"), IS_PENDING
)

RECORD = Prepared(
    update(deliveries).where(_IS_NAMED, deliveries.c.holder == bindparam("of_holder"), IS_UNSENT), _COLUMNS
)
RECORD_SENT = Prepared(
    update(deliveries)
    .where(_IS_NAMED, deliveries.c.state != DeliveryState.SENT.value)
    .values(lost_answers=case((deliveries.c.lost_answers > _LOST, deliveries.c.lost_answers), else_=_LOST)),
    [name for name in _COLUMNS if name != "lost_answers"],
)

NEXT_DUE = Prepared(
    select(
        _earliest(IS_PENDING & _IS_ABOUT_AN_ACCOUNT),
        _earliest(IS_PENDING & ~_IS_ABOUT_AN_ACCOUNT),
        _earliest(IS_WAITING),
    )
)
UNSENT = _kinds_of_unsent()
