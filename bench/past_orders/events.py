"""The events of past orders: in the event store, the index, the event log, and signed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from bench.past_orders.batches import Say, batches
from bench.past_orders.bulk_log import open_bulk_log
from bench.past_orders.history import Ending, History, PastOrder
from mesh.event_log import Record
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from services.kernel.clock import system_clock
from services.kernel.envelope import Envelope, hash_of
from services.order.adapters.head_log_file import FileHeadLog
from services.order.adapters.key_vault.key_ring_file import FileKeyRing
from services.order.adapters.key_vault.key_vault_aes import AesKeyVault
from services.order.adapters.key_vault.secret_file import read_or_make
from services.order.application.event_codec import SCHEMA_VERSIONS, payload_of, type_of
from services.order.application.place_order import PlaceOrder
from services.order.application.ports import Commit, Head, OrderRow, StoredEvent
from services.order.application.sealing import Sealing
from services.order.config import Settings
from services.order.domain.events import (
    CancelReason,
    OrderCancelled,
    OrderConfirmed,
    OrderEvent,
    OrderPlaced,
    OrderShipped,
    PlacedLine,
)
from services.order.domain.lines import Line, ShippingAddress
from services.order.domain.order import OrderState
from services.order.stores import open_stores

_GROUPS = ("inventory", "notification", "order-search")
_ADDRESS = ShippingAddress("Alice Adams", "Main Street 1", "", "Berlin", "", "10115", "DE")
_KEYS_AT_ONCE = 20
_DECIDED = timedelta(milliseconds=40)
_LAST: Mapping[Ending, tuple[OrderEvent, ...]] = {
    Ending.WAITING: (),
    Ending.SHIPPED: (OrderShipped(),),
    Ending.CANCELLED: (OrderCancelled(CancelReason.CUSTOMER),),
}
_STATES = {
    Ending.WAITING: OrderState.CONFIRMED,
    Ending.SHIPPED: OrderState.SHIPPED,
    Ending.CANCELLED: OrderState.CANCELLED,
}


class NotEmpty(Exception):
    """A store has orders already."""


async def fill_events(settings: MeshSettings, history: History, say: Say) -> None:
    """Store, index, publish and sign the events of all orders; no consumer gets them.

    Raises:
        NotEmpty: There are orders already, which the index would lose.
    """
    own = Settings.of(settings)
    async with open_stores(own) as stores:
        if await stores.events.count():
            raise NotEmpty("there are orders already: take another home")
        vault = AesKeyVault(stores.keys, ring=FileKeyRing(own.key_encryption_keys), clock=system_clock)
        heads = FileHeadLog(own.head_log, key=read_or_make(own.head_key))
        customers = iter(history.customers)
        # Some at once: for each the server is asked for what it will never lose, which takes a while.
        while several := list(islice(customers, _KEYS_AT_ONCE)):
            await asyncio.gather(*map(vault.require_open, several))
        past = _Past(Sealing(vault=vault))
        generation = await stores.index.begin()
        with open_bulk_log(settings) as log:
            for orders in batches(history, "events", say):
                commits = [commit for order in orders for commit in await past.commits_of(order)]
                await asyncio.gather(
                    stores.events.restore(commits),
                    stores.index.fill(generation, [_row(order) for order in orders]),
                    asyncio.to_thread(log.publish, [_record(commit) for commit in commits]),
                    heads.append([_head(commit) for commit in commits]),
                )
            await asyncio.to_thread(log.skip_to_end, _GROUPS, ORDER_EVENTS)
        await stores.index.finish(generation)


@dataclass(frozen=True, slots=True)
class _Past:
    """Knows what happened to an order."""

    sealing: Sealing

    async def commits_of(self, order: PastOrder) -> list[Commit]:
        """Its events, each stored by itself; nothing is left to do for the order."""
        prev_hash, commits = "", list[Commit]()
        happened = (await self._placed(order), _confirmed(order), *_LAST[order.ending])
        for version, event in enumerate(happened, start=1):
            envelope = _envelope(order, event, version, prev_hash)
            body = envelope.body()
            prev_hash = hash_of(body)
            commits.append(
                Commit(
                    order_id=order.order_id,
                    customer_id=order.customer_id,
                    commit_time=envelope.occur_time,
                    events=(StoredEvent(version, body, prev_hash),),
                    open=False,
                )
            )
        return commits

    async def _placed(self, order: PastOrder) -> OrderPlaced:
        command = PlaceOrder(
            order.customer_id,
            order.request_id,
            tuple(Line(each.ware.sku, each.quantity) for each in order.lines),
            _ADDRESS,
        )
        sealed = await self.sealing.seal_address(command, order_id=order.order_id, event_id=order.event_id(1))
        return OrderPlaced(
            customer_id=order.customer_id,
            request_id=order.request_id,
            lines=tuple(PlacedLine(each.ware.sku, each.ware.name, each.quantity) for each in order.lines),
            expected_total=None,
            shipping_address_sealed=sealed,
            command_digest=await self.sealing.digest(command),
        )


def _confirmed(order: PastOrder) -> OrderConfirmed:
    return OrderConfirmed(order.unit_prices, order.total)


def _envelope(order: PastOrder, event: OrderEvent, version: int, prev_hash: str) -> Envelope:
    name, trace = type_of(event), order.order_id.replace("-", "")
    return Envelope(
        event_id=order.event_id(version),
        type=name,
        schema_version=SCHEMA_VERSIONS[name],
        key=order.order_id,
        version=version,
        occur_time=_occur_time(order, version),
        actor=f"customer:{order.customer_id}",
        correlation=order.request_id,
        causation=order.request_id,
        trace=f"00-{trace}-{trace[:16]}-00",
        payload=payload_of(event),
        prev_hash=prev_hash,
    )


def _occur_time(order: PastOrder, version: int) -> datetime:
    match version:
        case 1:
            return order.place_time
        case 2:
            return order.place_time + _DECIDED
        case _:
            return order.end_time


def _row(order: PastOrder) -> OrderRow:
    return OrderRow(
        order_id=order.order_id,
        version=order.versions,
        customer_id=order.customer_id,
        state=_STATES[order.ending],
        place_time=order.place_time,
        skus=tuple(sorted(line.ware.sku for line in order.lines)),
        total=order.total,
    )


def _record(commit: Commit) -> Record:
    (event,) = commit.events
    return Record(ORDER_EVENTS, commit.order_id, event.version, event.body, event.hash)


def _head(commit: Commit) -> Head:
    (event,) = commit.events
    return Head(commit.order_id, event.version, event.hash)
