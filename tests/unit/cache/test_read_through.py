"""The cache over a source that a test can hold up."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from mesh.cache.read_through import ReadThroughCache
from mesh.concurrency.task_group import Tasks
from tests.support.cached import Clock, Source, local_cache, read_through
from tests.support.waiting import eventually


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    async with Tasks() as running:
        yield running


@pytest.fixture
def source() -> Source:
    return Source({"MUG-RED": 1, "MUG-BLUE": 1})


async def begun(source: Source, reads: int) -> None:
    """Wait until the source was asked so often."""

    async def is_asked() -> bool:
        return len(source.reads) >= reads

    await eventually(is_asked, f"{reads} reads")


async def test_what_was_found_is_not_asked_for_again(source: Source, tasks: Tasks) -> None:
    cache = read_through(source, tasks)

    first = await cache.find(["MUG-RED", "MUG-GONE"])
    second = await cache.find(["MUG-GONE", "MUG-RED"])

    assert first == second == {"MUG-RED": "MUG-RED v1"}
    assert source.reads == [("MUG-RED", "MUG-GONE")]


async def test_a_thousand_concurrent_misses_of_one_key_are_one_question(source: Source, tasks: Tasks) -> None:
    cache = read_through(source, tasks)

    answers = await asyncio.gather(*(cache.find(["MUG-RED"]) for _ in range(1000)))

    assert source.reads == [("MUG-RED",)]
    assert answers == [{"MUG-RED": "MUG-RED v1"}] * 1000


async def test_only_what_nobody_has_asked_for_is_asked_for(source: Source, tasks: Tasks) -> None:
    cache = read_through(source, tasks)
    source.held_up.clear()

    both = [asyncio.ensure_future(cache.find(keys)) for keys in (["MUG-RED"], ["MUG-RED", "MUG-BLUE"])]
    await begun(source, 2)
    source.held_up.set()

    assert (await asyncio.gather(*both))[1] == {"MUG-RED": "MUG-RED v1", "MUG-BLUE": "MUG-BLUE v1"}
    assert source.reads == [("MUG-RED",), ("MUG-BLUE",)]


async def test_after_an_invalidation_the_source_is_asked_again(source: Source, tasks: Tasks) -> None:
    cache = read_through(source, tasks)
    await cache.find(["MUG-RED"])

    source.commit("MUG-RED")
    cache.invalidate(["MUG-RED"])

    assert await cache.find(["MUG-RED"]) == {"MUG-RED": "MUG-RED v2"}


@pytest.mark.parametrize(
    "forget",
    [
        lambda cache: cache.invalidate(["MUG-RED"]),
        lambda cache: cache.forget(["MUG-RED"]),
        lambda cache: cache.forget_all(),
    ],
    ids=["invalidate", "forget", "forget_all"],
)
async def test_a_slow_reader_does_not_bring_back_what_was_forgotten(
    source: Source, tasks: Tasks, forget: Callable[[ReadThroughCache[str]], None]
) -> None:
    cache = read_through(source, tasks)
    source.held_up.clear()
    slow = asyncio.ensure_future(cache.find(["MUG-RED"]))
    await begun(source, 1)

    source.commit("MUG-RED")
    forget(cache)
    later = asyncio.ensure_future(cache.find(["MUG-RED"]))
    await begun(source, 2)
    source.held_up.set()

    assert await slow == {"MUG-RED": "MUG-RED v1"}
    assert await later == {"MUG-RED": "MUG-RED v2"}
    assert await cache.find(["MUG-RED"]) == {"MUG-RED": "MUG-RED v2"}


async def test_a_product_that_is_added_is_found_although_it_was_known_to_be_missing(
    source: Source, tasks: Tasks
) -> None:
    cache = read_through(source, tasks)
    await cache.find(["MUG-NEW"])

    source.commit("MUG-NEW")
    cache.invalidate(["MUG-NEW"])

    assert await cache.find(["MUG-NEW"]) == {"MUG-NEW": "MUG-NEW v1"}


async def test_an_entry_near_its_end_is_answered_at_once_and_loaded_anew_once(
    source: Source, tasks: Tasks
) -> None:
    clock = Clock()
    # Drawn: ends after 9.5 s, refreshed from 0.14 s before on.
    cache = read_through(source, tasks, clock=clock, local=local_cache(clock, random=0.5))
    await cache.find(["MUG-RED"])
    source.commit("MUG-RED")

    clock.now += 9.3
    before = await cache.find(["MUG-RED"])
    clock.now += 0.1
    early = await asyncio.gather(*(cache.find(["MUG-RED"]) for _ in range(100)))
    await begun(source, 2)

    async def is_new() -> bool:
        return await cache.find(["MUG-RED"]) == {"MUG-RED": "MUG-RED v2"}

    await eventually(is_new, "the refreshed entry is found")
    assert before == {"MUG-RED": "MUG-RED v1"}
    assert early == [{"MUG-RED": "MUG-RED v1"}] * 100
    assert source.reads == [("MUG-RED",)] * 2


async def test_who_gives_up_waiting_takes_the_answer_from_nobody(source: Source, tasks: Tasks) -> None:
    cache = read_through(source, tasks)
    source.held_up.clear()
    first = asyncio.ensure_future(cache.find(["MUG-RED"]))
    await begun(source, 1)
    second = asyncio.ensure_future(cache.find(["MUG-RED"]))
    await asyncio.sleep(0)

    first.cancel()
    source.held_up.set()

    assert await second == {"MUG-RED": "MUG-RED v1"}
    assert source.reads == [("MUG-RED",)]


async def test_everybody_who_waits_hears_of_a_failure_and_nothing_is_remembered(tasks: Tasks) -> None:
    class Broken(Source):
        async def load(self, keys: object) -> dict[str, object]:  # type: ignore[override]
            self.reads.append(("MUG-RED",))
            raise ConnectionError("the database is away")

    source = Broken()
    cache = read_through(source, tasks)

    for _ in range(2):
        answers = await asyncio.gather(*(cache.find(["MUG-RED"]) for _ in range(10)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [ConnectionError] * 10

    assert len(source.reads) == 2
