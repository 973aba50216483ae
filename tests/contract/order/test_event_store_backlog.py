"""What every event store promises of unpublished commits and open orders; run over every adapter."""

from datetime import timedelta

from services.order.application.ports import EventStore, OpenOrder
from tests.support.commits import commit
from tests.support.order_world import MORNING


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

    await store.mark_closed("order-1", 1)
    assert len(await store.open_orders(after=None, limit=10)) == 1
    await store.mark_closed("order-1", 2)
    await store.mark_closed("order-1", 2)

    assert await store.open_orders(after=None, limit=10) == []


async def test_a_commit_that_is_not_open_settles_those_before_it(store: EventStore) -> None:
    await store.append(commit(is_open=True))
    await store.append(commit(versions=(2,)))

    assert await store.open_orders(after=None, limit=10) == []


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
