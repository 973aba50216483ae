"""Movements: every change of stock, with what it changed and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple


class Cause(Enum):
    """Why stock moved."""

    RESERVE = "RESERVE"
    COMMIT = "COMMIT"
    RELEASE = "RELEASE"
    EXPIRE = "EXPIRE"
    SHIP = "SHIP"
    ADJUST = "ADJUST"
    COUNT = "COUNT"
    DELTA = "DELTA"
    RECONCILE = "RECONCILE"


@dataclass(frozen=True, slots=True)
class Movement:
    """A change of one shelf; each number is added to the shelf's."""

    cause: Cause
    sku: str
    warehouse: str
    book_quantity: int = 0
    unreported: int = 0
    held: int = 0
    committed: int = 0

    @property
    def is_nothing(self) -> bool:
        """Whether it changes no number."""
        return not (self.book_quantity or self.unreported or self.held or self.committed)

    @property
    def needs(self) -> int | None:
        """How many free pieces the shelf must have for it; None: it happens in any case."""
        match self.cause:
            case Cause.RESERVE:
                return self.held
            case Cause.ADJUST if self.book_quantity < 0:
                return -self.book_quantity
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who moved stock, when, and on account of what.

    Attributes:
        actor: `staff:<id>`, `client:<id>`, `customer:<id>` or `system`.
        time: When.
        order_id: The order, if it was on account of one.
        note: A reason given by hand.
        causation: The id of the event or request that caused it.
        trace_id: The trace in which it happened, 32 hex digits; empty outside any.
    """

    actor: str
    time: datetime
    order_id: str = ""
    note: str = ""
    causation: str = ""
    trace_id: str = ""


class MovementPosition(NamedTuple):
    """Where a movement stands among those of its SKU; the latest has the greatest."""

    time: datetime
    movement_id: int


@dataclass(frozen=True, slots=True)
class RecordedMovement:
    """A movement as it was recorded."""

    movement: Movement
    provenance: Provenance
    position: MovementPosition


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """Which movements are looked for; what is None or empty says nothing.

    Attributes:
        sku: Of what.
        warehouse: Where.
        order_id: On account of which order.
        cause: Why.
        min_time: From when on.
        max_time: Until when, this time not included.
    """

    sku: str
    warehouse: str = ""
    order_id: str = ""
    cause: Cause | None = None
    min_time: datetime | None = None
    max_time: datetime | None = None
