"""The feed of a warehouse's updates, which is restarted where its sequences are."""

from dataclasses import dataclass
from datetime import datetime

from services.inventory.domain.stock import Shelf
from services.inventory.domain.wms_update import FeedPosition


@dataclass(frozen=True, slots=True)
class FeedStart:
    """A feed that begins.

    Attributes:
        warehouse: Whose feed.
        request_id: Names the start among those of the warehouse.
        epoch: The one that begins.
        actor: Who begins it.
        reason: Why.
        time: When.
    """

    warehouse: str
    request_id: str
    epoch: int
    actor: str
    reason: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """A warehouse's feed as it is.

    Attributes:
        warehouse: Whose feed.
        epoch: The current one.
        actor: Who began it; `system` for the first.
        reason: Why; empty for the first.
        start_time: When; None for the first.
        waiting_shelves: How many shelves wait for a count.
        refusing_shelves: How many have refused so many updates in a row that somebody has to look.
    """

    warehouse: str
    epoch: int
    actor: str
    reason: str
    start_time: datetime | None
    waiting_shelves: int
    refusing_shelves: int


@dataclass(frozen=True, slots=True)
class ShelfStory:
    """A shelf, how far it has got in its warehouse's feed, and how many updates it refused in a row."""

    shelf: Shelf
    position: FeedPosition
    refusals: int
