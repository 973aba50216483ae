"""What the order service could not handle: listed and redriven over gRPC."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from mesh.event_log.inbox.inbox import INBOX_TABLES, Outcome, SqlInbox
from mesh.topology import INVENTORY_EVENTS, USER_EVENTS
from services.kernel.envelope import Envelope
from services.order.entrypoints.consumer import CONSUMER
from services.order.entrypoints.stock_consumer import STOCK_CONSUMER
from services.order.stores import open_database
from shopmesh.events.v1 import parked_events_pb2 as pb
from shopmesh.order.v1 import order_service_pb2 as orders
from shopmesh.order.v1.parking_service_pb2_grpc import OrderParkingServiceStub
from tests.component.order.conftest import Shop
from tests.component.order.ordering import mugs, place
from tests.support.events import envelope, morning, record
from tests.support.minting import ALICE
from tests.support.serving import reason_of


async def park(tmp_path: Path, consumer: str, topic: str, *events: Envelope) -> None:
    """Park events as an older release did that could not handle the first one."""

    async def too_old(_session: object, _event: Envelope) -> None:
        raise LookupError("claims")

    async with open_database(inbox_of(tmp_path), *INBOX_TABLES) as database:
        inbox = SqlInbox(database, consumer, morning, retry_seconds=())
        for event in events:
            assert await inbox.deliver(record(topic, event), too_old) is Outcome.PARKED


def damage(database: Path) -> None:
    """Overwrite each page of a database; its open connections see that it has changed."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("CREATE TABLE change (id)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with database.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(100)
        file.write(b"x" * (size - 100))


def inbox_of(tmp_path: Path) -> Path:
    return tmp_path / "order" / "embedded" / "order_inbox.db"


def stock_event(type_: str, version: int, payload: dict[str, Any]) -> Envelope:
    return envelope(type_, "MUG-RED", version, payload)


async def test_parked_events_are_listed_and_go_in_order_once_they_can(tmp_path: Path, shop: Shop) -> None:
    cancelled, shipped = [(await place(shop, mugs(1, each))).order_id for each in ("one", "two")]
    short = {"missing": 1, "claims": [{"orderId": cancelled, "quantity": 1}]}
    left = {"orderId": shipped, "quantity": 1}
    behind = stock_event("ShipmentReported", 2, left)
    await park(tmp_path, STOCK_CONSUMER, INVENTORY_EVENTS, stock_event("StockShort", 1, short), behind)
    await park(tmp_path, CONSUMER, USER_EVENTS, envelope("UserRegistered", ALICE, 1))
    parking, staff = OrderParkingServiceStub(shop.order.channel), shop.staff("orders:fulfil")

    first = await parking.ListParkedEvents(pb.ListParkedEventsRequest(page_size=2), metadata=staff)
    rest = await parking.ListParkedEvents(
        pb.ListParkedEventsRequest(page_size=2, page_token=first.next_page_token), metadata=staff
    )

    assert [(each.key, each.version, each.type) for each in (*first.events, *rest.events)] == [
        ("MUG-RED", 1, "StockShort"),
        ("MUG-RED", 2, "ShipmentReported"),
        (ALICE, 1, "UserRegistered"),
    ]
    assert [each.reason for each in first.events] == ["LookupError: claims", "behind version 1"]
    assert rest.next_page_token == ""

    only_alice = pb.RedriveParkedEventsRequest(key=ALICE)
    answer = await parking.RedriveParkedEvents(only_alice, metadata=staff)
    assert (answer.handled, answer.remaining) == (1, 0)
    answer = await parking.RedriveParkedEvents(pb.RedriveParkedEventsRequest(), metadata=staff)
    assert (answer.handled, answer.remaining) == (2, 0)

    states = [await state_of(shop, each) for each in (cancelled, shipped)]
    assert states == ["ORDER_STATE_CANCELLED", "ORDER_STATE_SHIPPED"]
    listed = await parking.ListParkedEvents(pb.ListParkedEventsRequest(), metadata=staff)
    assert not listed.events


async def test_a_store_that_cannot_be_read_is_said_with_when_to_try_again(tmp_path: Path, shop: Shop) -> None:
    damage(inbox_of(tmp_path))
    parking, staff = OrderParkingServiceStub(shop.order.channel), shop.staff("orders:fulfil")

    with pytest.raises(AioRpcError) as refused:
        await parking.ListParkedEvents(pb.ListParkedEventsRequest(), metadata=staff)

    assert refused.value.code() is StatusCode.UNAVAILABLE
    assert reason_of(refused.value) == "STORE_UNAVAILABLE"


async def test_a_page_token_of_another_list_is_refused(shop: Shop) -> None:
    request = pb.ListParkedEventsRequest(page_token="bm9uc2Vuc2U=")
    with pytest.raises(AioRpcError) as refused:
        await OrderParkingServiceStub(shop.order.channel).ListParkedEvents(
            request, metadata=shop.staff("audit")
        )
    assert refused.value.code() is StatusCode.INVALID_ARGUMENT
    assert reason_of(refused.value) == "INVALID_PAGE_TOKEN"


async def test_who_may_only_look_may_not_let_go(shop: Shop) -> None:
    parking, auditor = OrderParkingServiceStub(shop.order.channel), shop.staff("audit")
    assert not (await parking.ListParkedEvents(pb.ListParkedEventsRequest(), metadata=auditor)).events
    with pytest.raises(AioRpcError) as refused:
        await parking.RedriveParkedEvents(pb.RedriveParkedEventsRequest(), metadata=auditor)
    assert refused.value.code() is StatusCode.PERMISSION_DENIED


async def state_of(shop: Shop, order_id: str) -> str:
    request = orders.GetOrderRequest(order_id=order_id)
    found = await shop.orders.GetOrder(request, metadata=shop.token(ALICE))
    return orders.OrderState.Name(found.order.state)
