"""What must hold of orders: I1, I4 to I8 and I11."""

from collections.abc import Iterator
from hashlib import sha256

from tests.faults.history import Answered
from tests.faults.snapshot import Snapshot, state_of
from tests.faults.stored import IndexRow, StoredEvent


def lost(seen: Snapshot, answered: Answered) -> Iterator[str]:
    """I1: orders, and what was done with them, that were acknowledged to callers and are not stored."""
    placed = {
        order_id: events[0].fields["payload"].get("requestId") for order_id, events in seen.stored.items()
    }
    for order_id, request_id in answered.orders.items():
        if placed.get(order_id) != request_id:
            yield f"order {order_id} ({request_id}) was acknowledged and is not stored"
    for order_id, type_ in answered.events:
        if type_ not in {event.fields["type"] for event in seen.stored.get(order_id, ())}:
            yield f"{type_} of order {order_id} was acknowledged and is not stored"


def gaps(seen: Snapshot) -> Iterator[str]:
    """I4."""
    for order_id, events in seen.stored.items():
        versions = [event.version for event in events]
        if versions != list(range(1, len(events) + 1)):
            yield f"order {order_id} has the versions {versions}"


def unverified(seen: Snapshot) -> Iterator[str]:
    """I5: bytes against hashes, hashes against chains, both against what was signed when it was published."""
    for order_id, events in seen.stored.items():
        previous = ""
        for event in events:
            if sha256(event.body).hexdigest() != event.hash or event.fields["prevHash"] != previous:
                yield f"order {order_id} version {event.version} does not verify"
            previous = event.hash
    yield from _wrong_heads(seen)


def _wrong_heads(seen: Snapshot) -> Iterator[str]:
    stored = {(id_, each.version): each.hash for id_, events in seen.stored.items() for each in events}
    for head in dict.fromkeys(seen.heads):
        if not head.is_genuine(seen.head_key):
            yield f"the head of order {head.orderId} version {head.version} is not signed by this mesh"
        elif stored.get((head.orderId, head.version)) != head.hash:
            yield f"order {head.orderId} version {head.version} was signed with another hash"
    signed = {(head.orderId, head.version) for head in seen.heads}
    for order_id, version in sorted(stored.keys() - signed):
        yield f"order {order_id} version {version} is stored and was never signed"


def misfolded(seen: Snapshot) -> Iterator[str]:
    """I6."""
    indexed = {row.order_id: row for row in seen.index}
    folded = {order_id: _folded(order_id, events) for order_id, events in seen.stored.items()}
    for order_id in indexed.keys() | folded.keys():
        if indexed.get(order_id) != folded.get(order_id):
            yield f"order {order_id} is indexed as {indexed.get(order_id)}, not {folded.get(order_id)}"


def _folded(order_id: str, events: list[StoredEvent]) -> IndexRow:
    placed = events[0].fields["payload"]
    confirmed = (each.fields["payload"] for each in events if each.fields["type"] == "OrderConfirmed")
    total = next((each["total"] for each in confirmed), None)
    return IndexRow(
        order_id=order_id,
        version=events[-1].version,
        customer_id=placed["customerId"],
        state=state_of(events),
        place_time=events[0].fields["occurTime"].replace("Z", "+00:00"),
        skus=tuple(sorted({line["sku"] for line in placed["lines"]})),
        total=total and (total["currencyCode"], int(total["units"]), total["nanos"]),
    )


def differing_log(seen: Snapshot) -> Iterator[str]:
    """I7: per order by first occurrence, since a relay may repeat itself."""
    for order_id in seen.stored.keys() | seen.published.keys():
        first_seen = list(dict.fromkeys((e.version, e.hash) for e in seen.published.get(order_id, [])))
        stored = [(event.version, event.hash) for event in seen.stored.get(order_id, [])]
        if first_seen != stored:
            versions = [version for version, _ in first_seen]
            yield f"order {order_id}: the log has {versions}, the store {[version for version, _ in stored]}"


def stuck(seen: Snapshot) -> Iterator[str]:
    """I8: undecided orders, holds, and events that a consumer has put aside."""
    for order_id, events in seen.stored.items():
        if state_of(events) == "PENDING":
            yield f"order {order_id} is PENDING"
    held = seen.stores.rows("inventory", "SELECT order_id FROM reservations WHERE state = 'HELD'")
    yield from (f"reservation of order {order_id} is HELD" for (order_id,) in held)
    for database in ("notification", "inventory", "order_inbox"):
        parked = seen.stores.rows(database, "SELECT `key`, version, reason FROM parked")
        yield from (f"{database} parked {key} {version}: {reason}" for key, version, reason in parked)


def anonymous(seen: Snapshot) -> Iterator[str]:
    """I11."""
    for order_id, events in seen.stored.items():
        for event in events:
            if not all(event.fields[name] for name in ("actor", "causation", "occurTime")):
                yield f"order {order_id} version {event.version} lacks actor, cause or time"
    query = "SELECT id FROM movements WHERE actor = '' OR cause = '' OR time = 0"
    yield from (
        f"movement {number} lacks actor, cause or time" for (number,) in seen.stores.rows("inventory", query)
    )
