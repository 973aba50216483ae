"""What the inventory service could not handle: listed and redriven over gRPC."""

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from mesh.event_log.inbox.inbox import Outcome, SqlInbox
from mesh.topology import ORDER_EVENTS
from services.inventory.domain.reservation import RequestedLine
from services.inventory.entrypoints.consumer import CONSUMER
from services.kernel.envelope import Envelope
from shopmesh.events.v1 import parked_events_pb2 as pb
from shopmesh.inventory.v1.parking_service_pb2_grpc import StockParkingServiceStub
from tests.component.inventory.conftest import Inventory
from tests.support.events import envelope, morning, record
from tests.support.inventory.shop import ORDER, Shop, order_id
from tests.support.minting import bearer


async def park(shop: Shop, *types: str, number: int = 1) -> None:
    """Park an order's events as an older release did that could not handle the first one."""

    async def too_old(_session: object, _event: Envelope) -> None:
        raise LookupError("shipment")

    inbox = SqlInbox(shop.engine, CONSUMER, morning, retry_seconds=())
    for version, each in enumerate(types, start=1):
        event = record(ORDER_EVENTS, envelope(each, order_id(number), version))
        assert await inbox.deliver(event, too_old) is Outcome.PARKED


async def reserve(shop: Shop, number: int) -> None:
    await shop.reservations.reserve(order_id(number), [RequestedLine("MUG-RED", 2)], actor=ORDER)
    await shop.reservations.commit(order_id(number), actor=ORDER)


async def test_parked_events_are_listed_and_go_in_order_once_they_can(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    await reserve(inventory.shop, 1)
    await reserve(inventory.shop, 2)
    await park(inventory.shop, "OrderPlaced", "OrderConfirmed", "OrderShipped")
    await park(inventory.shop, "OrderCancelled", number=2)
    parking = StockParkingServiceStub(inventory.served.channel)

    first = await parking.ListParkedEvents(pb.ListParkedEventsRequest(page_size=3), **inventory.as_admin)
    rest = await parking.ListParkedEvents(
        pb.ListParkedEventsRequest(page_token=first.next_page_token), **inventory.as_admin
    )

    assert [(each.type, each.reason) for each in first.events] == [
        ("OrderPlaced", "LookupError: shipment"),
        ("OrderConfirmed", "behind version 1"),
        ("OrderShipped", "behind version 1"),
    ]
    assert [(each.key, each.topic) for each in rest.events] == [(order_id(2), ORDER_EVENTS)]
    assert rest.next_page_token == ""

    only_second = pb.RedriveParkedEventsRequest(key=order_id(2))
    answer = await parking.RedriveParkedEvents(only_second, **inventory.as_admin)
    assert (answer.handled, answer.remaining) == (1, 0)
    answer = await parking.RedriveParkedEvents(pb.RedriveParkedEventsRequest(), **inventory.as_admin)
    assert (answer.handled, answer.remaining) == (3, 0)

    stock = await inventory.shop.stocks.get("MUG-RED")
    assert (stock.available, stock.on_hand, stock.reserved) == (3, 3, 0)
    assert not await inventory.shop.discrepancies()


async def test_who_may_only_look_may_not_let_go(inventory: Inventory) -> None:
    parking = StockParkingServiceStub(inventory.served.channel)
    auditor = bearer(inventory.served.mint.user("auditor-id", "audit"))
    assert not (await parking.ListParkedEvents(pb.ListParkedEventsRequest(), metadata=auditor)).events
    with pytest.raises(AioRpcError) as refused:
        await parking.RedriveParkedEvents(pb.RedriveParkedEventsRequest(), metadata=auditor)
    assert refused.value.code() is StatusCode.PERMISSION_DENIED
