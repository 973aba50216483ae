"""What inventory needs from the world."""

from services.inventory.application.ports.catalog import Catalog, PriceHistory
from services.inventory.application.ports.ledger import DueHolds, Group, Ledger, Ledgers
from services.inventory.application.ports.shortages import DueShortages, ShortageRecord
from services.inventory.application.ports.stock import Movements, StockChanges, StockLevels
from services.inventory.application.ports.wms import Feeds, Quarantine, WmsRecord

__all__ = [
    "Catalog",
    "DueHolds",
    "DueShortages",
    "Feeds",
    "Group",
    "Ledger",
    "Ledgers",
    "Movements",
    "PriceHistory",
    "Quarantine",
    "ShortageRecord",
    "StockChanges",
    "StockLevels",
    "WmsRecord",
]
