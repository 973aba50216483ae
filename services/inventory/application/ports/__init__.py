"""What inventory needs from the world."""

from services.inventory.application.ports.catalog import Catalog, PriceHistory
from services.inventory.application.ports.ledger import DueHolds, Group, Ledger, Ledgers
from services.inventory.application.ports.shortages import DueShortages, ShortageRecord
from services.inventory.application.ports.stock import StockChanges, StockLevels
from services.inventory.application.ports.wms import Quarantine, WmsRecord

__all__ = [
    "Catalog",
    "DueHolds",
    "DueShortages",
    "Group",
    "Ledger",
    "Ledgers",
    "PriceHistory",
    "Quarantine",
    "ShortageRecord",
    "StockChanges",
    "StockLevels",
    "WmsRecord",
]
