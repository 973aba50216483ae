"""What must hold of stock: I2, I3 and I9."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.snapshot import Snapshot, pieces_of, state_of
from tests.faults.stores import Stores

_COMMITTED = "SELECT order_id, sku, SUM(committed) FROM movements WHERE order_id <> '' GROUP BY order_id, sku"
_HELD = "SELECT order_id, sku, SUM(held) FROM movements WHERE order_id <> '' GROUP BY order_id, sku"
_SHIPPED = "SELECT order_id, sku, shipped FROM reservation_lines WHERE shipped > 0"
_REPORTED = """
    SELECT order_id, sku,
        SUM(CASE WHEN named > deltas_before THEN named ELSE deltas_before END + deltas_since)
    FROM departures GROUP BY order_id, sku
"""
_RESERVED_TOO_MUCH = """
    SELECT sku, warehouse, book_quantity - unreported, held + committed FROM stock
    WHERE held + committed > book_quantity - unreported
"""
# What was promised order by order, whatever the shelf's own numbers say.
_CLAIMED_TOO_MUCH = """
    SELECT s.sku, s.warehouse, s.book_quantity - s.unreported, SUM(a.quantity - a.gone)
    FROM stock s JOIN allocations a ON a.sku = s.sku AND a.warehouse = s.warehouse
    JOIN reservations r ON r.order_id = a.order_id
    WHERE r.state IN ('HELD', 'COMMITTED')
    GROUP BY s.sku, s.warehouse, s.book_quantity, s.unreported
    HAVING SUM(a.quantity - a.gone) > s.book_quantity - s.unreported
"""
_WRONG_UNREPORTED = """
    SELECT s.sku, s.warehouse, s.unreported, COALESCE(SUM(a.unreported), 0) FROM stock s
    LEFT JOIN allocations a ON a.sku = s.sku AND a.warehouse = s.warehouse
    GROUP BY s.sku, s.warehouse, s.unreported
    HAVING s.unreported <> COALESCE(SUM(a.unreported), 0)
"""
# An update of an epoch that has ended counts in no shelf.
_MOVED_BY_THE_PAST = """
    SELECT u.sku, u.warehouse, u.sequence, u.epoch, f.epoch FROM wms_updates u
    JOIN feeds f ON f.warehouse = u.warehouse
    WHERE u.result = 'APPLIED' AND u.epoch < f.epoch AND u.time > f.start_time
"""
_WRONG_SUMS = """
    SELECT s.sku, s.warehouse FROM stock s
    LEFT JOIN movements m ON m.sku = s.sku AND m.warehouse = s.warehouse
    GROUP BY s.sku, s.warehouse, s.book_quantity, s.held, s.committed, s.unreported
    HAVING s.book_quantity <> COALESCE(SUM(m.book_quantity), 0) OR s.held <> COALESCE(SUM(m.held), 0)
    OR s.committed <> COALESCE(SUM(m.committed), 0) OR s.unreported <> COALESCE(SUM(m.unreported), 0)
"""

_ByLine = dict[tuple[str, str], int]
"""Pieces by order and SKU."""


def doubled(seen: Snapshot) -> Iterator[str]:
    """I2: requests that made two orders, and stock that moved other than once for an order."""
    placed = Counter(
        (event.fields["payload"]["customerId"], event.fields["payload"]["requestId"])
        for events in seen.stored.values()
        for event in events
        if event.fields["type"] == "OrderPlaced"
    )
    yield from (f"request {key} made {count} orders" for key, count in placed.items() if count > 1)
    pieces = {order_id: pieces_of(events) for order_id, events in seen.stored.items()}
    shipped = {(order_id, sku): n for order_id, each in pieces.items() for sku, n in each.shipped.items()}
    yield from _differing(seen, _SHIPPED, shipped, "shipped")
    yield from _differing(seen, _HELD, dict(_kept(seen, {"PENDING"}, {})), "held")
    reported = _by_line(seen, _REPORTED)
    kept = dict(_kept(seen, {"CONFIRMED", "PARTIALLY_SHIPPED"}, reported))
    yield from _differing(seen, _COMMITTED, kept, "committed")
    for order_id, each in pieces.items():
        if beyond := each.shipped + each.cancelled - each.ordered:
            yield f"order {order_id} has more shipped and cancelled than ordered: {dict(beyond)}"


def _differing(seen: Snapshot, query: str, due: _ByLine, what: str) -> Iterator[str]:
    moved = _by_line(seen, query)
    for order_id, sku in sorted(moved.keys() | due.keys()):
        there, asked = moved.get((order_id, sku), 0), due.get((order_id, sku), 0)
        if there != asked:
            yield f"order {order_id} has {there} of {sku} {what}, its events ask for {asked}"


def _by_line(seen: Snapshot, query: str) -> _ByLine:
    return {(order_id, sku): int(pieces) for order_id, sku, pieces in seen.stores.rows("inventory", query)}


def _kept(seen: Snapshot, states: set[str], reported: _ByLine) -> Iterator[tuple[tuple[str, str], int]]:
    """What has to be kept for orders: what neither the shop nor a warehouse says that it has left."""
    for order_id, events in seen.stored.items():
        if state_of(events) in states:
            pieces = pieces_of(events)
            for sku, ordered in pieces.ordered.items():
                gone = max(pieces.shipped[sku], reported.get((order_id, sku), 0))
                yield (order_id, sku), max(0, ordered - gone)


def oversold(stores: Stores) -> Iterator[str]:
    """I3: of any instant, also while orders are being placed."""
    for query in (_RESERVED_TOO_MUCH, _CLAIMED_TOO_MUCH):
        for sku, warehouse, on_hand, reserved in stores.rows("inventory", query):
            yield f"{sku} in {warehouse}: {reserved} reserved, {on_hand} there"


def wrong_sums(stores: Stores) -> Iterator[str]:
    """I9: every shelf starts at zero, so the sums over its movements are its numbers."""
    for sku, warehouse in stores.rows("inventory", _WRONG_SUMS):
        yield f"the movements of {sku} in {warehouse} do not add up to its stock"
    for sku, warehouse, unreported, placed in stores.rows("inventory", _WRONG_UNREPORTED):
        yield f"{sku} in {warehouse}: {unreported} unreported, its orders have left {placed} there"
    for sku, warehouse, sequence, epoch, current in stores.rows("inventory", _MOVED_BY_THE_PAST):
        yield f"{sku} in {warehouse}: update {sequence} of epoch {epoch} was applied in epoch {current}"
