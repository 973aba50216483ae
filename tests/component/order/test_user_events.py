"""What the order service does when an account is erased."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh.event_log import EventLog, Record, open_event_log
from mesh.event_log.inbox.inbox import INBOX_TABLES
from mesh.settings import MeshSettings
from mesh.topology import USER_EVENTS
from services.kernel.envelope import hash_of
from services.order.domain.order import order_id_of
from services.order.server import user_consumer
from services.order.stores import open_database
from tests.support.events import envelope, running
from tests.support.order_world import ALICE, BOB, OrderWorld, cause, in_time, mugs, open_world
from tests.support.waiting import eventually


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[OrderWorld]:
    async with open_world(tmp_path) as opened:
        yield opened


async def publish(log: EventLog, type_: str, user_id: str, version: int) -> None:
    body = envelope(type_, user_id, version, {"userId": user_id}).body()
    await log.publish(Record(USER_EVENTS, user_id, version, body, hash_of(body)))


async def test_an_erased_account_loses_its_personal_data_and_no_other_does(
    tmp_path: Path, world: OrderWorld
) -> None:
    for customer_id in (ALICE, BOB):
        order = await world.place(mugs(1, customer_id=customer_id))
        await world.orders.cancel(order.order_id, customer_id, cause(), deadline=in_time())

    async def is_erased() -> bool:
        view = await world.views.get(order_id_of(ALICE, "breakfast"), customer_id=ALICE)
        return view.shipping_address is None

    async with (
        open_event_log(MeshSettings(home=tmp_path)) as log,
        open_database(tmp_path / "order_inbox.db", *INBOX_TABLES) as inbox,
        running(user_consumer(inbox, log, world.customers, clock=world.clock).run()),
    ):
        for user_id in (ALICE, BOB):
            await publish(log, "UserRegistered", user_id, 1)
        await publish(log, "UserErased", ALICE, 2)
        await eventually(is_erased, "Alice's address is gone")

    bobs = await world.views.get(order_id_of(BOB, "breakfast"), customer_id=BOB)
    assert bobs.shipping_address is not None
    assert (await world.audit.verify(order_id_of(ALICE, "breakfast"))).valid
