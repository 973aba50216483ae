"""Pages of events that hold whole orders."""

from collections.abc import Iterable, Sequence


def whole_orders(
    events: Iterable[tuple[str, bytes]], *, more_follow: bool
) -> list[tuple[str, Sequence[bytes]]]:
    """Events that come by order id, by order; without the last one where more follow, maybe its own."""
    orders: dict[str, list[bytes]] = {}
    for order_id, body in events:
        orders.setdefault(order_id, []).append(body)
    if more_follow:
        orders.popitem()
    return list(orders.items())
