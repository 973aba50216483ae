"""The inbox: every event has its effect once, in order, whatever the log delivers.

A row per consumer and key holds the last version that was handled or parked; it is written in the
transaction of the effect. What cannot be handled is parked in the same database, and the later events of its
key behind it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum, auto

import structlog
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log.inbox.batches import shared_out
from mesh.event_log.inbox.inbox_rows import ConcurrentDelivery, InboxRows, Key, Progress
from mesh.event_log.inbox.parked import Parked, ParkedEvents, inbox_metadata
from mesh.event_log.port import Record
from mesh.server.telemetry import continue_trace
from services.kernel.clock import Clock
from services.kernel.envelope import Envelope, hash_of

RETRY_SECONDS = (0.05, 0.2, 1.0)
_GAP = 0.1
"""Between two such transactions, as a share of the time that one took."""

INBOX_TABLES = (inbox_metadata,)
"""What a service with an inbox creates: `create_tables(engine, own_metadata, *INBOX_TABLES)`."""

_log = structlog.get_logger()


class RetryLater(Exception):
    """Raised by an effect that needs something which is away: the event waits, it is not parked."""


class _Apart(Exception):
    """These events have to be handled one by one."""


Effect = Callable[[sql.Session, Envelope], Awaitable[None]]
"""What an event does: within the inbox's transaction, and nothing outside it."""


class Outcome(Enum):
    """What became of a delivery; UNBLOCKED is handled as well, and a parked event waited for it."""

    HANDLED = auto()
    UNBLOCKED = auto()
    DROPPED = auto()
    PARKED = auto()


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many parked events were handled, and how many are parked still."""

    handled: int
    remaining: int


class SqlInbox:
    """The inbox of one consumer; its tables are `INBOX_TABLES`."""

    def __init__(
        self,
        engine: AsyncEngine,
        consumer: str,
        clock: Clock,
        *,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        alone: Collection[str] = (),
    ) -> None:
        """Bind the inbox to a database.

        Args:
            engine: the database of the effects.
            consumer: whose inbox; keep it for ever.
            clock: when something was parked.
            retry_seconds: pauses before a failed effect is tried again; then its event is parked.
            alone: types of events that share no transaction, as their effects take long, or lock rows of
                others in an order of their own.
        """
        self._engine = engine
        self._consumer = consumer
        self._retry_seconds = tuple(retry_seconds)
        self._alone = frozenset(alone)
        self._rows = InboxRows(consumer)
        self._parked = ParkedEvents(consumer, clock)

    async def deliver(self, record: Record, effect: Effect) -> Outcome:
        """Handle a record once, in its turn.

        Raises:
            RetryLater: the effect cannot happen now; deliver the record again.
            OperationalError: the database is away; deliver the record again.
        """
        outcome = await self._handle_or_park(record, effect)
        if outcome is not Outcome.UNBLOCKED:
            return outcome
        await self._redrive_key(record.topic, record.key, effect)
        return Outcome.HANDLED

    async def deliver_all(
        self, records: Sequence[Record], effect: Effect, *, done: Callable[[], None]
    ) -> None:
        """Handle records once, each in its turn: in one transaction where nothing is in the way.

        Args:
            records: In the order of the log.
            effect: As for `deliver`.
            done: Is called after each transaction in which effects were stored.

        Raises:
            RetryLater: An effect cannot happen now; deliver the records again.
            OperationalError: The database is away; deliver the records again.
        """
        for several in shared_out(records, alone=self._alone):
            began = time.monotonic()
            if len(several) > 1 and await self._are_handled(several, effect):
                done()
                # Those who write from other processes look for a gap now and then.
                await asyncio.sleep(_GAP * (time.monotonic() - began))
                continue
            for record in several:
                if await self.deliver(record, effect) is Outcome.HANDLED:
                    done()

    async def parked(self, *, after: int = 0, limit: int = 50) -> Sequence[Parked]:
        """What is parked behind a position, oldest first."""
        async with sql.read(self._engine) as session:
            return await self._parked.page(session, after=after, limit=limit)

    async def redrive(self, key: str | None, effect: Effect) -> Redriven:
        """Handle parked events again, key by key in version order; what fails stays, with what follows it.

        Args:
            key: only this key's; None: all.
            effect: as for `deliver`.
        """
        async with sql.read(self._engine) as session:
            stuck = await self._parked.keys(session, key)
        handled = 0
        for topic, stuck_key in stuck:
            handled += await self._redrive_key(topic, stuck_key, effect)
        async with sql.read(self._engine) as session:
            return Redriven(handled=handled, remaining=await self._parked.count(session, key))

    async def _handle_or_park(self, record: Record, effect: Effect) -> Outcome:
        for pause in self._retry_seconds:
            try:
                return await self._handle(record, effect)
            except (RetryLater, OperationalError, InterfaceError):
                raise
            except Exception as error:  # noqa: BLE001 - the edge: whatever an effect raises, the event is kept
                self._warn("effect_failed", record, _reason(error))
                await asyncio.sleep(pause)
        try:
            return await self._handle(record, effect)
        except (RetryLater, OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            return await self._park(record, _reason(error))

    async def _are_handled(self, records: Sequence[Record], effect: Effect) -> bool:
        """Whether they could be handled together; if not, each shows by itself what is the matter."""
        try:
            await self._handle_together(records, effect)
        except Exception:  # noqa: BLE001 - nothing was stored, and they are handled one by one
            return False
        return True

    async def _handle(self, record: Record, effect: Effect) -> Outcome:
        key = (record.topic, record.key)
        async with sql.write(self._engine) as session:
            progress = await self._turn(session, key)
            last, first_parked = progress.last, progress.first_parked
            if record.version <= last:
                # Those behind a gap that was filled may still wait: a first try could not handle them.
                return Outcome.UNBLOCKED if first_parked == last + 1 else Outcome.DROPPED
            if record.version > last + 1:
                await self._parked.add(session, record, f"version {last + 1} has not arrived")
                return Outcome.PARKED
            await self._rows.advance(session, {key: (last, record.version)})
            if first_parked is not None and first_parked <= last:
                await self._parked.add(session, record, f"behind version {first_parked}")
                return Outcome.PARKED
            await self._apply(session, record, effect)
        return Outcome.HANDLED if first_parked is None else Outcome.UNBLOCKED

    async def _handle_together(self, records: Sequence[Record], effect: Effect) -> None:
        """Handle records in one transaction, whose keys have nothing parked and no gap."""
        keys = {(record.topic, record.key) for record in records}
        async with sql.write(self._engine) as session:
            await self._rows.take_turns(session, keys)
            progress = await self._rows.progress(session, keys)
            if any(each.first_parked is not None for each in progress.values()):
                raise _Apart
            last = {key: each.last for key, each in progress.items()}
            for record in records:
                key = (record.topic, record.key)
                if record.version <= last[key]:
                    continue
                if record.version > last[key] + 1:
                    raise _Apart
                await self._apply(session, record, effect)
                last[key] = record.version
            moves = {key: (each.last, last[key]) for key, each in progress.items() if last[key] != each.last}
            await self._rows.advance(session, moves)

    async def _apply(self, session: sql.Session, record: Record, effect: Effect) -> None:
        if hash_of(record.body) != record.hash:
            raise ValueError("the body does not have the hash that it came with")
        event = Envelope.from_body(record.body)
        name = f"{self._consumer} {event.type}"
        with continue_trace(event.trace, name) if event.trace else nullcontext():
            await effect(session, event)

    async def _park(self, record: Record, reason: str) -> Outcome:
        try:
            return await self._park_once(record, reason)
        except (ConcurrentDelivery, IntegrityError) as error:
            # Another process has handled or parked it at the same time.
            raise RetryLater(reason) from error

    async def _park_once(self, record: Record, reason: str) -> Outcome:
        async with sql.write(self._engine) as session:
            key = (record.topic, record.key)
            last = (await self._turn(session, key)).last
            if record.version <= last:
                return Outcome.DROPPED
            await self._parked.add(session, record, reason)
            if record.version == last + 1:
                await self._rows.advance(session, {key: (last, record.version)})
        self._warn("event_parked", record, reason)
        return Outcome.PARKED

    async def _redrive_key(self, topic: str, key: str, effect: Effect) -> int:
        handled = 0
        while await self._redrive_first(topic, key, effect):
            handled += 1
        return handled

    async def _redrive_first(self, topic: str, key: str, effect: Effect) -> bool:
        """Handle a key's first parked event, if it is its turn; whether it was handled."""
        first: Parked | None = None
        try:
            async with sql.write(self._engine) as session:
                progress = await self._turn(session, (topic, key))
                first = await self._parked.first(session, topic, key)
                if first is None or not await self._release(session, first, progress.last):
                    return False
                await self._apply(session, first.record, effect)
        except (RetryLater, OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 - the edge: it stays parked, with the newest reason
            await self._explain(first, _reason(error))
            return False
        return True

    async def _release(self, session: sql.Session, parked: Parked, last: int) -> bool:
        """Take an event out of the parked ones; False when versions before it are missing."""
        record = parked.record
        if record.version > last + 1:
            return False
        await self._parked.remove(session, parked)
        if record.version == last + 1:
            await self._rows.advance(session, {(record.topic, record.key): (last, record.version)})
        return True

    async def _explain(self, parked: Parked | None, reason: str) -> None:
        if parked is None:
            return
        self._warn("redrive_failed", parked.record, reason)
        async with sql.write(self._engine) as session:
            await self._parked.explain(session, parked, reason)

    async def _turn(self, session: sql.Session, key: Key) -> Progress:
        """How far a key is; from here on nobody else handles, parks or redrives its events."""
        await self._rows.take_turns(session, [key])
        return (await self._rows.progress(session, [key]))[key]

    def _warn(self, event: str, record: Record, reason: str) -> None:
        place = {"topic": record.topic, "key": record.key, "version": record.version}
        _log.warning(event, consumer=self._consumer, reason=reason, **place)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
