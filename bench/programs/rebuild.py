"""P11: making the index of orders anew, against only reading the events."""

import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

from bench.commits import EVENTS_PER_ORDER, new_order
from bench.cores import MEASURED, working_on
from bench.estimates import estimate, ratios
from bench.figures import Figure, at_least
from bench.instance import Instance
from bench.plan import Plan, in_turns
from services.kernel.envelope import Envelope
from services.order.application.maintenance.rebuild import Rebuild
from services.order.config import Settings
from services.order.stores import Stores, open_stores

_AT_ONCE = 1000


async def of_the_index(plan: Plan) -> AsyncIterator[Figure]:
    """P11: events/s of a rebuild, against a bare cursor that decodes the same events."""
    count = 1000 if plan.is_quick else 20_000
    settings = Settings.of(Instance.made(plan.room("p11") / "home").settings)
    # The threads of the stores' connections too.
    with working_on(MEASURED):
        async with open_stores(settings) as stores:
            for _ in range(0, count, _AT_ONCE):
                orders = [await new_order() for _ in range(_AT_ONCE // EVENTS_PER_ORDER)]
                await stores.events.restore([commit for order in orders for commit in order])
            rounds = await in_turns(plan, _rebuild(stores, count), _cursor(settings.database, count))
    yield Figure(
        "P11",
        "rebuild: events/s against a bare cursor that decodes the same commits",
        ratios([(rebuilt, read) for rebuilt, read in rounds]),
        "x",
        at_least(0.50, 0.80),
        notes={
            "rebuild: events/s": estimate([rebuilt for rebuilt, _ in rounds]).value,
            "cursor: events/s": estimate([read for _, read in rounds]).value,
        },
    )


def _rebuild(stores: Stores, count: int) -> Callable[[], Awaitable[float]]:
    async def side() -> float:
        start = time.perf_counter()
        rebuilt = await Rebuild(store=stores.events, index=stores.index, progress=_silence).run()
        assert rebuilt.events == count
        return count / (time.perf_counter() - start)

    return side


def _cursor(database: Path, count: int) -> Callable[[], Awaitable[float]]:
    async def side() -> float:
        start = time.perf_counter()
        with closing(sqlite3.connect(database)) as connection:
            rows = connection.execute("SELECT body FROM events ORDER BY order_id, version")
            read = len([Envelope.from_body(body) for (body,) in rows])
        assert read == count
        return count / (time.perf_counter() - start)

    return side


def _silence(_what: str, _done: int, _all: int) -> None:
    """Nobody looks on."""
