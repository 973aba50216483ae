"""What must hold of mails: I10."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.snapshot import Snapshot
from tests.faults.stored import StoredEvent

_TEMPLATE_OF = {
    "OrderConfirmed": "ORDER_CONFIRMED",
    "OrderCancelled": "ORDER_CANCELLED",
    "OrderShipped": "ORDER_SHIPPED",
}
_DONE = """
SELECT order_id, template FROM deliveries
WHERE order_id <> '' AND (state = 'SENT' OR state IN ('SKIPPED', 'SUPPRESSED') AND reason <> '')
"""
_SENT = "SELECT COUNT(*) FROM deliveries WHERE state = 'SENT'"


def wrong_mails(seen: Snapshot) -> Iterator[str]:
    """Mails that are due and were neither sent nor skipped for a reason, were twice, or were never due.

    One whose answer was lost may have been sent more than once: that is counted on its row, and in the folder
    it is one file.
    """
    due = Counter(
        (order_id, template)
        for order_id, events in seen.stored.items()
        for event in events
        if (template := _template(event))
    )
    rows = seen.stores.rows("notification", _DONE)
    done = Counter((order_id, template.upper()) for order_id, template in rows)
    for order_id, template in sorted(due.keys() | done.keys()):
        if due[order_id, template] != done[order_id, template]:
            yield f"order {order_id}: {template} sent or skipped {done[order_id, template]} times"
    ((recorded,),) = seen.stores.rows("notification", _SENT)
    if recorded != len(seen.stores.mails()):
        yield f"{recorded} mails recorded as sent, {len(seen.stores.mails())} in the folder"


def _template(event: StoredEvent) -> str | None:
    if event.fields["type"] == "OrderRejected":
        # A caller that was waiting for the answer needs no mail.
        return "ORDER_REJECTED" if event.fields["payload"].get("decidedLater") else None
    return _TEMPLATE_OF.get(event.fields["type"])
