"""What is known of orders, in SQL."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from mesh import sql
from services.kernel.money import Money
from services.notification.adapters.tables import order_summaries
from services.notification.domain.order_summary import OrderedLine, OrderSummary, Parcel


class SqlOrderSummaryStore:
    """The orders of one transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def get(self, order_id: str) -> OrderSummary | None:
        row = (await self._session.execute(_FIND, {"named": order_id})).one_or_none()
        return None if row is None else _summary(row)

    async def put(self, summary: OrderSummary) -> None:
        if await self.get(summary.order_id) is None:
            await self._session.execute(ADD, row_of(summary))
        else:
            await self.replace(summary)

    async def replace(self, summary: OrderSummary) -> None:
        await self._session.execute(_REPLACE, {"named": summary.order_id, **row_of(summary)})

    async def forget(self, customer_id: str) -> None:
        nothing = OrderSummary.erased("")
        theirs = update(order_summaries).where(order_summaries.c.customer_id == customer_id)
        await self._session.execute(theirs.values(customer_id="", content=_content(nothing)))


_IS_NAMED = order_summaries.c.order_id == bindparam("named")
_FIND = sql.Prepared(select(order_summaries).where(_IS_NAMED))
ADD = sql.Prepared(insert(order_summaries))
_REPLACE = sql.Prepared(update(order_summaries).where(_IS_NAMED))


def row_of(summary: OrderSummary) -> dict[str, Any]:
    """What `ADD` takes."""
    return {"order_id": summary.order_id, "customer_id": summary.customer_id, "content": _content(summary)}


def _content(summary: OrderSummary) -> Mapping[str, Any]:
    return {
        "lines": [
            {
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "unitPrice": _stored(line.unit_price),
                "available": line.available,
            }
            for line in summary.lines
        ],
        "total": _stored(summary.total),
        "reason": summary.reason,
        "isDelivered": summary.is_delivered,
        "cancelled": dict(summary.cancelled),
        "parcels": [
            {
                "shipmentId": parcel.shipment_id,
                "notificationId": parcel.notification_id,
                "pieces": dict(parcel.pieces),
                "carrier": parcel.carrier,
                "trackingNumber": parcel.tracking_number,
            }
            for parcel in summary.parcels
        ],
    }


def _summary(row: Any) -> OrderSummary:
    return OrderSummary(
        order_id=row.order_id,
        customer_id=row.customer_id,
        lines=tuple(_line(line) for line in row.content["lines"]),
        total=_money(row.content["total"]),
        reason=row.content["reason"],
        # Written since an order's end is known here.
        is_delivered=row.content.get("isDelivered", False),
        # Written since orders leave in parts.
        cancelled=row.content.get("cancelled", {}),
        parcels=tuple(_parcel(parcel) for parcel in row.content.get("parcels", ())),
    )


def _parcel(parcel: Mapping[str, Any]) -> Parcel:
    return Parcel(
        shipment_id=parcel["shipmentId"],
        notification_id=parcel["notificationId"],
        pieces=parcel["pieces"],
        carrier=parcel["carrier"],
        tracking_number=parcel["trackingNumber"],
    )


def _line(line: Mapping[str, Any]) -> OrderedLine:
    return OrderedLine(
        sku=line["sku"],
        name=line["name"],
        quantity=line["quantity"],
        unit_price=_money(line["unitPrice"]),
        available=line["available"],
    )


def _stored(money: Money | None) -> list[Any] | None:
    return None if money is None else [money.currency_code, money.units, money.nanos]


def _money(stored: list[Any] | None) -> Money | None:
    return None if stored is None else Money(*stored)
