"""An adjustment of stock by hand."""

from dataclasses import dataclass

from services.inventory.domain.errors import BelowReserved, TooMuchStock, WarehouseRequired
from services.inventory.domain.movement import Cause, Movement
from services.inventory.domain.stock import MAX_PIECES, Shelf, Stock


@dataclass(frozen=True, slots=True)
class AdjustStock:
    """A command to change a shelf.

    Attributes:
        caller: Whose `request_id` it is.
        request_id: Names the command among its caller's.
        sku: Of what.
        warehouse: Where; empty when the SKU is in one warehouse only.
        delta: By how many pieces, never 0.
        reason: Why, for the record.
    """

    caller: str
    request_id: str
    sku: str
    warehouse: str
    delta: int
    reason: str


def chosen_warehouse(command: AdjustStock, stock: Stock) -> str:
    """The warehouse that is meant.

    Raises:
        WarehouseRequired: None is named, and the SKU is in no or in more than one.
    """
    if command.warehouse:
        return command.warehouse
    if len(stock.shelves) == 1:
        return stock.shelves[0].warehouse
    places = ", ".join(shelf.warehouse for shelf in stock.shelves) or "no warehouse yet"
    problem = f"has to be named: {stock.sku} is in {places}"
    raise WarehouseRequired(f"warehouse {problem}", fields=[("warehouse", problem)])


def adjust(command: AdjustStock, shelf: Shelf) -> Movement:
    """Change a shelf; what is reserved must stay on hand.

    Raises:
        BelowReserved: Too many pieces would go.
        TooMuchStock: Too many would be there.
    """
    on_hand = shelf.on_hand + command.delta
    if command.delta < 0 and on_hand < shelf.reserved:
        raise BelowReserved(
            f"{command.sku} in {shelf.warehouse}: {on_hand} on hand would be below {shelf.reserved} reserved",
            metadata={"onHand": str(shelf.on_hand), "reserved": str(shelf.reserved)},
        )
    if command.delta > 0 and shelf.book_quantity + command.delta > MAX_PIECES:
        problem = f"has to leave at most {MAX_PIECES} pieces in {shelf.warehouse}, it would leave {on_hand}"
        raise TooMuchStock(f"delta {problem}", fields=[("delta", problem)])
    return Movement(Cause.ADJUST, command.sku, shelf.warehouse, book_quantity=command.delta)
