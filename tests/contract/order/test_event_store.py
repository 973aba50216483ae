"""What every event store promises; run over every adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from services.order.adapters import event_store_sqlite
from services.order.adapters.event_store_sqlite import SqliteEventStore
from services.order.application.ports import (
    EventStore,
    OpenOrder,
    Position,
    Selection,
    VersionTaken,
)
from services.order.stores import open_database
from tests.support.commits import commit
from tests.support.mongo_stores import open_mongo_store
from tests.support.order_world import ALICE, BOB, MORNING

Open = Callable[[Path], AbstractAsyncContextManager[EventStore]]


@asynccontextmanager
async def sqlite(home: Path) -> AsyncIterator[EventStore]:
    async with (
        open_database(home / "order.db", event_store_sqlite.metadata) as engine,
        SqliteEventStore.opened(engine) as store,
    ):
        yield store


def mongodb(url: str) -> Open:
    return lambda _home: open_mongo_store(url)


@pytest.fixture(params=["sqlite", "mongodb"])
def open_store(request: pytest.FixtureRequest) -> Open:
    return sqlite if request.param == "sqlite" else mongodb(request.getfixturevalue("mongodb_url"))


@pytest.fixture
async def store(open_store: Open, tmp_path: Path) -> AsyncIterator[EventStore]:
    async with open_store(tmp_path) as opened:
        yield opened


async def test_a_stream_is_read_back_byte_by_byte(store: EventStore) -> None:
    first, second = commit(), commit(versions=(2, 3, 4), minutes=1)
    await store.append(first)
    await store.append(second)

    stream = await store.read("order-1")

    assert stream is not None
    assert stream.commits == (first, second)
    assert [event.version for event in stream.events] == [1, 2, 3, 4]
    assert stream.events[2].body == "order-1 v3 ä".encode()


async def test_there_is_no_stream_of_an_unknown_order(store: EventStore) -> None:
    assert await store.read("order-1") is None


async def test_a_version_is_taken_once(store: EventStore) -> None:
    await store.append(commit(content="winner "))

    with pytest.raises(VersionTaken):
        await store.append(commit(content="loser "))

    stream = await store.read("order-1")
    assert stream is not None
    assert stream.commits == (commit(content="winner "),)


@pytest.mark.parametrize("versions", [(2,), (3,), (2, 3), (3, 4)])
async def test_commits_never_overlap(store: EventStore, versions: Sequence[int]) -> None:
    """Also where only a later event of either commit meets the other."""
    await store.append(commit())
    await store.append(commit(versions=(2, 3)))

    with pytest.raises(VersionTaken):
        await store.append(commit(versions=versions, content="late "))

    stream = await store.read("order-1")
    assert stream is not None
    assert [event.version for event in stream.events] == [1, 2, 3]


async def test_of_many_appends_of_a_version_one_wins(
    open_store: Open, store: EventStore, tmp_path: Path
) -> None:
    async with open_store(tmp_path) as other:
        outcomes = await asyncio.gather(
            *((store, other)[number % 2].append(commit(content=f"{number} ")) for number in range(20)),
            return_exceptions=True,
        )

    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, VersionTaken) for outcome in outcomes) == 19


async def test_of_appends_at_once_one_that_is_refused_takes_no_other_along(store: EventStore) -> None:
    await store.append(commit("order-3", content="first "))

    outcomes = await asyncio.gather(
        *(store.append(commit(f"order-{number}")) for number in range(6)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [type(None)] * 3 + [VersionTaken] + [type(None)] * 2
    stored = {stream.order_id: stream for stream in await store.streams(after=None, limit=10)}
    assert stored["order-3"].commits == (commit("order-3", content="first "),)
    assert len(stored) == 6


async def test_an_append_whose_caller_has_gone_is_finished(store: EventStore) -> None:
    gone = asyncio.create_task(store.append(commit("order-1")))
    await asyncio.sleep(0)

    gone.cancel()
    await store.append(commit("order-2"))

    assert await store.read("order-1") is not None


async def test_an_append_is_there_for_every_process(
    open_store: Open, store: EventStore, tmp_path: Path
) -> None:
    async with open_store(tmp_path) as other:
        await store.append(commit())

        assert await other.read("order-1") is not None


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


async def test_unpublished_commits_come_in_the_order_of_id_and_version(store: EventStore) -> None:
    await store.append(commit("order-2"))
    await store.append(commit("order-1"))
    await store.append(commit("order-1", versions=(2, 3)))

    waiting = await store.unpublished(after=None, limit=10)

    assert [(each.order_id, each.version) for each in waiting] == [
        ("order-1", 1),
        ("order-1", 2),
        ("order-2", 1),
    ]
    assert [event.version for event in waiting[1].events] == [2, 3]
    assert await store.unpublished(after=("order-1", 2), limit=10) == [waiting[2]]
    assert await store.unpublished(after=None, limit=1) == [waiting[0]]


async def test_what_was_published_is_not_listed_again(store: EventStore) -> None:
    await store.append(commit())
    await store.append(commit(versions=(2,)))
    first, second = await store.unpublished(after=None, limit=10)

    await store.mark_published([first])
    await store.mark_published([first])
    await store.mark_published([])

    assert await store.unpublished(after=None, limit=10) == [second]


async def test_of_several_orders_only_these_versions_are_published(store: EventStore) -> None:
    for order_id in ("order-1", "order-2"):
        await store.append(commit(order_id))
        await store.append(commit(order_id, versions=(2,)))
    one, two, other_one, other_two = await store.unpublished(after=None, limit=10)

    await store.mark_published([one, other_two])

    assert await store.unpublished(after=None, limit=10) == [two, other_one]


async def test_publishing_changes_no_byte(store: EventStore) -> None:
    await store.append(commit())
    before = await store.read("order-1")

    await store.mark_published(await store.unpublished(after=None, limit=10))

    assert await store.read("order-1") == before


async def test_open_orders_are_listed_the_longest_open_first(store: EventStore) -> None:
    await store.append(commit("order-1", minutes=5, is_open=True))
    await store.append(commit("order-2", minutes=1, is_open=True))
    await store.append(commit("order-2", versions=(2,), minutes=7, is_open=True))
    await store.append(commit("order-3", minutes=0))
    await store.append(commit("order-4", minutes=5, is_open=True))

    everything = await store.open_orders(after=None, limit=10)

    assert [each.order_id for each in everything] == ["order-2", "order-1", "order-4"]
    assert everything[0] == OpenOrder("order-2", MORNING + timedelta(minutes=1))
    assert await store.open_orders(after=everything[0], limit=1) == [everything[1]]
    assert await store.open_orders(after=everything[1], limit=1) == [everything[2]]


async def test_an_order_is_settled_up_to_a_version(store: EventStore) -> None:
    await store.append(commit(is_open=True))
    await store.append(commit(versions=(2,), is_open=True))

    await store.settle("order-1", 1)
    assert len(await store.open_orders(after=None, limit=10)) == 1
    await store.settle("order-1", 2)
    await store.settle("order-1", 2)

    assert await store.open_orders(after=None, limit=10) == []


async def test_a_commit_that_is_not_open_settles_those_before_it(store: EventStore) -> None:
    await store.append(commit(is_open=True))
    await store.append(commit(versions=(2,)))

    assert await store.open_orders(after=None, limit=10) == []


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


async def test_restored_commits_are_read_back_and_count_as_published(store: EventStore) -> None:
    commits = [commit(is_open=True), commit(versions=(2,), minutes=1), commit("order-2", is_open=True)]

    await store.restore(commits)

    stream = await store.read("order-1")
    assert stream is not None
    assert [event for each in stream.commits for event in each.events] == [
        *commits[0].events,
        *commits[1].events,
    ]
    assert await store.unpublished(after=None, limit=10) == []


async def test_restored_commits_are_open_until_they_are_settled(store: EventStore) -> None:
    await store.restore([commit(is_open=True), commit("order-2", is_open=True)])
    await store.restore([commit(versions=(2,)), commit(versions=(3,), minutes=2, is_open=True)])

    assert await store.open_orders(after=None, limit=10) == [
        OpenOrder("order-2", MORNING),
        OpenOrder("order-1", MORNING + timedelta(minutes=2)),
    ]


async def test_a_version_that_is_there_is_not_restored_over(store: EventStore) -> None:
    await store.append(commit(content="first "))

    with pytest.raises(VersionTaken):
        await store.restore([commit(content="other ")])

    stream = await store.read("order-1")
    assert stream is not None
    assert stream.commits == (commit(content="first "),)


async def test_a_store_that_answers_is_reachable(store: EventStore) -> None:
    assert await store.is_reachable()
