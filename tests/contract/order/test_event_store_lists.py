"""What every event store promises of reading many orders, page by page; run over every adapter."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.order.application.ports import EventStore, Position, Selection
from tests.support.commits import commit
from tests.support.order_world import ALICE, BOB, MORNING


async def test_streams_are_listed_newest_first_each_once(store: EventStore) -> None:
    for number, minutes in enumerate((1, 3, 2, 2)):
        await store.append(commit(f"order-{number}", minutes=minutes))
    await store.append(commit("order-0", versions=(2,), minutes=9))

    listed = await store.newest(Selection(), after=None, limit=10)

    assert [stream.order_id for stream in listed] == ["order-1", "order-2", "order-3", "order-0"]
    assert [len(stream.events) for stream in listed] == [1, 1, 1, 2]


async def test_a_list_goes_on_behind_any_position(store: EventStore) -> None:
    for number, minutes in enumerate((1, 3, 2, 2)):
        await store.append(commit(f"order-{number}", minutes=minutes))
    after, seen = None, []

    while page := await store.newest(Selection(), after=after, limit=1):
        seen.append(page[0].order_id)
        after = Position(page[0].commits[0].commit_time, page[0].order_id)

    assert seen == ["order-1", "order-2", "order-3", "order-0"]


async def test_streams_are_selected_by_customer_and_time(store: EventStore) -> None:
    for number in range(4):
        await store.append(commit(f"order-{number}", minutes=number, customer_id=(ALICE, BOB)[number % 2]))

    async def ids(selection: Selection) -> list[str]:
        return [each.order_id for each in await store.newest(selection, after=None, limit=10)]

    minute = timedelta(minutes=1)
    assert await ids(Selection(customer_id=BOB)) == ["order-3", "order-1"]
    assert await ids(Selection(min_place_time=MORNING + minute, max_place_time=MORNING + 3 * minute)) == [
        "order-2",
        "order-1",
    ]


async def test_all_streams_are_read_by_order_id_page_by_page(store: EventStore) -> None:
    for number in (3, 1, 2):
        await store.append(commit(f"order-{number}"))
    await store.append(commit("order-1", versions=(2, 3)))
    after, seen = None, []

    while page := await store.streams(after=after, limit=2):
        seen.append([(stream.order_id, len(stream.commits)) for stream in page])
        after = page[-1].order_id

    assert seen == [[("order-1", 2), ("order-2", 1)], [("order-3", 1)]]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
async def test_the_bytes_of_whole_orders_are_read_page_by_page(store: EventStore, limit: int) -> None:
    for number in (3, 1, 2):
        await store.append(commit(f"order-{number}"))
    await store.append(commit("order-1", versions=(2, 3)))
    await store.append(commit("order-1", versions=(4,)))
    seen: list[tuple[str, Sequence[bytes]]] = []
    after = None

    while page := await store.bodies(after=after, limit=limit):
        seen += page
        after = page[-1][0]

    assert [(order_id, len(bodies)) for order_id, bodies in seen] == [
        ("order-1", 4),
        ("order-2", 1),
        ("order-3", 1),
    ]
    assert list(seen[0][1]) == [f"order-1 v{version} ä".encode() for version in (1, 2, 3, 4)]


async def test_several_streams_are_read_at_once(store: EventStore) -> None:
    for number in range(3):
        await store.append(commit(f"order-{number}"))

    found = await store.several(["order-2", "order-9", "order-0"])

    assert {stream.order_id for stream in found} == {"order-0", "order-2"}
    assert await store.several([]) == []
