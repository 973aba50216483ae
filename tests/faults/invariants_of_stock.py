"""What must hold of stock: I2, I3 and I9."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.snapshot import Snapshot, state_of
from tests.faults.stores import Stores

_COMMITTED = "SELECT order_id, sku, SUM(committed) FROM movements WHERE order_id <> '' GROUP BY order_id, sku"
_HELD = "SELECT order_id, sku, SUM(held) FROM movements WHERE order_id <> '' GROUP BY order_id, sku"
_SHIPPED = "SELECT order_id, sku, shipped FROM reservation_lines WHERE shipped > 0"
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
_WRONG_SUMS = """
    SELECT s.sku, s.warehouse FROM stock s
    LEFT JOIN movements m ON m.sku = s.sku AND m.warehouse = s.warehouse
    GROUP BY s.sku, s.warehouse, s.book_quantity, s.held, s.committed, s.unreported
    HAVING s.book_quantity <> COALESCE(SUM(m.book_quantity), 0) OR s.held <> COALESCE(SUM(m.held), 0)
    OR s.committed <> COALESCE(SUM(m.committed), 0) OR s.unreported <> COALESCE(SUM(m.unreported), 0)
"""


def doubled(seen: Snapshot) -> Iterator[str]:
    """I2: requests that made two orders, and stock that moved other than once for an order."""
    placed = Counter(
        (event.fields["payload"]["customerId"], event.fields["payload"]["requestId"])
        for events in seen.stored.values()
        for event in events
        if event.fields["type"] == "OrderPlaced"
    )
    yield from (f"request {key} made {count} orders" for key, count in placed.items() if count > 1)
    yield from _wrong_pieces(seen, _COMMITTED, {"CONFIRMED"}, "committed")
    yield from _wrong_pieces(seen, _HELD, {"PENDING"}, "held")
    yield from _wrong_pieces(seen, _SHIPPED, {"SHIPPED", "DELIVERED"}, "shipped")


def _wrong_pieces(seen: Snapshot, query: str, states: set[str], what: str) -> Iterator[str]:
    moved = {(order_id, sku): int(pieces) for order_id, sku, pieces in seen.stores.rows("inventory", query)}
    due = dict(_lines_in(seen, states))
    for order_id, sku in sorted(moved.keys() | due.keys()):
        there, asked = moved.get((order_id, sku), 0), due.get((order_id, sku), 0)
        if there != asked:
            yield f"order {order_id} has {there} of {sku} {what}, its state asks for {asked}"


def _lines_in(seen: Snapshot, states: set[str]) -> Iterator[tuple[tuple[str, str], int]]:
    for order_id, events in seen.stored.items():
        if state_of(events) in states:
            for line in events[0].fields["payload"]["lines"]:
                yield (order_id, line["sku"]), line["quantity"]


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
