"""Movements: every change of stock, with what it changed and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


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
    """

    actor: str
    time: datetime
    order_id: str = ""
    note: str = ""
    causation: str = ""
