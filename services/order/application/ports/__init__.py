"""What orders need from outside: an event store, stock, keys, and a few smaller things."""

from services.order.application.ports.accounts import Accounts, AccountState, AccountsUnreachable
from services.order.application.ports.event_store import (
    Changes,
    Commit,
    EventStore,
    OpenOrder,
    Position,
    Selection,
    StoredEvent,
    Stream,
    VersionTaken,
)
from services.order.application.ports.head_log import Head, HeadLog, SignedHead
from services.order.application.ports.inventory import (
    Inventory,
    InventoryUnreachable,
    ReservationGone,
    ReservationRefused,
    Reserved,
    Shortfall,
    Shortfalls,
)
from services.order.application.ports.key_vault import CustomerIsClosed, KeyVault, SealedField
from services.order.application.ports.order_index import OrderIndex, OrderRow, Search, Superseded
from services.order.application.ports.places import AddressProblems
from services.order.application.ports.published_events import PublishedEvent, PublishedEvents
from services.order.application.ports.readers import Readers
from services.order.application.ports.steps import ContinueTrace, Failpoint, Progress

__all__ = [
    "AccountState",
    "Accounts",
    "AccountsUnreachable",
    "AddressProblems",
    "Changes",
    "Commit",
    "ContinueTrace",
    "CustomerIsClosed",
    "EventStore",
    "Failpoint",
    "Head",
    "HeadLog",
    "Inventory",
    "InventoryUnreachable",
    "KeyVault",
    "OpenOrder",
    "OrderIndex",
    "OrderRow",
    "Position",
    "Progress",
    "PublishedEvent",
    "PublishedEvents",
    "Readers",
    "ReservationGone",
    "ReservationRefused",
    "Reserved",
    "SealedField",
    "Search",
    "Selection",
    "Shortfall",
    "Shortfalls",
    "SignedHead",
    "StoredEvent",
    "Stream",
    "Superseded",
    "VersionTaken",
]
