"""The mails of past orders, which were all sent, and what mails would show of them."""

from collections.abc import Iterator
from datetime import datetime

from bench.past_orders.batches import Say, batches
from bench.past_orders.history import Ending, History, PastOrder
from mesh import sql
from mesh.event_log.inbox.inbox_rows import InboxRows
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from services.notification.adapters import deliveries_sql, order_summaries_sql
from services.notification.adapters.delivery_statements_sql import ADD
from services.notification.adapters.mailer_folder import FOLDER
from services.notification.config import Settings
from services.notification.domain.delivery import Delivery
from services.notification.domain.order_summary import OrderedLine, OrderSummary
from services.notification.domain.template import Template
from services.notification.entrypoints.consumer import CONSUMER
from services.notification.server import open_database

_LAST = {
    Ending.WAITING: (),
    Ending.SHIPPED: (Template.ORDER_SHIPPED,),
    Ending.CANCELLED: (Template.ORDER_CANCELLED,),
}


async def fill_mails(settings: MeshSettings, history: History, say: Say) -> None:
    """Note the mails of all orders as sent."""
    inbox = InboxRows(CONSUMER)
    async with open_database(Settings.of(settings).database_url) as engine:
        for several in batches(history, "mails", say):
            summaries = [order_summaries_sql.row_of(_summary(order)) for order in several]
            sent = [deliveries_sql.row_of(each) for order in several for each in _deliveries(order)]
            async with sql.write(engine) as session:
                await session.execute(order_summaries_sql.ADD, summaries)
                await session.execute(ADD, sent)
                await inbox.advance(
                    session, {(ORDER_EVENTS, order.order_id): (0, order.versions) for order in several}
                )


def _summary(order: PastOrder) -> OrderSummary:
    lines = tuple(
        OrderedLine(line.ware.sku, line.ware.name, line.quantity, line.ware.price) for line in order.lines
    )
    reason = "CUSTOMER" if order.ending is Ending.CANCELLED else ""
    return OrderSummary(order.order_id, order.customer_id, lines, order.total, reason)


def _deliveries(order: PastOrder) -> Iterator[Delivery]:
    yield _sent(order, Template.ORDER_CONFIRMED, order.place_time)
    for template in _LAST[order.ending]:
        yield _sent(order, template, order.end_time)


def _sent(order: PastOrder, template: Template, time: datetime) -> Delivery:
    due = Delivery.due(template, subject_id=order.order_id, user_id=order.customer_id, trace="", now=time)
    return due.sent(time, FOLDER)
