"""What the warehouse system says and the order service does, and the numbers that come of it."""

from services.inventory.domain.reservation import RequestedLine
from services.inventory.domain.wms_update import Ack, Count, Delta, StockUpdate
from tests.support.inventory.shop import ORDER, STAFF, WMS, Shop, order_id


async def say(shop: Shop, sequence: int, change: Count | Delta, warehouse: str = "berlin") -> Ack:
    return await shop.wms.apply(StockUpdate("MUG-RED", warehouse, sequence, change), actor=WMS)


async def numbers(shop: Shop) -> tuple[int, int, int, int]:
    """Book, unreported, reserved and missing in berlin, with books that are right."""
    assert not await shop.discrepancies()
    shelf = (await shop.stocks.get("MUG-RED")).shelf("berlin")
    assert shelf is not None
    return shelf.book_quantity, shelf.unreported, shelf.reserved, shelf.missing


async def confirm(shop: Shop, number: int = 1, quantity: int = 2) -> None:
    await shop.reservations.reserve(order_id(number), [RequestedLine("MUG-RED", quantity)], actor=ORDER)
    await shop.reservations.commit(order_id(number), actor=ORDER)


async def ship(shop: Shop, number: int = 1) -> None:
    await shop.reservations.ship(order_id(number), actor=STAFF)
