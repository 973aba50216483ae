"""P20: how many events per second the consumer groups of inventory and notification handle."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from uuid import uuid4

from bench.estimates import estimate
from bench.figures import Figure, at_least
from bench.plan import Plan
from mesh.event_log import Delivery, EventLog, Record, Subscription
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import SqlInbox
from mesh.event_log.sqlite.log import SqliteEventLog
from mesh.event_log.sqlite.places import groups_file
from mesh.sql import sqlite_url
from mesh.topology import ORDER_EVENTS
from services.inventory import server as inventory
from services.inventory.adapters.ledger_sql import no_listener
from services.inventory.config import Settings as InventorySettings
from services.notification import server as notification
from services.notification.adapters.unit_of_work_sql import SqlUnit
from services.notification.application.intake import Intake
from services.notification.entrypoints.consumer import CONSUMER, TOPICS, intake_effect
from tests.support.events import envelope, morning, record
from tests.support.mail import ALICE

_ORDERS = 1500
_QUICK_ORDERS = 100
_AT_ONCE = 200
_PRICE = {"currencyCode": "EUR", "units": "12", "nanos": 500_000_000}
_KNOWN = at_least(3000, 10_000)
_NEW = at_least(800, 2000)

_Opened = Callable[[Path, EventLog], AbstractAsyncContextManager[Consumer]]


class _WatchedLog(SqliteEventLog):
    """The embedded log, and a moment at which a group has handled all of it."""

    last: int
    is_handled: asyncio.Event

    @asynccontextmanager
    async def consume(self, group: str, topics: Sequence[str]) -> AsyncIterator[Subscription]:
        async with super().consume(group, topics) as subscription:
            commit = subscription.commit

            async def watched(delivery: Delivery) -> None:
                await commit(delivery)
                if delivery.offset >= self.last:
                    self.is_handled.set()

            subscription.commit = watched  # type: ignore[method-assign]
            yield subscription


async def events_per_second(plan: Plan) -> AsyncIterator[Figure]:
    """P20: events/s of the groups over an embedded log, new ones and known ones; no mail is sent."""
    for name, opened in (("inventory", _inventory), ("notification", _notification)):
        rounds = [
            await _handled_and_dropped(plan, plan.room(f"p20-{name}-{number}"), opened)
            for number in range(plan.pairs)
        ]
        for place, what, bound in ((0, "new ones handled", _NEW), (1, "known ones dropped", _KNOWN)):
            rates = estimate([each[place] for each in rounds])
            yield Figure("P20", f"{name}: events per second, {what}", rates, "events/s", bound)


async def _handled_and_dropped(plan: Plan, room: Path, opened: _Opened) -> tuple[float, float]:
    """Events per second when a group meets them, and when it meets them again."""
    events = list(_events(_QUICK_ORDERS if plan.is_quick else _ORDERS))
    log_file = room / "event_log.db"
    async with _WatchedLog.opened(log_file) as log:
        assert isinstance(log, _WatchedLog)
        for first in range(0, len(events), _AT_ONCE):
            await asyncio.gather(*map(log.publish, events[first : first + _AT_ONCE]))
        log.last = len(events)
        async with opened(room, log) as consumer:
            handled = len(events) / await _seconds(consumer, log)
            with closing(sqlite3.connect(groups_file(log_file))) as connection, connection:
                connection.execute("DELETE FROM positions")
            dropped = len(events) / await _seconds(consumer, log)
    return handled, dropped


async def _seconds(consumer: Consumer, log: _WatchedLog) -> float:
    """How long a consumer takes for the whole log."""
    log.is_handled = asyncio.Event()
    began = time.perf_counter()
    consuming = asyncio.create_task(consumer.run())
    await log.is_handled.wait()
    seconds = time.perf_counter() - began
    consuming.cancel()
    await asyncio.gather(consuming, return_exceptions=True)
    return seconds


@asynccontextmanager
async def _inventory(room: Path, log: EventLog) -> AsyncIterator[Consumer]:
    settings = InventorySettings(database_url=sqlite_url(room / "inventory.db"))
    async with inventory.open_database(settings) as engine:
        yield inventory.order_consumer(engine, log, clock=morning, settings=settings, changed=no_listener)


@asynccontextmanager
async def _notification(room: Path, log: EventLog) -> AsyncIterator[Consumer]:
    async with notification.open_database(sqlite_url(room / "notification.db")) as engine:
        inbox = SqlInbox(engine, CONSUMER, morning)
        yield Consumer(log, CONSUMER, TOPICS, inbox, intake_effect(Intake(clock=morning), SqlUnit))


def _events(orders: int) -> Iterator[Record]:
    """Orders that are placed and confirmed, in the order in which a busy shop publishes them."""
    ids = [str(uuid4()) for _ in range(orders)]
    placed = {"customerId": ALICE, "lines": [{"sku": "MUG-RED", "name": "Enamel mug, red", "quantity": 1}]}
    confirmed = {"unitPrices": [_PRICE], "total": _PRICE}
    for version, type_, payload in ((1, "OrderPlaced", placed), (2, "OrderConfirmed", confirmed)):
        for order_id in ids:
            yield record(ORDER_EVENTS, envelope(type_, order_id, version, payload))
