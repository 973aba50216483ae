"""Refilling an event log that has lost events from the event store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mesh.event_log import EventLog, open_event_log
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from tests.component.order.lost import Shop, open_shop, streams


@pytest.fixture
async def shop(mongodb_or_none: str | None, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path, mongodb_or_none) as opened:
        yield opened


@asynccontextmanager
async def empty_log(home: Path) -> AsyncIterator[EventLog]:
    async with open_event_log(MeshSettings(home=home / "lost")) as log:
        yield log


async def versions(log: EventLog) -> list[tuple[str, int]]:
    return [(each.record.key, each.record.version) async for each in log.replay(ORDER_EVENTS)]


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
