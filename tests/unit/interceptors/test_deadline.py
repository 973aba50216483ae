"""When calls are ended, and what becomes of what ended otherwise."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

import grpc
import pytest

from interceptors.core.call import Call, begin
from interceptors.core.status_error import StatusError
from interceptors.deadline.interceptor import DeadlineInterceptor
from mesh.contract import load_contract

(METHOD, *_) = load_contract().methods_of("order")
Handler = Callable[[Any, Any], Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class Asking:
    """A caller with so many seconds of patience."""

    seconds: float | None

    def time_remaining(self) -> float | None:
        return self.seconds


@pytest.fixture(params=[True, False], ids=["shared timers", "a timer per call"])
def deadlines(request: pytest.FixtureRequest) -> DeadlineInterceptor:
    return DeadlineInterceptor(fast_path=request.param)


async def answered(
    handler: Handler, deadlines: DeadlineInterceptor, *, allowed: float = 60.0, asked: float | None = None
) -> Any:
    method = replace(METHOD, policy=replace(METHOD.policy, deadline_seconds=allowed))
    begin(Call(method, {}))
    context: Any = Asking(asked)
    return await deadlines.intercept(handler, "request", context, method.full_name)


async def echo(request: Any, _context: Any) -> Any:
    return request


async def stuck(_request: Any, _context: Any) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(("allowed", "asked"), [(0.03, None), (0.03, 60.0), (60.0, 0.03)])
async def test_work_ends_at_the_nearer_of_both_deadlines(
    allowed: float, asked: float | None, deadlines: DeadlineInterceptor
) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()

    with pytest.raises(StatusError) as refused:
        await answered(stuck, deadlines, allowed=allowed, asked=asked)

    assert refused.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert loop.time() - started >= 0.03
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]


async def test_a_call_that_comes_too_late_does_no_work(deadlines: DeadlineInterceptor) -> None:
    worked = []

    async def work(request: Any, _context: Any) -> None:
        worked.append(request)

    with pytest.raises(StatusError):
        await answered(work, deadlines, asked=0.0)

    assert not worked


async def test_many_calls_end_each_at_its_own_time(deadlines: DeadlineInterceptor) -> None:
    seconds = [0.02 + 0.005 * number for number in range(20)]

    async def ends_after(allowed: float) -> float:
        loop = asyncio.get_running_loop()
        started = loop.time()
        with pytest.raises(StatusError):
            await answered(stuck, deadlines, allowed=allowed)
        return loop.time() - started

    ended = await asyncio.gather(*(asyncio.create_task(ends_after(each)) for each in seconds))

    assert all(took >= allowed for took, allowed in zip(ended, seconds, strict=True))


async def test_an_answer_in_time_is_not_ended_later(deadlines: DeadlineInterceptor) -> None:
    assert await answered(echo, deadlines, allowed=0.02) == "request"

    # Ends behind the deadline of the call above, in the same task.
    with pytest.raises(StatusError):
        await answered(stuck, deadlines, allowed=0.05)

    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]


async def test_the_works_own_timeout_is_its_own(deadlines: DeadlineInterceptor) -> None:
    async def impatient(_request: Any, _context: Any) -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await answered(impatient, deadlines)


async def test_a_caller_who_goes_away_is_a_cancellation(deadlines: DeadlineInterceptor) -> None:
    call = asyncio.create_task(answered(stuck, deadlines))
    await asyncio.sleep(0)
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call


async def test_who_is_cut_off_and_cancelled_is_cancelled(deadlines: DeadlineInterceptor) -> None:
    async def both(_request: Any, _context: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            asyncio.current_task().cancel()  # type: ignore[union-attr]
            raise

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(answered(both, deadlines, allowed=0.02))
