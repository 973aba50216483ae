"""Questions of many calls in few statements."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from mesh.cache.batching import Batcher
from mesh.concurrency.task_group import Tasks


class Statements:
    """Counts what is sent, and how much of it at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.under_way = 0
        self.most_under_way = 0
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def load(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.sizes.append(len(keys))
        self.begun.set()
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self.open.wait()
        await asyncio.sleep(0)
        self.under_way -= 1
        return {key: key.lower() for key in keys if key != "GONE"}


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    async with Tasks() as running:
        yield running


def batcher(statements: Statements, tasks: Tasks, *, most_at_once: int = 4) -> Batcher[str]:
    return Batcher(statements.load, most_keys=199, most_at_once=most_at_once, tasks=tasks)


@pytest.mark.parametrize("count", [1, 10, 199, 200, 398, 399, 500])
async def test_one_question_takes_one_statement_per_199_keys(tasks: Tasks, count: int) -> None:
    statements = Statements()

    found = await batcher(statements, tasks).find([f"SKU-{number}" for number in range(count)])

    assert len(found) == count
    assert len(statements.sizes) == math.ceil(count / 199)


async def test_questions_of_one_moment_share_a_statement(tasks: Tasks) -> None:
    statements = Statements()
    batches = batcher(statements, tasks)

    answers = await asyncio.gather(*(batches.find([f"SKU-{number}"]) for number in range(150)))

    assert statements.sizes == [150]
    assert answers[7] == {"SKU-7": "sku-7"}


async def test_while_the_database_is_busy_questions_gather(tasks: Tasks) -> None:
    statements = Statements()
    batches = batcher(statements, tasks, most_at_once=2)
    statements.open.clear()
    asked = []
    for number in range(50):
        asked.append(asyncio.ensure_future(batches.find([f"SKU-{number}"])))
        for _ in range(3):
            await asyncio.sleep(0)
    statements.open.set()
    await asyncio.gather(*asked)

    assert statements.sizes == [1, 1, 48]
    assert statements.most_under_way == 2


async def test_an_answer_has_what_was_asked_for_and_exists(tasks: Tasks) -> None:
    batches = batcher(Statements(), tasks)

    first, second = await asyncio.gather(batches.find(["A", "GONE"]), batches.find(["B", "A"]))

    assert (first, second) == ({"A": "a"}, {"B": "b", "A": "a"})
    assert await batches.find([]) == {}


async def test_a_question_that_comes_during_a_statement_is_not_answered_by_it(tasks: Tasks) -> None:
    statements = Statements()
    batches = batcher(statements, tasks)
    statements.open.clear()
    first = asyncio.ensure_future(batches.find(["A"]))
    await asyncio.wait_for(statements.begun.wait(), 10)
    second = asyncio.ensure_future(batches.find(["A"]))
    await asyncio.sleep(0)
    statements.open.set()
    await asyncio.gather(first, second)

    assert statements.sizes == [1, 1]
