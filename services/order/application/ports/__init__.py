"""What orders need from outside: an event store, stock, keys, and a few smaller things."""

from services.order.application.ports.accounts import Accounts, AccountsSilent, AccountState
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
from services.order.application.ports.head_log import HeadLog, SignedHead
from services.order.application.ports.inventory import (
    Inventory,
    InventorySilent,
    ReservationGone,
    ReservationRefused,
    Reserved,
    Shortfall,
    Shortfalls,
)
from services.order.application.ports.key_vault import CustomerIsClosed, KeyVault, SealedField
from services.order.application.ports.steps import ContinueTrace, Reached

__all__ = [
    "AccountState",
    "Accounts",
    "AccountsSilent",
    "Changes",
    "Commit",
    "ContinueTrace",
    "CustomerIsClosed",
    "EventStore",
    "HeadLog",
    "Inventory",
    "InventorySilent",
    "KeyVault",
    "OpenOrder",
    "Position",
    "Reached",
    "ReservationGone",
    "ReservationRefused",
    "Reserved",
    "SealedField",
    "Selection",
    "Shortfall",
    "Shortfalls",
    "SignedHead",
    "StoredEvent",
    "Stream",
    "VersionTaken",
]
