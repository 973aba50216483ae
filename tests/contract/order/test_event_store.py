"""What every event store promises of appending to one order and reading it; run over every adapter."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.order.application.ports import EventStore, VersionTaken
from tests.contract.order.conftest import Open
from tests.support.commits import commit


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


async def test_a_version_that_is_there_is_not_restored_over(store: EventStore) -> None:
    await store.append(commit(content="first "))

    with pytest.raises(VersionTaken):
        await store.restore([commit(content="other ")])

    stream = await store.read("order-1")
    assert stream is not None
    assert stream.commits == (commit(content="first "),)


async def test_a_store_that_answers_is_reachable(store: EventStore) -> None:
    assert await store.is_reachable()
