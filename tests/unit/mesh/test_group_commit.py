"""Items of many callers in few runs, each with its own outcome."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar

import pytest

from mesh.concurrency.group_commit import GroupCommit
from mesh.concurrency.task_group import Tasks

call: ContextVar[str] = ContextVar("call", default="none")


class Store:
    """Doubles numbers, refuses those below zero, and fails as a whole while it is broken."""

    def __init__(self) -> None:
        self.groups: list[Sequence[int]] = []
        self.calls: list[str] = []
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False

    async def run(self, numbers: Sequence[int]) -> Sequence[int | Exception]:
        self.groups.append(numbers)
        self.begun.set()
        self.calls.append(call.get())
        await self.open.wait()
        if self.broken:
            raise ConnectionError("away")
        return [2 * number if number >= 0 else ValueError(number) for number in numbers]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    async with Tasks() as running:
        yield running


async def test_each_item_has_its_own_outcome(store: Store, tasks: Tasks) -> None:
    commits = GroupCommit(store.run, most=100, tasks=tasks)

    outcomes = await asyncio.gather(*map(commits.submit, (1, -2, 3)), return_exceptions=True)

    assert outcomes[::2] == [2, 6]
    assert isinstance(outcomes[1], ValueError)
    assert store.groups == [(1, -2, 3)]


async def test_items_gather_while_a_group_runs_up_to_the_most(store: Store, tasks: Tasks) -> None:
    commits = GroupCommit(store.run, most=4, tasks=tasks)
    store.open.clear()
    first = asyncio.ensure_future(commits.submit(0))
    await store.begun.wait()

    later = [asyncio.ensure_future(commits.submit(number)) for number in range(1, 8)]
    await asyncio.sleep(0)
    store.open.set()

    assert await asyncio.gather(first, *later) == [2 * number for number in range(8)]
    assert store.groups == [(0,), (1, 2, 3, 4), (5, 6, 7)]


async def test_a_group_waits_for_its_turn_and_grows_meanwhile(store: Store, tasks: Tasks) -> None:
    turn = asyncio.Lock()
    commits = GroupCommit(store.run, most=100, tasks=tasks, turn=lambda: turn)
    async with turn:
        waiting = [asyncio.ensure_future(commits.submit(number)) for number in range(3)]
        for _ in range(5):
            await asyncio.sleep(0)
        waiting.append(asyncio.ensure_future(commits.submit(3)))
        await asyncio.sleep(0)
        assert not store.groups

    assert await asyncio.gather(*waiting) == [0, 2, 4, 6]
    assert store.groups == [(0, 1, 2, 3)]


async def test_what_befalls_a_group_is_raised_for_all_and_the_next_goes_on(
    store: Store, tasks: Tasks
) -> None:
    commits = GroupCommit(store.run, most=100, tasks=tasks)
    store.broken = True

    outcomes = await asyncio.gather(*map(commits.submit, (1, 2)), return_exceptions=True)
    store.broken = False

    assert [type(each) for each in outcomes] == [ConnectionError, ConnectionError]
    assert await commits.submit(3) == 6


async def test_the_item_of_a_caller_that_has_gone_is_run(store: Store, tasks: Tasks) -> None:
    commits = GroupCommit(store.run, most=100, tasks=tasks)
    gone = asyncio.ensure_future(commits.submit(1))
    await asyncio.sleep(0)
    gone.cancel()

    assert await commits.submit(2) == 4
    assert gone.cancelled()
    assert [number for group in store.groups for number in group] == [1, 2]


@pytest.mark.parametrize(("detached", "counted"), [(False, "the first"), (True, "none")])
async def test_a_group_counts_for_the_call_that_opened_it_or_for_none(
    store: Store, tasks: Tasks, detached: bool, counted: str
) -> None:
    commits = GroupCommit(store.run, most=100, tasks=tasks, detached=detached)
    call.set("the first")
    first = asyncio.ensure_future(commits.submit(1))
    await asyncio.sleep(0)
    call.set("another")

    await asyncio.gather(first, commits.submit(2))

    assert store.calls[0] == counted
