"""How orders came to be what they are: history, time travel, and whether anybody tampered with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.kernel.envelope import Envelope, hash_of
from services.kernel.paging import InvalidPageToken, decode_page_token, encode_page_token, page_size
from services.order.application.event_codec import SEALED_ADDRESS, UnknownEvent, occurrence_of
from services.order.application.journal import History, Journal, as_of
from services.order.application.order_views import OrderView, OrderViews
from services.order.application.orders import not_found
from services.order.application.ports import Commit, EventStore, HeadLog, SignedHead, StoredEvent, Stream
from services.order.application.sealing import Sealing
from services.order.domain.errors import VersionNotFound
from services.order.domain.events import OrderPlaced
from services.order.domain.lines import ShippingAddress


@dataclass(frozen=True, slots=True)
class PastEvent:
    """An event for readers: its payload with personal data decrypted, as far as that can be."""

    envelope: Envelope
    data: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of events, oldest first, and where the next one starts; empty on the last."""

    events: tuple[PastEvent, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong; version 0 is the order as a whole."""

    version: int
    problem: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What looking at every stored byte of an order gave."""

    events: int
    head_hash: str
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        return not self.findings


class Audit:
    """Reads the events themselves. `customer_id` is whose orders may be read; None: everybody's."""

    def __init__(
        self, *, journal: Journal, store: EventStore, heads: HeadLog, sealing: Sealing, views: OrderViews
    ) -> None:
        self._journal = journal
        self._store = store
        self._heads = heads
        self._sealing = sealing
        self._views = views

    async def history(
        self, order_id: str, *, customer_id: str | None, requested_size: int, page_token: str
    ) -> HistoryPage:
        """A page of an order's events, oldest first.

        Raises:
            OrderNotFound: There is none, or it is somebody else's.
            InvalidPageToken: The token is not of this list.
        """
        history = await self._existing(order_id, customer_id)
        start = _start(page_token, order_id) if page_token else 0
        end = start + page_size(requested_size)
        address = await self._sealing.address_of(history.order)
        more = end < len(history.envelopes)
        return HistoryPage(
            events=tuple(
                _past(envelope, hash_, address)
                for envelope, hash_ in zip(
                    history.envelopes[start:end], history.hashes[start:end], strict=True
                )
            ),
            next_page_token=encode_page_token(str(end), filters=order_id) if more else "",
        )

    async def at_version(self, order_id: str, version: int, *, customer_id: str | None) -> OrderView:
        """The order after its first `version` events.

        Raises:
            OrderNotFound: There is none, or it is somebody else's.
            VersionNotFound: It has fewer events.
        """
        view = await self.optional_at_version(order_id, version, customer_id=customer_id)
        if view is None:
            raise VersionNotFound(f"versions start at 1, not at {version}")
        return view

    async def optional_at_version(
        self, order_id: str, version: int, *, customer_id: str | None
    ) -> OrderView | None:
        """The same; version 0 is None, before the order was placed.

        Raises:
            OrderNotFound: There is none, or it is somebody else's.
            VersionNotFound: It has fewer events.
        """
        history = await self._existing(order_id, customer_id)
        if version > history.order.version:
            raise VersionNotFound(f"order {order_id} has {history.order.version} versions, not {version}")
        order = as_of(history, version)
        return None if order is None else await self._views.view(order)

    async def at_time(self, order_id: str, time: datetime, *, customer_id: str | None) -> OrderView:
        """The order after all events up to a time.

        Raises:
            OrderNotFound: There is none, or it is somebody else's.
            VersionNotFound: It was placed later.
        """
        history = await self._existing(order_id, customer_id)
        order = as_of(history, sum(envelope.occur_time <= time for envelope in history.envelopes))
        if order is None:
            raise VersionNotFound(f"order {order_id} was not placed yet at {time.isoformat()}")
        return await self._views.view(order)

    async def verify(self, order_id: str) -> Verification:
        """Check versions, hashes, the chain, the signed heads and every indexed copy.

        Raises:
            OrderNotFound: There is none, and none was ever signed.
        """
        # Heads first: what is appended meanwhile can then only be missing in them, never in the store.
        heads = await self._heads.of_order(order_id)
        stream = await self._store.read(order_id)
        if stream is None and not heads:
            raise not_found(order_id)
        events = stream.events if stream else ()
        findings = [
            *(_stream_findings(stream) if stream else ()),
            *_head_findings(heads, {event.version: event.hash for event in events}),
        ]
        findings.sort(key=lambda finding: finding.version)
        return Verification(len(events), events[-1].hash if events else "", tuple(findings))

    async def _existing(self, order_id: str, customer_id: str | None) -> History:
        history = await self._journal.find(order_id)
        if history is None or customer_id not in (None, history.order.customer_id):
            raise not_found(order_id)
        return history


def _past(envelope: Envelope, stored_hash: str, address: ShippingAddress | None) -> PastEvent:
    data = dict(envelope.payload)
    if data.pop(SEALED_ADDRESS, None) is not None:
        data["shippingAddress"] = None if address is None else _address_json(address)
        data["personalDataErased"] = address is None
    return PastEvent(envelope, data, stored_hash)


def _address_json(address: ShippingAddress) -> Mapping[str, str]:
    return {
        "recipient": address.recipient,
        "line1": address.line1,
        "line2": address.line2,
        "city": address.city,
        "region": address.region,
        "postalCode": address.postal_code,
        "countryCode": address.country_code,
    }


def _start(page_token: str, order_id: str) -> int:
    position = decode_page_token(page_token, filters=order_id)
    if not position.isdecimal():
        problem = "is not a token that this service made"
        raise InvalidPageToken(f"pageToken {problem}", fields=[("pageToken", problem)])
    return int(position)


def _stream_findings(stream: Stream) -> Iterator[Finding]:
    prev_hash, prev_time = "", None
    for expected, event in enumerate(stream.events, start=1):
        if event.version != expected:
            yield Finding(expected, f"version {expected} is missing: {event.version} follows")
            return
        if hash_of(event.body) != event.hash:
            yield Finding(event.version, "the stored bytes do not have the stored hash")
        envelope = _readable(event)
        if envelope is None:
            yield Finding(event.version, "the stored bytes are not an event")
        else:
            yield from _envelope_findings(stream.order_id, event, envelope, prev_hash)
            if prev_time is not None and envelope.occur_time < prev_time:
                yield Finding(event.version, "it occurred before the event that it follows")
            prev_time = envelope.occur_time
        prev_hash = event.hash
    for commit in stream.commits:
        yield from _copy_findings(commit, stream)


def _envelope_findings(
    order_id: str, event: StoredEvent, envelope: Envelope, prev_hash: str
) -> Iterator[Finding]:
    if not envelope.is_canonical(event.body):
        yield Finding(event.version, "the stored bytes are not in canonical form")
    if envelope.key != order_id:
        yield Finding(event.version, f"it belongs to {envelope.key}")
    if envelope.version != event.version:
        yield Finding(event.version, f"it says that it is version {envelope.version}")
    if envelope.prev_hash != prev_hash:
        yield Finding(event.version, "it does not follow the event that stands before it")


def _copy_findings(commit: Commit, stream: Stream) -> Iterator[Finding]:
    """Compare what is indexed with what the bytes say."""
    first = _readable(commit.events[0])
    if first is not None and first.occur_time != commit.commit_time:
        yield Finding(commit.version, "its indexed time is another one")
    placed = _placed(stream)
    if placed is not None and placed.customer_id != commit.customer_id:
        yield Finding(commit.version, "its indexed customer is another one")


def _head_findings(heads: Sequence[SignedHead], hashes: Mapping[int, str]) -> Iterator[Finding]:
    for head in dict.fromkeys(heads):
        if not head.genuine:
            yield Finding(head.version, "its head in the head log is not signed by us")
        elif head.version not in hashes:
            yield Finding(head.version, "it was published and signed, and is missing in the store")
        elif hashes[head.version] != head.hash:
            yield Finding(head.version, "it was published and signed with another hash")


def _placed(stream: Stream) -> OrderPlaced | None:
    envelope = _readable(stream.events[0])
    event = None if envelope is None else _event(envelope)
    return event if isinstance(event, OrderPlaced) else None


def _event(envelope: Envelope) -> object:
    try:
        return occurrence_of(envelope).event
    except (UnknownEvent, KeyError, TypeError, ValueError):
        return None


def _readable(event: StoredEvent) -> Envelope | None:
    try:
        envelope = Envelope.from_body(event.body)
    except ValueError:
        return None
    return envelope if envelope.occur_time.tzinfo else None
