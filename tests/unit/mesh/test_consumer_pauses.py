"""How long a consumer waits while the log is away."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from mesh.event_log.inbox.consumer import FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS, Consumer
from mesh.event_log.port import EventLogUnavailable


class Away:
    """A log that cannot be reached."""

    def consume(self, _group: str, _topics: Any) -> Any:
        raise EventLogUnavailable


async def test_pauses_double_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if pauses[-2:] == [LAST_RETRY_SECONDS] * 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    parts: Any = Away(), "mail", ["orders"], None, None

    with pytest.raises(asyncio.CancelledError):
        await Consumer(*parts).run()

    *doubling, before, last = pauses
    assert doubling[0] == FIRST_RETRY_SECONDS
    assert all(later == 2 * earlier for earlier, later in pairwise(doubling))
    assert (before, last) == (LAST_RETRY_SECONDS, LAST_RETRY_SECONDS)
