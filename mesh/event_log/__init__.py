"""The event log: the services' events, durable, in order per key."""

from mesh.event_log.open import open_event_log
from mesh.event_log.port import (
    Delivery,
    EventLog,
    EventLogUnavailable,
    Record,
    Subscription,
    SubscriptionLost,
)

__all__ = [
    "Delivery",
    "EventLog",
    "EventLogUnavailable",
    "Record",
    "Subscription",
    "SubscriptionLost",
    "open_event_log",
]
