"""Orders read from their streams, and what happens next appended to them."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.kernel.clock import Clock
from services.kernel.envelope import Envelope, hash_of
from services.kernel.ids import NewId
from services.order.application.event_codec import (
    occurrence_of,
    payload_of,
    schema_version_of,
    type_of,
)
from services.order.application.ports import Commit, EventStore, StoredEvent, Stream
from services.order.domain.events import OrderEvent, OrderPlaced
from services.order.domain.order import Order, apply, fold

SYSTEM = "system"
WMS = "wms"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens; every event carries it.

    Attributes:
        actor: `customer:<id>`, `staff:<id>`, `client:<id>`, `wms` or `system`.
        correlation: The request or flow.
        causation: The command or event.
        trace: W3C `traceparent` of the call.
    """

    actor: str
    correlation: str
    causation: str
    trace: str


@dataclass(frozen=True, slots=True)
class History:
    """An order with what the next event continues.

    Attributes:
        envelopes: All its events, oldest first.
        hashes: Theirs, as stored.
    """

    order: Order
    envelopes: tuple[Envelope, ...]
    hashes: tuple[str, ...]

    @property
    def head_hash(self) -> str:
        return self.hashes[-1]

    def system_cause(self) -> Cause:
        """The cause of what the service does about the order on its own: it goes on with what came last."""
        last = self.envelopes[-1]
        return Cause(SYSTEM, last.correlation, last.event_id, last.trace)


def history_of(stream: Stream) -> History:
    """Fold a stream."""
    envelopes = tuple(Envelope.from_body(event.body) for event in stream.events)
    return _history(stream.order_id, envelopes, tuple(event.hash for event in stream.events))


class Journal:
    """Reads and continues the streams of orders."""

    def __init__(self, *, store: EventStore, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    async def find(self, order_id: str) -> History | None:
        stream = await self._store.read(order_id)
        return None if stream is None else history_of(stream)

    async def begin(self, order_id: str, placed: OrderPlaced, cause: Cause, *, event_id: str) -> History:
        """Append the first event. This insert is the idempotency check.

        Raises:
            VersionTaken: The order was placed before.
        """
        envelope = _envelope(order_id, placed, 1, self._clock(), cause, event_id=event_id, prev_hash="")
        stored = _stored(envelope)
        history = _history(order_id, (envelope,), (stored.hash,))
        await self._commit(history.order, envelope, stored, is_open=True)
        return history

    async def append(self, history: History, event: OrderEvent, cause: Cause) -> History:
        """Append one more event.

        Raises:
            VersionTaken: Somebody else has gone on with the order: read it again.
        """
        order = history.order
        envelope = _envelope(
            order.order_id,
            event,
            order.version + 1,
            max(self._clock(), order.update_time),
            cause,
            event_id=self._new_id(),
            prev_hash=history.head_hash,
        )
        stored = _stored(envelope)
        after = History(
            apply(order, occurrence_of(envelope)),
            (*history.envelopes, envelope),
            (*history.hashes, stored.hash),
        )
        await self._commit(after.order, envelope, stored, is_open=after.order.gives_stock_back)
        return after

    async def _commit(self, order: Order, envelope: Envelope, stored: StoredEvent, *, is_open: bool) -> None:
        await self._store.append(
            Commit(
                order_id=order.order_id,
                customer_id=order.customer_id,
                commit_time=envelope.occur_time,
                events=(stored,),
                open=is_open,
            )
        )


def as_of(history: History, version: int) -> Order | None:
    """The order after its first `version` events."""
    return fold(history.order.order_id, map(occurrence_of, history.envelopes[:version]))


def _history(order_id: str, envelopes: tuple[Envelope, ...], hashes: tuple[str, ...]) -> History:
    order = fold(order_id, map(occurrence_of, envelopes))
    if order is None:
        raise ValueError(f"the stream of order {order_id} is empty")
    return History(order, envelopes, hashes)


def _stored(envelope: Envelope) -> StoredEvent:
    body = envelope.body()
    return StoredEvent(envelope.version, body, hash_of(body))


def _envelope(
    order_id: str,
    event: OrderEvent,
    version: int,
    occur_time: datetime,
    cause: Cause,
    *,
    event_id: str,
    prev_hash: str,
) -> Envelope:
    return Envelope(
        event_id=event_id,
        type=type_of(event),
        schema_version=schema_version_of(event),
        key=order_id,
        version=version,
        occur_time=occur_time,
        actor=cause.actor,
        correlation=cause.correlation,
        causation=cause.causation,
        trace=cause.trace,
        payload=payload_of(event),
        prev_hash=prev_hash,
    )


def caused_by(cause: Cause, history: History) -> Cause:
    """The same cause, for a step that follows from the order's last event."""
    return replace(cause, causation=history.envelopes[-1].event_id)
