"""What the warehouse system says of a shelf, and what becomes of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256

from services.inventory.domain.stock import MAX_PIECES, Shelf


@dataclass(frozen=True, slots=True)
class Count:
    """All pieces were counted; those of `shipped_order_ids` had left before."""

    on_hand: int
    shipped_order_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """Pieces came or went; with an order id, they left for that order."""

    quantity: int
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class StockUpdate:
    """One update.

    Attributes:
        sku: Of what.
        warehouse: Where.
        sequence: Its place in the stream of this shelf, from 1.
        change: What happened.
        observe_time: When the warehouse system saw it.
    """

    sku: str
    warehouse: str
    sequence: int
    change: Count | Delta
    observe_time: datetime | None = None

    @property
    def order_ids(self) -> tuple[str, ...]:
        """The orders that it names, each once, in their order as text."""
        match self.change:
            case Count(shipped_order_ids=order_ids):
                return tuple(sorted(set(order_ids)))
            case Delta(order_id=order_id):
                return (order_id,) if order_id else ()

    @property
    def content(self) -> str:
        """What it says, as JSON: equal for repeats, whenever they were observed."""
        match self.change:
            case Count(on_hand):
                return _json({"count": on_hand, "shippedOrderIds": self.order_ids})
            case Delta(quantity, order_id):
                return _json({"delta": quantity, "orderId": order_id})

    @property
    def digest(self) -> str:
        """The content's SHA-256, lower-case hex."""
        return sha256(self.content.encode()).hexdigest()


class Result(Enum):
    """What became of an update; the names of the contract."""

    APPLIED = "APPLIED"
    DUPLICATE = "DUPLICATE"
    GAP = "GAP"
    QUARANTINED = "QUARANTINED"


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer to an update; `expected_sequence` with GAP, `reason` with QUARANTINED."""

    update: StockUpdate
    result: Result
    expected_sequence: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is remembered of an earlier update with the same sequence."""

    digest: str
    result: Result
    reason: str


def answer(update: StockUpdate, shelf: Shelf, last: int, recorded: Recorded | None) -> Ack:
    """Judge an update; APPLIED says that it is to be applied, and nothing moved yet.

    Args:
        update: The update.
        shelf: What it is about.
        last: The sequence of the shelf's last update that counts; 0 for none.
        recorded: What came under its sequence before, if anything did.
    """
    if recorded is not None:
        return _repeated(update, recorded)
    if update.sequence <= last:
        return Ack(update, Result.DUPLICATE)
    if isinstance(update.change, Count):
        # A count replaces the book quantity, and with it every update that is missing before it.
        return Ack(update, Result.APPLIED)
    if update.sequence > last + 1:
        return Ack(update, Result.GAP, expected_sequence=last + 1)
    problem = _problem(update.change, shelf)
    return Ack(update, Result.QUARANTINED, reason=problem) if problem else Ack(update, Result.APPLIED)


def change_of(content: str) -> Count | Delta:
    """The change in an update's `content`."""
    said = json.loads(content)
    if "count" in said:
        return Count(said["count"], tuple(said["shippedOrderIds"]))
    return Delta(said["delta"], said["orderId"])


def _json(said: Mapping[str, object]) -> str:
    return json.dumps(said, separators=(",", ":"))


def _repeated(update: StockUpdate, recorded: Recorded) -> Ack:
    if recorded.digest != update.digest:
        return Ack(update, Result.QUARANTINED, reason=f"sequence {update.sequence} came with other content")
    if recorded.result is Result.QUARANTINED:
        return Ack(update, Result.QUARANTINED, reason=recorded.reason)
    return Ack(update, Result.DUPLICATE)


def _problem(delta: Delta, shelf: Shelf) -> str:
    if delta.order_id and delta.quantity > 0:
        return f"{delta.quantity} pieces cannot come in for an order: they leave with it"
    after = shelf.book_quantity + delta.quantity
    if after < 0:
        return f"{after} pieces would be left: the book quantity is {shelf.book_quantity}"
    if after > MAX_PIECES:
        return f"{after} pieces are more than the {MAX_PIECES} that can be"
    return ""
