"""The feed of a warehouse's updates, which begins anew where its sequences do."""

from dataclasses import dataclass
from datetime import datetime


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
    """

    warehouse: str
    epoch: int
    actor: str
    reason: str
    start_time: datetime | None
    waiting_shelves: int
