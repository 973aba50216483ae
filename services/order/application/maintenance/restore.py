"""Restores the event store from what was published.

What is stored already is compared, never overwritten. Of two published events for one
version the one counts that was signed, else the first one; the other is a finding.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from services.kernel.envelope import Envelope, hash_of
from services.order.application.event_codec import UnknownEvent, occurrence_of
from services.order.application.ports import (
    Commit,
    EventStore,
    HeadLog,
    Progress,
    PublishedEvent,
    PublishedEvents,
    SignedHead,
    Stream,
    VersionTaken,
)
from services.order.application.queries.verification import OrderFinding
from services.order.domain.events import OrderCancelled, OrderPlaced, OrderRejected

_BATCH = 1_000
_ORDERS_AT_ONCE = 500
_ATTEMPTS = 5
_STAGE = "restoring"

Write = Callable[[Sequence[Commit]], Awaitable[None]]


@dataclass(slots=True)
class Restored:
    """What a restoration came to.

    Attributes:
        read: Published events, repeated ones included.
        restored: Events that the store lacked.
        findings: What does not fit together, and every stream that is shorter than its signed head.
    """

    read: int = 0
    restored: int = 0
    findings: list[OrderFinding] = field(default_factory=list)


@dataclass(slots=True)
class _Known:
    """What is stored of an order, or about to be, and what was signed: hashes by version."""

    customer_id: str = ""
    stored: dict[int, str] = field(default_factory=dict)
    signed: dict[int, set[str]] = field(default_factory=dict)

    def note_stored(self, stream: Stream) -> None:
        self.customer_id = stream.commits[0].customer_id
        self.stored = {event.version: event.hash for event in stream.events}

    def note_signed(self, heads: Iterable[SignedHead]) -> None:
        for head in heads:
            if head.genuine:
                self.signed.setdefault(head.version, set()).add(head.hash)


class Misfit(Exception):
    """A published event cannot be stored; says why."""


class Restore:
    """Has the store, the published events and their signatures; nothing is published or sent."""

    def __init__(
        self, *, store: EventStore, published: PublishedEvents, heads: HeadLog, progress: Progress
    ) -> None:
        self._store = store
        self._published = published
        self._heads = heads
        self._progress = progress
        self._known: dict[str, _Known] = {}

    async def run(self) -> Restored:
        """Store what is missing; repeating it changes nothing."""
        return await self._go_through(self._store.restore)

    async def rehearse(self) -> Restored:
        """What `run` would do; stores nothing."""
        return await self._go_through(_nothing)

    async def _go_through(self, write: Write) -> Restored:
        restored = Restored()
        self._known.clear()
        self._progress(_STAGE, 0, 0)
        async with aclosing(self._batches()) as batches:
            async for batch in batches:
                await self._restore(batch, write, restored)
                self._progress(_STAGE, len(self._known), 0)
        await self._compare_with_heads(restored)
        return restored

    async def _batches(self) -> AsyncGenerator[Sequence[PublishedEvent], None]:
        batch: list[PublishedEvent] = []
        async with aclosing(self._published.replay()) as published:
            async for event in published:
                batch.append(event)
                if len(batch) == _BATCH:
                    yield batch
                    batch = []
        yield batch

    async def _restore(self, batch: Sequence[PublishedEvent], write: Write, restored: Restored) -> None:
        for _ in range(_ATTEMPTS):
            await self._look_up({event.order_id for event in batch})
            commits, findings = self._judged(batch)
            if await self._is_written(commits, write):
                restored.read += len(batch)
                restored.restored += len(commits)
                restored.findings += findings
                return
        raise VersionTaken("the store has versions that it does not show: verify it")

    async def _is_written(self, commits: Sequence[Commit], write: Write) -> bool:
        try:
            if commits:
                await write(commits)
        except VersionTaken:
            # Somebody has gone on with one of these orders: what is stored now decides.
            for commit in commits:
                self._known.pop(commit.order_id, None)
            return False
        return True

    def _judged(self, batch: Sequence[PublishedEvent]) -> tuple[list[Commit], list[OrderFinding]]:
        commits, findings = list[Commit](), list[OrderFinding]()
        for published in batch:
            known, event = self._known[published.order_id], published.event
            try:
                commit = _judge(published, known)
            except Misfit as misfit:
                findings.append(OrderFinding(published.order_id, event.version, str(misfit)))
                continue
            if commit is not None:
                commits.append(commit)
                known.customer_id = commit.customer_id
                known.stored[event.version] = event.hash
        return commits, findings

    async def _look_up(self, order_ids: Iterable[str]) -> None:
        unknown = sorted(order_id for order_id in order_ids if order_id not in self._known)
        for order_id in unknown:
            known = self._known[order_id] = _Known()
            known.note_signed(await self._heads.of_order(order_id))
        for start in range(0, len(unknown), _ORDERS_AT_ONCE):
            for stream in await self._store.several(unknown[start : start + _ORDERS_AT_ONCE]):
                self._known[stream.order_id].note_stored(stream)

    async def _compare_with_heads(self, restored: Restored) -> None:
        after = None
        while heads := await self._heads.orders(after=after, limit=_ORDERS_AT_ONCE):
            await self._look_up(heads)
            for order_id in heads:
                known = self._known[order_id]
                if lacking := sorted(known.signed.keys() - known.stored.keys()):
                    problem = (
                        f"shorter than its signed head: lacks {len(lacking)} signed versions from here on"
                    )
                    restored.findings.append(OrderFinding(order_id, lacking[0], problem))
            after = max(heads)


def _judge(published: PublishedEvent, known: _Known) -> Commit | None:
    """The commit to store; None when that very event is stored.

    Raises:
        Misfit: It contradicts what is stored or signed, or cannot follow it.
    """
    event = published.event
    signed = known.signed.get(event.version, set())
    stored = known.stored.get(event.version)
    if stored == event.hash:
        return None
    if stored is not None:
        raise Misfit(f"another event was published than is stored; {_which(event.hash, signed)}")
    if signed and event.hash not in signed:
        raise Misfit("an event was published that was never signed for this version; it is left out")
    return _commit(published, known)


def _commit(published: PublishedEvent, known: _Known) -> Commit:
    event, order_id = published.event, published.order_id
    if event.version > 1 and event.version - 1 not in known.stored:
        raise Misfit("the version before it is missing")
    if hash_of(event.body) != event.hash:
        raise Misfit("the published bytes do not have the hash that they came with")
    try:
        envelope = Envelope.from_body(event.body)
        happened = occurrence_of(envelope).event
    except (UnknownEvent, KeyError, TypeError, ValueError):
        raise Misfit("the published bytes are not an event of an order") from None
    prev_hash = known.stored.get(event.version - 1, "")
    if (envelope.key, envelope.version, envelope.prev_hash) != (order_id, event.version, prev_hash):
        raise Misfit("it does not follow the event that is stored before it")
    return Commit(
        order_id=order_id,
        customer_id=happened.customer_id if isinstance(happened, OrderPlaced) else known.customer_id,
        commit_time=envelope.occur_time,
        events=(event,),
        # As the journal does: what may not be finished is open; finishing it again changes nothing.
        open=isinstance(happened, OrderPlaced | OrderRejected | OrderCancelled),
    )


def _which(published_hash: str, signed: set[str]) -> str:
    if not signed:
        return "neither is signed"
    return "the published one is signed" if published_hash in signed else "the published one is not signed"


async def _nothing(_commits: Sequence[Commit]) -> None:
    """Rehearse."""
