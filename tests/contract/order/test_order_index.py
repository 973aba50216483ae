"""What every order index promises; run over every adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mesh.mongodb.client import database_of, open_client
from services.kernel.money import Money
from services.order.adapters.search_index import search_index_sqlite
from services.order.adapters.search_index.search_index_mongo import MongoOrderIndex
from services.order.adapters.search_index.search_index_sqlite import SqliteOrderIndex
from services.order.application.ports import OrderIndex, OrderRow, Position, Search, Selection, Superseded
from services.order.domain.order import OrderState
from services.order.stores import open_database
from tests.support.order_world import ALICE, BOB, MORNING

Open = Callable[[Path], AbstractAsyncContextManager[OrderIndex]]
ALL = Search(Selection())


@asynccontextmanager
async def sqlite(home: Path) -> AsyncIterator[OrderIndex]:
    async with open_database(home / "search.db", search_index_sqlite.metadata) as engine:
        yield SqliteOrderIndex(engine)


def mongodb(url: str) -> Open:
    @asynccontextmanager
    async def opened(_home: Path) -> AsyncIterator[OrderIndex]:
        async with open_client(url) as client:
            index = MongoOrderIndex(database_of(client, url, "order"))
            await index.prepare()
            yield index

    return opened


@pytest.fixture(params=["sqlite", "mongodb"])
def open_index(request: pytest.FixtureRequest) -> Open:
    return sqlite if request.param == "sqlite" else mongodb(request.getfixturevalue("mongodb_url"))


@pytest.fixture
async def index(open_index: Open, tmp_path: Path) -> AsyncIterator[OrderIndex]:
    async with open_index(tmp_path) as opened:
        yield opened


def row(
    order_id: str = "order-1",
    version: int = 1,
    *,
    customer_id: str = ALICE,
    state: OrderState = OrderState.PENDING,
    minutes: int = 0,
    skus: tuple[str, ...] = ("MUG-RED",),
    total: Money | None = None,
) -> OrderRow:
    return OrderRow(order_id, version, customer_id, state, MORNING + timedelta(minutes=minutes), skus, total)


async def found(index: OrderIndex, search: Search = ALL) -> list[str]:
    rows = await index.find(search, after=None, limit=100)
    assert await index.count(search) == len(rows)
    return [each.order_id for each in rows]


async def stored(index: OrderIndex, generation: int) -> list[OrderRow]:
    return list(await index.rows(generation, after=None, limit=100))


async def test_a_row_is_read_back_as_it_was_stored(index: OrderIndex) -> None:
    rows = [row(), row("order-2", 3, skus=("A", "B"), total=Money("EUR", 12, 500_000_000), minutes=-1)]

    await index.upsert(rows)

    assert await index.find(ALL, after=None, limit=10) == rows
    assert await stored(index, await index.current()) == rows


async def test_an_empty_index_finds_nothing(index: OrderIndex) -> None:
    await index.upsert([])

    assert await found(index) == []


async def test_a_newer_row_replaces_an_older_one_and_never_the_other_way(index: OrderIndex) -> None:
    newer = row(version=2, state=OrderState.CONFIRMED, total=Money("EUR", 5))
    await index.upsert([row()])
    await index.upsert([newer])
    await index.upsert([row()])
    await index.upsert([replace(newer, state=OrderState.SHIPPED)])

    assert await index.find(ALL, after=None, limit=10) == [newer]


async def test_of_rows_stored_at_once_the_newest_stays(
    open_index: Open, index: OrderIndex, tmp_path: Path
) -> None:
    async with open_index(tmp_path) as other:
        versions = [row(version=version) for version in range(1, 21)]

        await asyncio.gather(*((index, other)[each.version % 2].upsert([each]) for each in versions))

    assert await index.find(ALL, after=None, limit=10) == [versions[-1]]


async def test_orders_are_found_newest_first_behind_any_position(index: OrderIndex) -> None:
    await index.upsert(
        [row(f"order-{number}", minutes=minutes) for number, minutes in enumerate((1, 3, 2, 2))]
    )
    after, seen = None, []

    while page := await index.find(ALL, after=after, limit=1):
        seen.append(page[0].order_id)
        after = Position(page[0].place_time, page[0].order_id)

    assert seen == await found(index) == ["order-1", "order-2", "order-3", "order-0"]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (Search(Selection(customer_id=BOB)), ["order-3", "order-1"]),
        (Search(Selection(), state=OrderState.SHIPPED), ["order-2"]),
        (Search(Selection(), sku="TEAPOT"), ["order-3", "order-0"]),
        (Search(Selection(min_place_time=MORNING + timedelta(minutes=2))), ["order-3", "order-2"]),
        (Search(Selection(max_place_time=MORNING + timedelta(minutes=2))), ["order-1", "order-0"]),
        (Search(Selection(customer_id=ALICE), state=OrderState.PENDING, sku="TEAPOT"), ["order-0"]),
        (Search(Selection(customer_id=BOB), sku="NOTHING"), []),
    ],
)
async def test_orders_are_found_by_customer_state_time_and_sku(
    index: OrderIndex, search: Search, expected: Sequence[str]
) -> None:
    await index.upsert(
        [
            row("order-0", skus=("MUG-RED", "TEAPOT")),
            row("order-1", minutes=1, customer_id=BOB),
            row("order-2", minutes=2, state=OrderState.SHIPPED),
            row("order-3", minutes=3, customer_id=BOB, skus=("TEAPOT",)),
        ]
    )

    assert await found(index, search) == expected


async def test_orders_with_a_sku_are_found_page_by_page(index: OrderIndex) -> None:
    search = Search(Selection(), sku="MUG-RED")
    await index.upsert([row(f"order-{number}", minutes=-number) for number in range(5)])

    first = await index.find(search, after=None, limit=2)
    second = await index.find(search, after=Position(first[1].place_time, first[1].order_id), limit=10)

    assert [each.order_id for each in (*first, *second)] == [f"order-{number}" for number in range(5)]


async def test_a_generation_is_read_by_order_id_page_by_page(index: OrderIndex) -> None:
    rows = [row(f"order-{number}", minutes=-number) for number in range(5)]
    await index.upsert(rows)
    current = await index.current()

    first = await index.rows(current, after=None, limit=3)
    second = await index.rows(current, after=first[-1].order_id, limit=3)

    assert [*first, *second] == rows
    assert await index.rows(current, after=second[-1].order_id, limit=3) == []


async def test_what_is_built_is_not_read_before_it_is_finished(index: OrderIndex) -> None:
    await index.upsert([row("old")])
    before = await index.current()

    generation = await index.begin()
    await index.fill(generation, [row("new")])

    assert await found(index) == ["old"]
    assert await index.current() == before
    await index.finish(generation)
    assert await found(index) == ["new"]
    assert await index.current() == generation


async def test_what_happens_while_a_generation_is_built_is_in_both(index: OrderIndex) -> None:
    generation = await index.begin()
    await index.upsert([row(version=2)])
    await index.fill(generation, [row(version=1), row("order-2")])

    assert await found(index) == ["order-1"]
    assert await stored(index, generation) == [row(version=2), row("order-2")]


async def test_a_fill_repeats_itself_without_effect_and_brings_older_rows_up(index: OrderIndex) -> None:
    generation = await index.begin()
    for version in (1, 1, 3, 2):
        await index.fill(generation, [row(version=version), row("order-2")])
    await index.fill(generation, [])

    assert await stored(index, generation) == [row(version=3), row("order-2")]


async def test_only_the_last_one_that_was_begun_goes_on(index: OrderIndex) -> None:
    first = await index.begin()
    second = await index.begin()

    with pytest.raises(Superseded):
        await index.fill(first, [row()])
    with pytest.raises(Superseded):
        await index.finish(first)
    await index.finish(second)
    with pytest.raises(Superseded):
        await index.finish(second)


async def test_a_generation_that_was_replaced_or_given_up_is_deleted_bit_by_bit(index: OrderIndex) -> None:
    await index.upsert([row(f"old-{number}") for number in range(3)])
    replaced = await index.current()
    given_up = await index.begin()
    await index.fill(given_up, [row("lost")])
    generation = await index.begin()
    await index.fill(generation, [row("new", skus=("MUG-RED", "TEAPOT"))])
    await index.finish(generation)
    building = await index.begin()
    await index.fill(building, [row("next")])

    deleted = [await index.discard(limit=2) for _ in range(4)]

    assert sum(deleted) == 4
    assert max(deleted) <= 2
    assert deleted[-1] == 0
    assert await stored(index, replaced) == await stored(index, given_up) == []
    assert await found(index, Search(Selection(), sku="TEAPOT")) == ["new"]
    assert await stored(index, building) == [row("next")]


async def test_readers_see_a_whole_generation_at_any_time(
    open_index: Open, index: OrderIndex, tmp_path: Path
) -> None:
    await index.upsert([row(f"order-{number}", minutes=number) for number in range(50)])
    seen = set()

    async def rebuild() -> None:
        for _ in range(5):
            generation = await index.begin()
            for number in range(0, 50, 10):
                rows = [row(f"order-{each}", minutes=each) for each in range(number, number + 10)]
                await index.fill(generation, rows)
            await index.finish(generation)
            while await index.discard(limit=20):
                pass

    async with open_index(tmp_path) as reader, asyncio.TaskGroup() as group:
        rebuilding = group.create_task(rebuild())
        while not rebuilding.done():
            seen.add(len(await reader.find(ALL, after=None, limit=100)))

    assert seen == {50}
