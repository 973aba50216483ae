"""What the warehouse system says of a shelf, and what becomes of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from hashlib import sha256

from services.inventory.domain.stock import MAX_PIECES, Shelf

FIRST_EPOCH = 1
MANY_REFUSALS = 20
"""So many in a row say that shop and warehouse do not understand each other."""
MOST_AHEAD = 1_000_000
"""How far a count may be ahead of its shelf: a sequence beyond that would make the shelf deaf for ever."""


@dataclass(frozen=True, slots=True)
class Count:
    """All pieces were counted.

    Attributes:
        on_hand: How many lie there.
        shipped_order_ids: Orders that had left before, with as many pieces as the shop thinks.
        shipped_orders: Orders and how many of their pieces had left before, all in all.
    """

    on_hand: int
    shipped_order_ids: tuple[str, ...] = ()
    shipped_orders: tuple[tuple[str, int], ...] = ()

    def pieces_of(self, order_id: str) -> int | None:
        """How many pieces of an order had left; None: the count does not say."""
        return max((pieces for each, pieces in self.shipped_orders if each == order_id), default=None)


@dataclass(frozen=True, slots=True)
class Delta:
    """Pieces came or went; with an order id they left for that order, with a shipment id in that parcel."""

    quantity: int
    order_id: str = ""
    shipment_id: str = ""


@dataclass(frozen=True, slots=True)
class StockUpdate:
    """One update.

    Attributes:
        sku: Of what.
        warehouse: Where.
        sequence: Its place in the stream of this shelf, from 1.
        change: What happened.
        observe_time: When the warehouse system saw it.
        epoch: Of the warehouse's feed; 0: whichever is the current one.
    """

    sku: str
    warehouse: str
    sequence: int
    change: Count | Delta
    observe_time: datetime | None = None
    epoch: int = 0

    @property
    def place(self) -> tuple[str, str]:
        """SKU and warehouse."""
        return self.sku, self.warehouse

    @property
    def order_ids(self) -> tuple[str, ...]:
        """The orders that it names, each once, in their order as text."""
        match self.change:
            case Count(_, order_ids, orders):
                return tuple(sorted({*order_ids, *(order_id for order_id, _ in orders)}))
            case Delta(order_id=order_id):
                return (order_id,) if order_id else ()

    @property
    def content(self) -> str:
        """What it says, as JSON: equal for repeats, whenever they were observed."""
        match self.change:
            case Count(on_hand, order_ids, orders):
                said = {"count": on_hand, "shippedOrderIds": sorted(set(order_ids))}
                return _json(said | ({"shippedOrders": sorted(set(orders))} if orders else {}))
            case Delta(quantity, order_id, shipment_id):
                said = {"delta": quantity, "orderId": order_id}
                return _json(said | ({"shipmentId": shipment_id} if shipment_id else {}))

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
    STALE_EPOCH = "STALE_EPOCH"
    COUNT_NEEDED = "COUNT_NEEDED"


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer to an update.

    Attributes:
        update: The update.
        result: What became of it.
        expected_sequence: With GAP: the sequence to send from.
        reason: With QUARANTINED: what is wrong with it; with APPLIED: what is strange about it.
        current_epoch: Of the warehouse's feed; 0 for an unknown warehouse.
        counts: Whether its sequence is used up by it.
    """

    update: StockUpdate
    result: Result
    expected_sequence: int = 0
    reason: str = ""
    current_epoch: int = 0
    counts: bool = True

    def is_refusal(self, recorded: "Recorded | None") -> bool:
        """Whether it takes nothing from somebody who said something new; honest repeats are none."""
        return self.result is not Result.APPLIED and (
            recorded is None or recorded.digest != self.update.digest
        )


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """How far a shelf has got in its warehouse's feed.

    Attributes:
        current_epoch: The feed's.
        epoch: The one in which the shelf's last update counted.
        sequence: That update's; 0 for none.
    """

    current_epoch: int
    epoch: int
    sequence: int

    @property
    def waits_for_count(self) -> bool:
        return self.epoch < self.current_epoch

    def is_behind(self, update: StockUpdate) -> bool:
        """Whether an update that counts is the last one then."""
        return self.waits_for_count or update.sequence > self.sequence


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is remembered of an earlier update with the same sequence."""

    digest: str
    result: Result
    reason: str


def answer(update: StockUpdate, shelf: Shelf, position: FeedPosition, recorded: Recorded | None) -> Ack:
    """Judge an update; APPLIED says that it is to be applied, and nothing moved yet.

    Args:
        update: The update, with its epoch.
        shelf: What it is about.
        position: How far the shelf has got.
        recorded: What came under its epoch and sequence before, if anything did.
    """
    if update.epoch != position.current_epoch:
        ack = _of_another_epoch(update, position, recorded)
    elif recorded is not None:
        ack = _repeated(update, recorded)
    elif isinstance(update.change, Count):
        ack = _counted(update, position)
    else:
        ack = _moved(update, update.change, shelf, position)
    return replace(ack, current_epoch=position.current_epoch)


def change_of(content: str) -> Count | Delta:
    """The change in an update's `content`."""
    said = json.loads(content)
    if "count" in said:
        orders = tuple((order_id, pieces) for order_id, pieces in said.get("shippedOrders", ()))
        return Count(said["count"], tuple(said["shippedOrderIds"]), orders)
    return Delta(said["delta"], said["orderId"], said.get("shipmentId", ""))


def _json(said: Mapping[str, object]) -> str:
    return json.dumps(said, separators=(",", ":"))


def _of_another_epoch(update: StockUpdate, position: FeedPosition, recorded: Recorded | None) -> Ack:
    if update.epoch > position.current_epoch:
        reason = f"EPOCH_UNKNOWN: the feed is in epoch {position.current_epoch}, {update.epoch} has not begun"
        return Ack(update, Result.QUARANTINED, reason=reason, counts=False)
    if recorded is not None and recorded.digest == update.digest:
        return Ack(update, Result.DUPLICATE)
    return Ack(update, Result.STALE_EPOCH, counts=False)


def _counted(update: StockUpdate, position: FeedPosition) -> Ack:
    """A count replaces the book quantity, and with it every update that is missing before it."""
    if position.waits_for_count:
        return Ack(update, Result.APPLIED)
    if update.sequence <= position.sequence:
        return Ack(update, Result.DUPLICATE)
    ahead = update.sequence - position.sequence
    if position.sequence and ahead > MOST_AHEAD:
        reason = f"SEQUENCE_JUMP: {ahead} ahead of the last sequence; if that is right, restart the feed"
        return Ack(update, Result.QUARANTINED, reason=reason, counts=False)
    return Ack(update, Result.APPLIED)


def _moved(update: StockUpdate, delta: Delta, shelf: Shelf, position: FeedPosition) -> Ack:
    if position.waits_for_count:
        return Ack(update, Result.COUNT_NEEDED, counts=False)
    if update.sequence <= position.sequence:
        return Ack(update, Result.DUPLICATE)
    if update.sequence > position.sequence + 1:
        return Ack(update, Result.GAP, expected_sequence=position.sequence + 1, counts=False)
    problem = _problem(delta, shelf)
    return Ack(update, Result.QUARANTINED, reason=problem) if problem else Ack(update, Result.APPLIED)


def _repeated(update: StockUpdate, recorded: Recorded) -> Ack:
    if recorded.digest != update.digest:
        return Ack(update, Result.QUARANTINED, reason=f"sequence {update.sequence} came with other content")
    if recorded.result is Result.QUARANTINED:
        return Ack(update, Result.QUARANTINED, reason=recorded.reason)
    return Ack(update, Result.DUPLICATE)


def _problem(delta: Delta, shelf: Shelf) -> str:
    if delta.order_id and delta.quantity > 0:
        return f"{delta.quantity} pieces cannot come in for an order: they leave with it"
    if delta.shipment_id and not delta.order_id:
        return f"shipment {delta.shipment_id} is of no order: orderId is missing"
    after = shelf.book_quantity + delta.quantity
    if after < 0:
        return f"{after} pieces would be left: the book quantity is {shelf.book_quantity}"
    if after > MAX_PIECES:
        return f"{after} pieces are more than the {MAX_PIECES} that can be"
    return ""
