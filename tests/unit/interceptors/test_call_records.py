"""What is written of calls, and when."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from prometheus_client import REGISTRY

from interceptors.access_log import AccessLogInterceptor, CallRecords
from interceptors.core.call import Call, begin
from mesh.contract import load_contract

(METHOD, *_) = load_contract().methods_of("order")
NO_CONTEXT: Any = None
_TRACE_IDS = count(1)


class Log:
    """Remembers lines, and how many were written in one go."""

    def __init__(self) -> None:
        self.lines: list[Mapping[str, Any]] = []
        self.goes: list[int] = []
        self.written = asyncio.Event()

    def __call__(self, lines: Sequence[Mapping[str, Any]]) -> None:
        self.lines += lines
        self.goes.append(len(lines))
        self.written.set()

    def records(self) -> CallRecords:
        return CallRecords(log=self, personal_fields=frozenset())


async def run(records: CallRecords, *, answer: Any, deadline: float | None = None) -> None:
    begin(Call(METHOD, {}, deadline=deadline, trace_id=next(_TRACE_IDS)))
    await AccessLogInterceptor(records=records).intercept(answer, "request", NO_CONTEXT, METHOD.full_name)


async def fine(_request: Any, _context: Any) -> None:
    """An answer."""


async def stuck(_request: Any, _context: Any) -> None:
    await asyncio.Event().wait()


def counted(code: str) -> float:
    labels = {"method": METHOD.full_name, "code": code}
    return REGISTRY.get_sample_value("shopmesh_calls_total", labels) or 0.0


async def test_calls_that_end_together_are_written_in_one_go() -> None:
    log = Log()
    records, before = log.records(), counted("OK")

    for _ in range(5):
        await run(records, answer=fine)
    await log.written.wait()

    assert log.goes == [5]
    assert counted("OK") == before + 5
    assert len({line["trace_id"] for line in log.lines}) == 5


async def test_a_line_tells_when_the_call_ended_not_when_it_was_written() -> None:
    log = Log()
    records = log.records()
    earliest = datetime.now(UTC)
    await run(records, answer=fine)
    latest = datetime.now(UTC)

    await log.written.wait()

    (line,) = log.lines
    assert earliest - timedelta(milliseconds=1) <= line["timestamp"] <= latest + timedelta(milliseconds=1)


async def test_whoever_leaves_the_records_has_written_them() -> None:
    log = Log()

    with CallRecords.open(log=log, personal_fields=frozenset()) as records:
        await run(records, answer=fine)
        assert not log.lines

    assert log.goes == [1]


@pytest.mark.parametrize(("seconds", "code"), [(60.0, "CANCELLED"), (-1.0, "DEADLINE_EXCEEDED")])
async def test_what_nobody_answered_was_ended_by_its_deadline_or_by_the_caller(
    seconds: float, code: str
) -> None:
    log = Log()
    deadline = asyncio.get_running_loop().time() + seconds
    call = asyncio.create_task(run(log.records(), answer=stuck, deadline=deadline))
    await asyncio.sleep(0)
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call

    await log.written.wait()
    (line,) = log.lines
    assert line["code"] == code
