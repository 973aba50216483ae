"""Updates of the warehouse system that cannot be true."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.inventory.domain.wms_update import StockUpdate


class QuarantinePosition(NamedTuple):
    """Where an update stands among all that were set aside; those that came last have the greatest."""

    time: datetime
    sku: str
    warehouse: str
    epoch: int
    sequence: int
    digest: str


@dataclass(frozen=True, slots=True)
class QuarantinedUpdate:
    """An update that makes no sense, as it came first.

    Attributes:
        update: What came.
        reason: What is wrong with it.
        actor: Who sent it.
        position: Where it stands, and when it came.
    """

    update: StockUpdate
    reason: str
    actor: str
    position: QuarantinePosition
