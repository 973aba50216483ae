"""What must hold of mails: I10."""

import json
from collections import Counter
from collections.abc import Iterator

from tests.faults.snapshot import Snapshot, pieces_of, shipments_of
from tests.faults.stored import StoredEvent

_TEMPLATE_OF = {
    "OrderConfirmed": "ORDER_CONFIRMED",
    "OrderCancelled": "ORDER_CANCELLED",
    "OrderRemainderCancelled": "ORDER_CANCELLED",
}
_SHIPPED = "ORDER_SHIPPED"
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
    named = _parcels(seen)
    for order_id, events in seen.stored.items():
        if shipped := shipments_of(events):
            # A piece that comes when the mail is on its way is named in another one.
            due[order_id, _SHIPPED] = max(len(named.get(order_id, ())), len(shipped))
            # A mail of before parcels were named is about the whole order.
            if named.get(order_id) and sum(named[order_id], Counter()) != pieces_of(events).shipped:
                yield f"order {order_id}: its mails do not name what was shipped"
    rows = seen.stores.rows("notification", _DONE)
    done = Counter((order_id, template.upper()) for order_id, template in rows)
    for order_id, template in sorted(due.keys() | done.keys()):
        if due[order_id, template] != done[order_id, template]:
            yield f"order {order_id}: {template} sent or skipped {done[order_id, template]} times"
    ((recorded,),) = seen.stores.rows("notification", _SENT)
    if recorded != len(seen.stores.mails()):
        yield f"{recorded} mails recorded as sent, {len(seen.stores.mails())} in the folder"


def _parcels(seen: Snapshot) -> dict[str, list[Counter[str]]]:
    """What each mail of an order names, of customers who are still there."""
    rows = seen.stores.rows(
        "notification", "SELECT order_id, content FROM order_summaries WHERE customer_id <> ''"
    )
    return {
        order_id: [Counter(parcel["pieces"]) for parcel in json.loads(content).get("parcels", ())]
        for order_id, content in rows
    }


def _template(event: StoredEvent) -> str | None:
    if event.fields["type"] == "OrderRejected":
        # A caller that was waiting for the answer needs no mail.
        return "ORDER_REJECTED" if event.fields["payload"].get("decidedLater") else None
    return _TEMPLATE_OF.get(event.fields["type"])
