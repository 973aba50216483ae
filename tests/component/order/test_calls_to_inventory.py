"""How often an order asks inventory: once per step, whatever the number of its lines."""

from pathlib import Path

import pytest

from shopmesh.order.v1 import order_service_pb2 as pb
from tests.component.order.conftest import Shop
from tests.support.inventory.shop import open_shop

ADDRESS = pb.ShippingAddress(
    recipient="Alice Ample", line1="Amselweg 1", city="Augsburg", postal_code="86150", country_code="DE"
)
CATALOG = "shopmesh.inventory.v1.CatalogService/"
STOCK = "shopmesh.inventory.v1.InventoryService/"


async def lines(tmp_path: Path, count: int) -> list[pb.LineRequest]:
    """Lines of so many products, all of them on sale."""
    skus = [f"PLATE-{number}" for number in range(count)]
    async with open_shop(tmp_path / "inventory" / "embedded" / "inventory.db") as shelves:
        for sku in skus:
            await shelves.sell(sku, "1.00", berlin=1)
    return [pb.LineRequest(sku=sku, quantity=1) for sku in skus]


def calls(shop: Shop) -> list[str]:
    """The calls that inventory has answered."""
    return [span.name for span in shop.inventory.spans()]


@pytest.mark.parametrize("count", [1, 10, 50])
async def test_a_quote_is_one_call(shop: Shop, tmp_path: Path, count: int) -> None:
    request = pb.QuoteOrderRequest(lines=await lines(tmp_path, count))

    quote = (await shop.orders.QuoteOrder(request)).quote

    assert quote.total.units == count
    assert calls(shop) == [CATALOG + "BatchGetProducts"]


@pytest.mark.parametrize("count", [1, 10, 50])
async def test_an_order_is_one_look_up_one_reserve_and_one_commit(
    shop: Shop, tmp_path: Path, count: int
) -> None:
    request = pb.PlaceOrderRequest(
        request_id="dinner", lines=await lines(tmp_path, count), shipping_address=ADDRESS
    )

    order = (await shop.orders.PlaceOrder(request, metadata=shop.token())).order

    assert order.state == pb.ORDER_STATE_CONFIRMED
    assert calls(shop) == [CATALOG + "BatchGetProducts", STOCK + "ReserveStock", STOCK + "CommitReservation"]
