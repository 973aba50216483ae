"""Making the index anew: under writes, killed midway, rehearsed, and the same every time."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.kernel.money import Money
from services.order.application.journal import history_of
from services.order.application.maintenance.rebuild import Rebuild
from services.order.application.ports import OrderRow, Search, Selection, Superseded
from services.order.application.queries.search_rows import digest_of, folded_row, row_of
from services.order.domain.order import OrderState, order_id_of
from tests.support.events import envelope
from tests.support.order_world import ALICE, Crash, OrderWorld, cause, in_time, mugs, open_world

ALL = Search(Selection())


@pytest.fixture(params=["sqlite", "mongodb"])
def url(request: pytest.FixtureRequest) -> str | None:
    """Where MongoDB is; None: in files."""
    return None if request.param == "sqlite" else request.getfixturevalue("mongodb_url")


@pytest.fixture
async def world(url: str | None, tmp_path: Path) -> AsyncIterator[OrderWorld]:
    async with open_world(tmp_path, mongodb_url=url) as opened:
        opened.inventory.sell("MUG-RED", Money("EUR", 12), available=10_000)
        yield opened


def rebuild_of(world: OrderWorld, *, crash_at: int | None = None) -> Rebuild:
    calls = itertools.count(1)

    def progress(_stage: str, _done: int, _total: int) -> None:
        if next(calls) == crash_at:
            raise Crash("rebuild")

    return Rebuild(store=world.adapters.store, index=world.adapters.index, progress=progress)


async def indexed(world: OrderWorld) -> dict[str, OrderRow]:
    index = world.adapters.index
    rows = await index.rows(await index.current(), after=None, limit=10_000)
    return {row.order_id: row for row in rows}


async def folded(world: OrderWorld) -> dict[str, OrderRow]:
    streams = await world.adapters.store.streams(after=None, limit=10_000)
    return {stream.order_id: row_of(history_of(stream).order) for stream in streams}


async def place(world: OrderWorld, *request_ids: str) -> None:
    for request_id in request_ids:
        await world.place(mugs(1, request_id=request_id))


async def test_a_rebuilt_index_is_the_fold_of_the_events(world: OrderWorld) -> None:
    await place(world, "one", "two", "three")
    await world.orders.cancel(order_id_of(ALICE, "two"), ALICE, cause(), deadline=in_time())

    rebuilt = await rebuild_of(world).run()

    assert await indexed(world) == await folded(world)
    assert (rebuilt.orders, rebuilt.events, rebuilt.unreadable) == (3, 7, ())
    assert rebuilt.generation == await world.adapters.index.current()


async def test_the_same_events_make_the_same_digest(world: OrderWorld) -> None:
    await place(world, "one", "two")

    first, second = await rebuild_of(world).run(), await rebuild_of(world).run()
    await place(world, "three")
    third = await rebuild_of(world).run()

    assert first.digest == second.digest != third.digest
    assert first.generation < second.generation < third.generation
    assert await digest_of(world.adapters.index, third.generation) == third.digest


async def test_orders_go_on_while_the_index_is_made_anew(world: OrderWorld) -> None:
    await place(world, *(f"before-{number}" for number in range(20)))
    await world.index()
    sizes = set()
    done = asyncio.Event()

    async def write() -> None:
        for number in range(20):
            order = await world.place(mugs(1, request_id=f"meanwhile-{number}"))
            await world.use_cases.projection.project([order.order_id])
            old = order_id_of(ALICE, f"before-{number}")
            await world.orders.cancel(old, ALICE, cause(), deadline=in_time())
            await world.use_cases.projection.project([old])
            found = await world.adapters.index.find(ALL, after=None, limit=1_000)
            sizes.add(len(found) - number)
        done.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        while not done.is_set():
            await rebuild_of(world).run()

    assert sizes == {21}
    assert await indexed(world) == await folded(world)
    assert (await rebuild_of(world).compare()).is_none


async def test_a_rebuild_that_dies_leaves_the_index_as_it_was_and_the_next_one_cleans_up(
    world: OrderWorld,
) -> None:
    await place(world, "one", "two")
    await world.index()
    before = await indexed(world)
    index = world.adapters.index

    with pytest.raises(Crash):
        await rebuild_of(world, crash_at=2).run()
    orphan = await index.current() + 1
    assert await index.rows(orphan, after=None, limit=10)
    assert await indexed(world) == before
    rebuilt = await rebuild_of(world).run()

    assert await index.rows(orphan, after=None, limit=10) == []
    assert rebuilt.generation > orphan
    assert await indexed(world) == before


async def test_of_two_rebuilds_at_once_the_later_one_counts(world: OrderWorld) -> None:
    await place(world, "one")
    first = rebuild_of(world)
    begun = await world.adapters.index.begin()
    await first.run()

    with pytest.raises(Superseded):
        await world.adapters.index.finish(begun)
    assert await indexed(world) == await folded(world)


async def test_a_rehearsal_tells_what_is_missing_extra_and_different_and_changes_nothing(
    world: OrderWorld,
) -> None:
    await place(world, "same", "missing", "different")
    index, rows = world.adapters.index, await folded(world)
    same, different = (rows[order_id_of(ALICE, name)] for name in ("same", "different"))
    extra = replace(same, order_id="ffffffff-0000-5000-8000-000000000000")
    await index.upsert([same, extra, replace(different, state=OrderState.SHIPPED)])
    before, generation = await indexed(world), await index.current()

    difference = await rebuild_of(world).compare()

    assert difference.missing.order_ids == [order_id_of(ALICE, "missing")]
    assert difference.extra.order_ids == [extra.order_id]
    assert difference.different.order_ids == [different.order_id]
    assert not difference.is_none
    assert await indexed(world) == before
    assert await index.current() == generation


async def test_a_rebuild_repairs_what_differs(world: OrderWorld) -> None:
    await place(world, "one", "two")
    row = (await folded(world))[order_id_of(ALICE, "one")]
    await world.adapters.index.upsert([replace(row, version=99, state=OrderState.DELIVERED)])

    await rebuild_of(world).run()

    assert await indexed(world) == await folded(world)


async def test_an_order_whose_events_make_none_is_reported_and_stops_no_other(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await place(world, "fine", "broken")
        broken = order_id_of(ALICE, "broken")
        await world.tamper("UPDATE events SET body = x'00' WHERE order_id = :id AND version = 1", id=broken)

        rebuilt = await rebuild_of(world).run()

        assert rebuilt.unreadable == (broken,)
        assert list(await indexed(world)) == [order_id_of(ALICE, "fine")]


async def test_an_event_that_was_edited_into_a_text_counts_as_its_bytes(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await place(world, "edited")
        order_id = order_id_of(ALICE, "edited")
        await world.tamper("UPDATE events SET body = CAST(body AS TEXT) WHERE order_id = :id", id=order_id)

        rebuilt = await rebuild_of(world).run()

        assert rebuilt.unreadable == ()
        assert await indexed(world) == await folded(world)


PLACED_WITHOUT_LINES = envelope("OrderPlaced", "order-1", 1, {"customerId": ALICE}).body()


@pytest.mark.parametrize(
    "bodies", [[], [b"\x00"], [b"[]"], [b'{"type":"OrderPlaced"}'], [PLACED_WITHOUT_LINES]]
)
def test_bytes_that_make_no_order_are_a_value_error(bodies: list[bytes]) -> None:
    with pytest.raises(ValueError, match="order-1"):
        folded_row("order-1", bodies)
