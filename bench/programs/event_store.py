"""P9: appending events, against raw inserts of the same rows or documents with the driver alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

from bench.closed_loop import Throughput, call_for
from bench.commits import new_commit
from bench.cores import DRIVER, MEASURED, pin, working_on
from bench.estimates import estimate, ratios
from bench.figures import Bound, Figure, at_least
from bench.plan import Plan, in_silence, in_turns
from bench.stores import Append, eventsourcing_recorder, mongo_store, raw_mongo, raw_sqlite, sqlite_store
from mesh.backends.mongodb import MongodbBackend
from mesh.backends.running import running

_CLIENTS = (1, 64)
_BOUND = at_least(0.70, 0.90)


async def appends(plan: Plan) -> AsyncIterator[Figure]:
    """P9: the stores in SQLite and MongoDB, alone and with 64 clients."""
    async for figure in _sqlite(plan):
        yield figure
    async for figure in _mongodb(plan):
        yield figure


async def _sqlite(plan: Plan) -> AsyncIterator[Figure]:
    room = plan.room("p9")
    async with AsyncExitStack() as stack:
        # The thread of the store's connection too.
        with working_on(MEASURED):
            store = await stack.enter_async_context(sqlite_store(room / "store.db"))
        raw = await stack.enter_async_context(raw_sqlite(room / "raw.db"))
        recorder = await stack.enter_async_context(eventsourcing_recorder(room / "recorder.db"))
        for clients in _CLIENTS:
            yield await _compared(plan, ("SQLite", store.append), ("raw inserts", raw), clients, _BOUND)
        yield await _compared(
            plan, ("SQLite", store.append), ("eventsourcing's recorder", recorder), 1, _BOUND
        )


async def _mongodb(plan: Plan) -> AsyncIterator[Figure]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            running(MongodbBackend(), plan.room("p9-mongodb"), say=in_silence)
        )
        pin(server.pid, DRIVER)
        store = await stack.enter_async_context(mongo_store(server.url, "store"))
        raw = await stack.enter_async_context(raw_mongo(server.url, "raw"))
        for clients in _CLIENTS:
            yield await _compared(plan, ("MongoDB", store.append), ("insert_one", raw), clients, _BOUND)


async def _compared(
    plan: Plan, ours: tuple[str, Append], theirs: tuple[str, Append], clients: int, bound: Bound
) -> Figure:
    (store, append), (floor, raw) = ours, theirs
    rounds = await in_turns(plan, _side(plan, append, clients), _side(plan, raw, clients))
    return Figure(
        "P9",
        f"{store}: appends/s against {floor}, {_counted(clients)}",
        ratios([(one.calls_per_second, other.calls_per_second) for one, other in rounds]),
        "x",
        bound,
        errors=sum(each.errors for both in rounds for each in both),
        notes={
            "store: appends/s": estimate([one.calls_per_second for one, _ in rounds]).value,
            f"{floor}: appends/s": estimate([other.calls_per_second for _, other in rounds]).value,
        },
    )


def _side(plan: Plan, append: Append, clients: int) -> Callable[[], Awaitable[Throughput]]:
    async def call(_number: int) -> bool:
        await append(new_commit())
        return True

    async def side() -> Throughput:
        with working_on(MEASURED):
            return await call_for(plan.seconds, call, clients=clients)

    return side


def _counted(clients: int) -> str:
    return "alone" if clients == 1 else f"{clients} clients"
