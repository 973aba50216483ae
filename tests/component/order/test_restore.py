"""Restoring the event store from the event log, and what is found to be wrong meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from mesh.event_log import Record
from mesh.topology import ORDER_EVENTS
from services.kernel.envelope import Envelope, hash_of
from services.order.adapters.event_store.published_events_log import LogPublishedEvents
from services.order.application.maintenance.restore import Restore
from services.order.application.ports import Stream
from services.order.domain.order import OrderState
from tests.component.order.lost import Shop, open_shop, streams
from tests.support.order_world import Crash, OrderWorld, mugs


@pytest.fixture
async def shop(mongodb_or_none: str | None, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path, mongodb_or_none) as opened:
        yield opened


async def test_an_empty_store_is_restored_and_verifies_against_the_signed_heads(shop: Shop) -> None:
    orders = [await shop.cancelled(f"order-{number}") for number in range(3)]
    for order_id in orders:
        await shop.publish(order_id)
        await shop.sign(order_id)

    restored = await shop.restore().run()

    assert (restored.read, restored.restored, restored.findings) == (9, 9, [])
    assert await streams(shop.after) == await streams(shop.before)
    page = await shop.after.audit.verify_all(requested_size=0, page_token="")
    assert [(order_id, found.findings) for order_id, found in page.checked] == [
        (order_id, ()) for order_id in sorted(orders)
    ]


async def test_restoring_again_changes_nothing_and_repeated_events_count_once(shop: Shop) -> None:
    order_id = await shop.cancelled()
    await shop.publish(order_id)
    await shop.publish(order_id)
    first = await shop.restore().run()
    before = await streams(shop.after)

    second = await shop.restore().run()

    assert (first.read, first.restored) == (6, 3)
    assert (second.read, second.restored, second.findings) == (6, 0, [])
    assert await streams(shop.after) == before


async def test_what_is_restored_is_not_published_again(shop: Shop) -> None:
    await shop.publish(await shop.cancelled())

    await shop.restore().run()

    assert await shop.after.adapters.store.unpublished(after=None, limit=10) == []


async def test_a_pending_order_is_gone_on_with_and_a_release_is_made_again(shop: Shop) -> None:
    shop.before.inventory.be_silent()
    pending = (await shop.before.place(mugs(1, request_id="pending"))).order_id
    shop.before.inventory.answer_again()
    cancelled = await shop.cancelled("cancelled")
    confirmed = (await shop.before.place(mugs(1, request_id="confirmed"))).order_id
    for order_id in (pending, cancelled, confirmed):
        await shop.publish(order_id)

    await shop.restore().run()
    opened = await shop.after.adapters.store.open_orders(after=None, limit=10)
    shop.after.clock.advance(minutes=1)
    await shop.after.manage()

    assert {each.order_id for each in opened} == {pending, cancelled}
    assert (await shop.after.order(pending)).state is OrderState.CONFIRMED
    assert not await shop.after.is_open()


async def test_a_stream_shorter_than_its_signed_head_is_listed(shop: Shop) -> None:
    short, gone = await shop.cancelled("short"), await shop.cancelled("gone")
    await shop.publish(short, 1, 2)
    for order_id in (short, gone):
        await shop.sign(order_id)

    restored = await shop.restore().run()

    assert {(each.order_id, each.version) for each in restored.findings} == {(short, 3), (gone, 1)}
    assert {each.problem.partition(":")[0] for each in restored.findings} == {"shorter than its signed head"}


async def test_a_version_behind_a_missing_one_is_left_out_and_reported(shop: Shop) -> None:
    order_id = await shop.cancelled()
    await shop.publish(order_id, 1, 3)

    restored = await shop.restore().run()

    assert [(each.version, each.problem) for each in restored.findings] == [
        (3, "the version before it is missing")
    ]
    assert len((await streams(shop.after))[order_id]) == 1


async def forge(shop: Shop, order_id: str, version: int) -> None:
    """Publish another event for a version."""
    stream = await shop.before.adapters.store.read(order_id)
    assert stream is not None
    body = replace(Envelope.from_body(stream.events[version - 1].body), actor="staff:mallory").body()
    await shop.log.publish(Record(ORDER_EVENTS, order_id, version, body, hash_of(body)))


@pytest.mark.parametrize("forged_first", [True, False])
async def test_of_two_events_for_a_version_the_signed_one_is_restored_and_the_other_reported(
    shop: Shop, forged_first: bool
) -> None:
    order_id = await shop.cancelled()
    await shop.sign(order_id)
    await shop.publish(order_id, 1)
    if forged_first:
        await forge(shop, order_id, 2)
    await shop.publish(order_id, 2)
    if not forged_first:
        await forge(shop, order_id, 2)
    await shop.publish(order_id, 3)

    restored = await shop.restore().run()

    assert await streams(shop.after) == await streams(shop.before)
    assert [(each.order_id, each.version) for each in restored.findings] == [(order_id, 2)]


async def test_what_is_stored_is_compared_and_not_overwritten(shop: Shop) -> None:
    order_id = await shop.cancelled()
    await shop.publish(order_id)
    await shop.restore().run()
    before = await streams(shop.after)
    await forge(shop, order_id, 2)

    restored = await shop.restore().run()

    assert [(each.version, each.problem) for each in restored.findings] == [
        (2, "another event was published than is stored; neither is signed")
    ]
    assert await streams(shop.after) == before


async def test_bytes_that_are_no_event_are_reported_and_stop_nothing(shop: Shop) -> None:
    order_id = await shop.cancelled()
    await shop.log.publish(Record(ORDER_EVENTS, "nonsense", 1, b"nonsense", hash_of(b"nonsense")))
    await shop.log.publish(Record(ORDER_EVENTS, "damaged", 1, b"nonsense", hash_of(b"another")))
    await shop.publish(order_id)

    restored = await shop.restore().run()

    assert {each.order_id for each in restored.findings} == {"nonsense", "damaged"}
    assert list(await streams(shop.after)) == [order_id]


async def test_a_restoration_that_dies_is_repeated_with_the_same_result(shop: Shop) -> None:
    for number in range(4):
        await shop.publish(await shop.cancelled(f"order-{number}"))
    store = shop.after.adapters.store
    await store.restore([(await only(shop.before, 0)).commits[0]])

    def crash(_stage: str, done: int, _total: int) -> None:
        if done:
            raise Crash("restoration")

    dying = Restore(
        store=store,
        published=LogPublishedEvents(shop.log),
        heads=shop.after.adapters.heads,
        progress=crash,
    )
    with pytest.raises(Crash):
        await dying.run()
    await shop.restore().run()

    assert await streams(shop.after) == await streams(shop.before)


async def only(world: OrderWorld, number: int) -> Stream:
    return (await world.adapters.store.streams(after=None, limit=10))[number]


async def test_orders_may_go_on_while_the_store_is_restored(shop: Shop) -> None:
    pending = [f"order-{number}" for number in range(5)]
    for request_id in pending:
        await shop.publish(await shop.cancelled(request_id), 1)

    await asyncio.gather(
        shop.restore().run(),
        *(shop.after.place(mugs(1, request_id=f"new-{number}")) for number in range(5)),
    )

    assert len(await streams(shop.after)) == 10


async def test_a_rehearsed_restoration_tells_the_same_and_stores_nothing(shop: Shop) -> None:
    order_id = await shop.cancelled()
    await shop.publish(order_id)
    await shop.publish(await shop.cancelled("short"), 1, 3)

    rehearsed = await shop.restore().rehearse()

    assert await streams(shop.after) == {}
    assert rehearsed == await shop.restore().run()
