"""Whether anybody has changed what is stored of an order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.kernel.envelope import Envelope, hash_of
from services.order.application.event_codec import UnknownEvent, occurrence_of
from services.order.application.ports import Commit, SignedHead, StoredEvent, Stream
from services.order.domain.events import OrderPlaced


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong; version 0 is the order as a whole."""

    version: int
    problem: str


@dataclass(frozen=True, slots=True)
class OrderFinding:
    """The same, of an order among others."""

    order_id: str
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


def check(
    stream: Stream | None, heads: Sequence[SignedHead], later_heads: Sequence[SignedHead]
) -> Verification:
    """Check versions, hashes, the chain, the signed heads and every indexed copy.

    Args:
        stream: As it is stored; None: it is not.
        heads: Read before the stream: what is appended meanwhile can then only be missing
            in them, never in the stream.
        later_heads: Read after the stream: what is published in it is among them.
    """
    events = stream.events if stream else ()
    findings = [
        *(_stream_findings(stream) if stream else ()),
        *_head_findings(heads, {event.version: event.hash for event in events}),
        *(_unsigned_findings(stream, later_heads) if stream else ()),
    ]
    findings.sort(key=lambda finding: finding.version)
    return Verification(len(events), events[-1].hash if events else "", tuple(findings))


def _stream_findings(stream: Stream) -> Iterator[Finding]:
    envelopes = {event.version: _readable(event) for event in stream.events}
    prev_hash, prev_time = "", None
    for expected, event in enumerate(stream.events, start=1):
        if event.version != expected:
            yield Finding(expected, f"version {expected} is missing: {event.version} follows")
            return
        if hash_of(event.body) != event.hash:
            yield Finding(event.version, "the stored bytes do not have the stored hash")
        envelope = envelopes[event.version]
        if envelope is None:
            yield Finding(event.version, "the stored bytes are not an event")
        else:
            yield from _envelope_findings(stream.order_id, event, envelope, prev_hash)
            if prev_time is not None and envelope.occur_time < prev_time:
                yield Finding(event.version, "it occurred before the event that it follows")
            prev_time = envelope.occur_time
        prev_hash = event.hash
    placed = _placed(envelopes[stream.events[0].version])
    for commit in stream.commits:
        yield from _copy_findings(commit, envelopes[commit.version], placed)


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


def _copy_findings(commit: Commit, first: Envelope | None, placed: OrderPlaced | None) -> Iterator[Finding]:
    """Compare what is indexed with what the bytes say."""
    if first is not None and first.occur_time != commit.commit_time:
        yield Finding(commit.version, "its indexed time is another one")
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


def _unsigned_findings(stream: Stream, heads: Sequence[SignedHead]) -> Iterator[Finding]:
    """The relay signs before it marks as published: what it never saw, somebody else has stored."""
    signed = {head.version for head in heads}
    for commit in stream.commits:
        for event in commit.events:
            if commit.published and event.version not in signed:
                yield Finding(event.version, "it is marked as published and was never signed")


def _placed(envelope: Envelope | None) -> OrderPlaced | None:
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
