"""Makes the index anew from the events, beside the one that is read."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from services.order.application.ports import EventStore, OrderIndex, OrderRow, Progress
from services.order.application.queries.search import folded
from services.order.application.queries.search_rows import Digest, digest_of
from services.order.domain.errors import StoreUnavailable

_COMMITS_AT_ONCE = 2_000
_ROWS_AT_ONCE = 1_000
_DISCARDED_AT_ONCE = 5_000
_FIRST_FEW = 10
_ATTEMPTS = 3

Batch = Sequence[tuple[str, Sequence[bytes]]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild made.

    Attributes:
        unreadable: Orders without a row, since their events make no order.
        digest: Of the rows as they were folded.
        seconds: Until the generation was swapped in.
    """

    generation: int
    orders: int
    events: int
    unreadable: tuple[str, ...]
    digest: str
    seconds: float


@dataclass(slots=True)
class Sample:
    """A number of orders, and the first of their ids."""

    count: int = 0
    order_ids: list[str] = field(default_factory=list)

    def add(self, order_id: str) -> None:
        self.count += 1
        if len(self.order_ids) < _FIRST_FEW:
            self.order_ids.append(order_id)


@dataclass(frozen=True, slots=True)
class Difference:
    """In what the index is not what the events make.

    Attributes:
        missing: Orders without a row.
        extra: Rows without an order.
        different: Orders whose row says something else.
        digest: Of the index as it is.
    """

    digest: str
    missing: Sample = field(default_factory=Sample)
    extra: Sample = field(default_factory=Sample)
    different: Sample = field(default_factory=Sample)

    @property
    def is_none(self) -> bool:
        return not (self.missing.count or self.extra.count or self.different.count)


class Rebuild:
    """Has nothing but the events and the index: no stock, no mail, nothing to publish to."""

    def __init__(
        self,
        *,
        store: EventStore,
        index: OrderIndex,
        progress: Progress,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._index = index
        self._progress = progress
        self._monotonic = monotonic

    async def run(self) -> Rebuilt:
        """Build a generation while orders go on, swap it in, and delete what it replaces.

        A generation that a killed rebuild has left is deleted too.

        Raises:
            Superseded: Another rebuild was begun meanwhile; the index is as it was.
        """
        # Registered before anything is read: what is appended from now on is projected into it as well.
        generation = await self._index.begin()
        await self._discard()
        rebuilt = await self._build(generation)
        await self._discard()
        return rebuilt

    async def _build(self, generation: int) -> Rebuilt:
        begin, digest = self._monotonic(), Digest()
        orders, events, unreadable = 0, 0, list[str]()
        async with aclosing(self._batches("folding")) as batches:
            async for batch in batches:
                rows, skipped = folded(batch)
                await self._fill(generation, rows)
                digest.add(rows)
                orders += len(rows)
                events += sum(len(bodies) for _, bodies in batch)
                unreadable += skipped
        await self._index.finish(generation)
        seconds = self._monotonic() - begin
        return Rebuilt(generation, orders, events, tuple(unreadable), digest.hex, seconds)

    async def _fill(self, generation: int, rows: Sequence[OrderRow]) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._index.fill(generation, rows)
            except StoreUnavailable:
                # Repeating it is safe, and beginning again would take long.
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    async def compare(self) -> Difference:
        """What a rebuild would change; changes nothing."""
        generation = await self._index.current()
        difference = Difference(await digest_of(self._index, generation))
        async with aclosing(self._stored(generation)) as stored, aclosing(self._wanted()) as wanted:
            await _compare(stored, wanted, difference)
        return difference

    async def _stored(self, generation: int) -> AsyncGenerator[OrderRow, None]:
        after = None
        while page := await self._index.rows(generation, after=after, limit=_ROWS_AT_ONCE):
            for row in page:
                yield row
            after = page[-1].order_id

    async def _wanted(self) -> AsyncGenerator[OrderRow, None]:
        async with aclosing(self._batches("comparing")) as batches:
            async for batch in batches:
                for row in folded(batch)[0]:
                    yield row

    async def _batches(self, stage: str) -> AsyncGenerator[Batch, None]:
        total, done, after = await self._store.count(), 0, None
        self._progress(stage, 0, total)
        while batch := await self._store.bodies(after=after, limit=_COMMITS_AT_ONCE):
            yield batch
            after, done = batch[-1][0], done + len(batch)
            self._progress(stage, done, max(done, total))

    async def _discard(self) -> None:
        while await self._index.discard(limit=_DISCARDED_AT_ONCE):
            pass


async def _compare(
    stored: AsyncIterator[OrderRow], wanted: AsyncIterator[OrderRow], difference: Difference
) -> None:
    """Walk along both, which are sorted by order id."""
    row, fold = await anext(stored, None), await anext(wanted, None)
    while row or fold:
        if fold is None or (row and row.order_id < fold.order_id):
            assert row is not None
            difference.extra.add(row.order_id)
            row = await anext(stored, None)
        elif row is None or fold.order_id < row.order_id:
            difference.missing.add(fold.order_id)
            fold = await anext(wanted, None)
        else:
            if row != fold:
                difference.different.add(row.order_id)
            row, fold = await anext(stored, None), await anext(wanted, None)
