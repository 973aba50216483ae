"""Restoring the event store from the event log, and refilling a log that has lost events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mesh.event_log import EventLog, Record, open_event_log
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from services.kernel.envelope import Envelope, hash_of
from services.order.adapters.published_events_log import LogPublishedEvents
from services.order.application.ports import Head, Stream
from services.order.application.refill import Refill
from services.order.application.restore import Restore
from services.order.domain.order import OrderState, order_id_of
from tests.support.order_world import ALICE, Crash, OrderWorld, cause, in_time, mugs, open_world

BREAKFAST = order_id_of(ALICE, "breakfast")


@dataclass(frozen=True)
class Shop:
    """A world whose events were published and signed, and a second one that has lost its store."""

    before: OrderWorld
    after: OrderWorld
    log: EventLog

    async def publish(self, order_id: str, *versions: int) -> None:
        """What the relay does, of some versions."""
        stream = await self.before.outside.store.read(order_id)
        assert stream is not None
        for event in stream.events:
            if not versions or event.version in versions:
                await self.log.publish(Record(ORDER_EVENTS, order_id, event.version, event.body, event.hash))

    async def sign(self, order_id: str) -> None:
        stream = await self.before.outside.store.read(order_id)
        assert stream is not None
        for event in stream.events:
            await self.after.outside.heads.append([Head(order_id, event.version, event.hash)])

    async def cancelled(self, request_id: str = "breakfast") -> str:
        """An order with three events."""
        order = await self.before.place(mugs(1, request_id=request_id))
        await self.before.orders.cancel(order.order_id, ALICE, cause(), deadline=in_time())
        return order.order_id

    def restore(self) -> Restore:
        return Restore(
            store=self.after.outside.store,
            published=LogPublishedEvents(self.log),
            heads=self.after.outside.heads,
            progress=nothing,
        )

    def refill(self, log: EventLog | None = None) -> Refill:
        published = LogPublishedEvents(log or self.log)
        return Refill(store=self.before.outside.store, published=published, progress=nothing)


@pytest.fixture(params=["sqlite", "mongodb"])
def url(request: pytest.FixtureRequest) -> str | None:
    """Where MongoDB is; None: in files."""
    return None if request.param == "sqlite" else request.getfixturevalue("mongodb_url")


@pytest.fixture
async def shop(url: str | None, tmp_path: Path) -> AsyncIterator[Shop]:
    async with (
        open_world(tmp_path / "before") as before,
        open_world(
            tmp_path / "after", inventory=before.inventory, clock=before.clock, mongodb_url=url
        ) as after,
        open_event_log(MeshSettings(home=tmp_path)) as log,
    ):
        yield Shop(before, after, log)


def nothing(_stage: str, _done: int, _total: int) -> None:
    """No progress is shown."""


async def streams(world: OrderWorld) -> dict[str, tuple[object, ...]]:
    found: Sequence[Stream] = await world.outside.store.streams(after=None, limit=1_000)
    return {stream.order_id: stream.events for stream in found}


async def versions(log: EventLog) -> list[tuple[str, int]]:
    return [(each.record.key, each.record.version) async for each in log.replay(ORDER_EVENTS)]


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

    assert await shop.after.outside.store.unpublished(after=None, limit=10) == []


async def test_a_pending_order_is_gone_on_with_and_a_release_is_made_again(shop: Shop) -> None:
    shop.before.inventory.be_silent()
    pending = (await shop.before.place(mugs(1, request_id="pending"))).order_id
    shop.before.inventory.answer_again()
    cancelled = await shop.cancelled("cancelled")
    confirmed = (await shop.before.place(mugs(1, request_id="confirmed"))).order_id
    for order_id in (pending, cancelled, confirmed):
        await shop.publish(order_id)

    await shop.restore().run()
    opened = await shop.after.outside.store.open_orders(after=None, limit=10)
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
    stream = await shop.before.outside.store.read(order_id)
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
    store = shop.after.outside.store
    await store.restore([(await only(shop.before, 0)).commits[0]])

    def crash(_stage: str, done: int, _total: int) -> None:
        if done:
            raise Crash("restoration")

    dying = Restore(
        store=store,
        published=LogPublishedEvents(shop.log),
        heads=shop.after.outside.heads,
        progress=crash,
    )
    with pytest.raises(Crash):
        await dying.run()
    await shop.restore().run()

    assert await streams(shop.after) == await streams(shop.before)


async def only(world: OrderWorld, number: int) -> Stream:
    return (await world.outside.store.streams(after=None, limit=10))[number]


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


@asynccontextmanager
async def empty_log(home: Path) -> AsyncIterator[EventLog]:
    async with open_event_log(MeshSettings(home=home / "lost")) as log:
        yield log


async def test_a_lost_topic_is_refilled_in_the_order_of_versions(shop: Shop, tmp_path: Path) -> None:
    orders = [await shop.cancelled(f"order-{number}") for number in range(3)]
    async with empty_log(tmp_path) as log:
        refilled = await shop.refill(log).run()

        records = [each.record async for each in log.replay(ORDER_EVENTS)]
        by_order = {order: [each.version for each in records if each.key == order] for order in orders}
        assert by_order == {order_id: [1, 2, 3] for order_id in orders}
        assert (refilled.found, refilled.published, refilled.findings) == (0, 9, ())
        assert (await shop.refill(log).run()).published == 0


async def test_only_what_a_topic_lacks_is_published(shop: Shop) -> None:
    whole, part, none = [await shop.cancelled(name) for name in ("whole", "part", "none")]
    await shop.publish(whole)
    await shop.publish(part, 1)

    refilled = await shop.refill().run()

    assert (refilled.found, refilled.published) == (4, 5)
    assert sorted(await versions(shop.log)) == sorted(
        (order, version) for order in (whole, part, none) for version in (1, 2, 3)
    )


async def test_a_topic_that_has_later_versions_and_lacks_earlier_ones_is_left_alone(shop: Shop) -> None:
    holed, other = await shop.cancelled("holed"), await shop.cancelled("other")
    await shop.publish(holed, 1, 3)

    refilled = await shop.refill().run()

    assert [(each.order_id, each.version) for each in refilled.findings] == [(holed, 2)]
    assert refilled.published == 0
    assert await versions(shop.log) == [(holed, 1), (holed, 3)]
    assert other not in dict(await versions(shop.log))


async def test_a_rehearsed_refill_tells_the_same_and_publishes_nothing(shop: Shop) -> None:
    await shop.publish(await shop.cancelled(), 1)

    rehearsed = await shop.refill().rehearse()

    assert len(await versions(shop.log)) == 1
    assert rehearsed == await shop.refill().run()


async def test_what_was_refilled_restores_the_store_it_came_from(shop: Shop) -> None:
    for number in range(3):
        await shop.cancelled(f"order-{number}")

    await shop.refill().run()
    await shop.restore().run()

    assert await streams(shop.after) == await streams(shop.before)
