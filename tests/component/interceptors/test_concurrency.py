"""More calls of a class than a worker answers at the same time are refused; one that ends makes room."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import grpc
import pytest

from interceptors.core.call import Behavior, Call, begin
from interceptors.core.hooks import Hook, nest
from interceptors.core.hooks_fast_path import nest_hooks_in_one
from interceptors.core.status_error import StatusError
from interceptors.rate_limit.concurrency import ConcurrencyInterceptor
from mesh.contract import Method, load_contract

MOST = 3
CONTEXT: Any = None
Nest = Callable[[Sequence[Hook], Behavior, str], Behavior]
LIMITED = [method for method in load_contract().methods if "PlaceOrder" in method.full_name]
OTHER = [method for method in load_contract().methods if "GetOrder" in method.full_name]


class Refusing(Hook):
    """Refuses what is said to be bad, behind the count."""

    async def on_start(self, call: Call, request_or_iterator: Any, context: Any) -> None:
        if request_or_iterator == "bad":
            raise PermissionError


@pytest.fixture(params=[nest, nest_hooks_in_one])
def answer(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Answers a request once its event is set."""
    limits = {
        name: replace(limit, max_concurrent_calls=MOST if name == LIMITED[0].policy.limit_class else 0)
        for name, limit in load_contract().limit_classes.items()
    }
    around = cast(Nest, request.param)

    async def inner(asked: asyncio.Event, context: Any) -> str:
        await asked.wait()
        return "answer"

    behavior = around((ConcurrencyInterceptor(limits=limits), Refusing()), inner, "/x/Y")

    async def answer(method: Method, asked: Any) -> Any:
        begin(Call(method, {}))
        return await behavior(asked, CONTEXT)

    return answer


async def refused(answer: Callable[..., Any]) -> StatusError:
    with pytest.raises(StatusError) as error:
        await answer(LIMITED[0], asyncio.Event())
    return error.value


async def waiting(answer: Callable[..., Any], count: int, *, until: asyncio.Event) -> list[asyncio.Task[Any]]:
    """Calls that are being answered."""
    tasks = [asyncio.create_task(answer(LIMITED[0], until)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_more_than_are_answered_at_the_same_time_are_refused_at_once(
    answer: Callable[..., Any],
) -> None:
    done = asyncio.Event()
    running = await waiting(answer, MOST, until=done)

    error = await refused(answer)

    assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert error.retry_after_seconds
    done.set()
    assert await asyncio.gather(*running) == ["answer"] * MOST
    assert await answer(LIMITED[0], done) == "answer"


async def test_other_classes_do_not_count(answer: Callable[..., Any]) -> None:
    done = asyncio.Event()
    done.set()
    running = await waiting(answer, MOST, until=asyncio.Event())

    assert await asyncio.gather(*(answer(OTHER[0], done) for _ in range(2 * MOST))) == ["answer"] * 2 * MOST
    for task in running:
        task.cancel()


async def test_a_call_makes_room_however_it_ends(answer: Callable[..., Any]) -> None:
    done = asyncio.Event()
    done.set()
    for _ in range(2 * MOST):
        with pytest.raises(PermissionError):
            await answer(LIMITED[0], "bad")
        (cancelled,) = await waiting(answer, 1, until=asyncio.Event())
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)

    running = await waiting(answer, MOST, until=asyncio.Event())
    assert not any(task.done() for task in running)
    await refused(answer)
    for task in running:
        task.cancel()
