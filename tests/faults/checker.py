"""Checks a mesh's stores against what must hold whatever broke.

`python -m tests.faults.checker HOME` prints the number of violations of each invariant.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from tests.faults.stores import StoredEvent, Stores, by_order

STATE_AFTER = {
    "OrderPlaced": "PENDING",
    "OrderConfirmed": "CONFIRMED",
    "OrderRejected": "REJECTED",
    "OrderCancelled": "CANCELLED",
    "OrderShipped": "SHIPPED",
    "OrderDelivered": "DELIVERED",
}
_MAILED = {"OrderConfirmed", "OrderCancelled", "OrderShipped"}


def violations(stores: Stores, acknowledged: Mapping[str, str]) -> dict[str, list[str]]:
    """Everything that is wrong, by invariant.

    Args:
        stores: A mesh that has come to rest.
        acknowledged: What callers were told: order id to the request id it was placed with.
    """
    checks: dict[str, Callable[[], Iterator[str]]] = {
        "I1 no acknowledged order lost": lambda: _lost(stores, acknowledged),
        "I2 no effect twice": lambda: _doubled(stores),
        "I3 nothing reserved beyond what is there": lambda: _oversold(stores),
        "I4 versions are 1..n": lambda: _gaps(stores),
        "I5 hash chains verify": lambda: _broken_chains(stores),
        "I7 event log and store hold the same": lambda: _log_differs(stores),
        "I8 nothing stuck": lambda: _stuck(stores),
        "I9 movements add up": lambda: _movements_differ(stores),
        "I10 one mail per order and template": lambda: _mails_differ(stores),
        "I11 every change has actor, cause, time": lambda: _anonymous_changes(stores),
    }
    return {name: list(check()) for name, check in checks.items()}


def _lost(stores: Stores, acknowledged: Mapping[str, str]) -> Iterator[str]:
    placed = {e.order_id: e.fields["payload"]["requestId"] for e in stores.stored() if e.version == 1}
    for order_id, request_id in acknowledged.items():
        if placed.get(order_id) != request_id:
            yield f"order {order_id} ({request_id}) was acknowledged and is not stored"


def _doubled(stores: Stores) -> Iterator[str]:
    placed = Counter(
        (e.fields["payload"]["customerId"], e.fields["payload"]["requestId"])
        for e in stores.stored()
        if e.version == 1
    )
    yield from (f"request {key} made {count} orders" for key, count in placed.items() if count > 1)
    kept = dict(_kept_stock(stores))
    committed = (
        "SELECT order_id, sku, SUM(committed) FROM movements WHERE order_id <> '' GROUP BY order_id, sku"
    )
    for order_id, sku, pieces in stores.rows("inventory", committed):
        due = kept.get((order_id, sku), 0)
        if pieces != due:
            yield f"order {order_id} has {pieces} of {sku} committed, its state asks for {due}"


def _kept_stock(stores: Stores) -> Iterator[tuple[tuple[str, str], int]]:
    """What confirmed orders must have committed."""
    for order_id, events in by_order(stores.stored()):
        if _state(events) == "CONFIRMED":
            for line in events[0].fields["payload"]["lines"]:
                yield (order_id, line["sku"]), line["quantity"]


def _oversold(stores: Stores) -> Iterator[str]:
    query = (
        "SELECT sku, warehouse, book - untold, held + committed FROM stock "
        "WHERE held + committed > book - untold"
    )
    for sku, warehouse, on_hand, reserved in stores.rows("inventory", query):
        yield f"{sku} in {warehouse}: {reserved} reserved, {on_hand} there"


def _gaps(stores: Stores) -> Iterator[str]:
    for order_id, events in by_order(stores.stored()):
        versions = [event.version for event in events]
        if versions != list(range(1, len(events) + 1)):
            yield f"order {order_id} has the versions {versions}"


def _broken_chains(stores: Stores) -> Iterator[str]:
    for order_id, events in by_order(stores.stored()):
        previous = ""
        for event in events:
            if sha256(event.body).hexdigest() != event.hash or event.fields["prevHash"] != previous:
                yield f"order {order_id} version {event.version} does not verify"
            previous = event.hash


def _log_differs(stores: Stores) -> Iterator[str]:
    published = dict(by_order(stores.published()))
    stored = dict(by_order(stores.stored()))
    for order_id in stored.keys() | published.keys():
        first_seen = list(dict.fromkeys((e.version, e.hash) for e in published.get(order_id, [])))
        if first_seen != [(e.version, e.hash) for e in stored.get(order_id, [])]:
            yield f"order {order_id}: the log has {[version for version, _ in first_seen]}"


def _stuck(stores: Stores) -> Iterator[str]:
    for order_id, events in by_order(stores.stored()):
        if _state(events) == "PENDING":
            yield f"order {order_id} is PENDING"
    held = stores.rows("inventory", "SELECT order_id FROM reservations WHERE state = 'HELD'")
    yield from (f"reservation of order {order_id} is HELD" for (order_id,) in held)
    for database in ("notification", "inventory"):
        parked = stores.rows(database, "SELECT key, version, reason FROM parked")
        yield from (f"{database} parked {key} {version}: {reason}" for key, version, reason in parked)


def _movements_differ(stores: Stores) -> Iterator[str]:
    sums = (
        "SELECT s.sku, s.warehouse FROM stock s JOIN movements m USING (sku, warehouse) GROUP BY 1, 2 "
        "HAVING s.book <> SUM(m.book) OR s.held <> SUM(m.held) OR s.committed <> SUM(m.committed) "
        "OR s.untold <> SUM(m.untold)"
    )
    for sku, warehouse in stores.rows("inventory", sums):
        yield f"the movements of {sku} in {warehouse} do not add up to its stock"


def _mails_differ(stores: Stores) -> Iterator[str]:
    due = Counter(event.order_id for event in stores.stored() if event.fields["type"] in _MAILED)
    query = (
        "SELECT order_id, COUNT(*) FROM deliveries WHERE order_id <> '' AND state = 'SENT' GROUP BY order_id"
    )
    sent = dict(stores.rows("notification", query))
    for order_id in due.keys() | sent.keys():
        if due[order_id] != sent.get(order_id, 0):
            yield f"order {order_id}: {due[order_id]} mails due, {sent.get(order_id, 0)} sent"
    ((recorded,),) = stores.rows("notification", "SELECT COUNT(*) FROM deliveries WHERE state = 'SENT'")
    if recorded != len(stores.mails()):
        yield f"{recorded} mails recorded as sent, {len(stores.mails())} in the folder"


def _anonymous_changes(stores: Stores) -> Iterator[str]:
    for event in stores.stored():
        if not all(event.fields[name] for name in ("actor", "causation", "occurTime")):
            yield f"order {event.order_id} version {event.version} lacks actor, cause or time"
    query = "SELECT id FROM movements WHERE actor = '' OR cause = '' OR time = 0"
    yield from (
        f"movement {number} lacks actor, cause or time" for (number,) in stores.rows("inventory", query)
    )


def _state(events: list[StoredEvent]) -> str:
    return STATE_AFTER[events[-1].fields["type"]]


def main() -> None:
    """Print one line for each invariant; exit 1 when one is violated."""
    found = violations(Stores(Path(sys.argv[1])), {})
    for name, problems in found.items():
        sys.stdout.write(f"{len(problems):5} {name}\n" + "".join(f"      {each}\n" for each in problems[:5]))
    sys.exit(any(found.values()))


if __name__ == "__main__":
    main()
