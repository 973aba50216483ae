"""The demo catalogue."""

from services.inventory.adapters.tables import movements
from services.inventory.application.products import ListProducts
from services.inventory.config import Settings
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.seed import seed
from services.inventory.seed_products import seed_products
from tests.support.inventory.shop import STAFF, open_shop_at


async def test_an_empty_shop_gets_products_in_several_categories_and_warehouses(database_url: str) -> None:
    settings = Settings(database_url)

    count = await seed(settings)

    async with open_shop_at(database_url) as shop:
        page = await shop.products.list(ListProducts(page_size=200))
        stocks, _ = await shop.stocks.batch([listing.product.sku for listing in page.listings])
    assert count == len(page.listings) >= 60
    assert len({listing.product.category for listing in page.listings}) >= 6
    assert all(listing.product.description for listing in page.listings)
    assert {listing.product.price.currency_code for listing in page.listings} == {"EUR"}
    places = {tuple(shelf.warehouse for shelf in stock.shelves) for stock in stocks}
    assert places == {("berlin", "hamburg"), ("berlin",), ("hamburg",), ()}
    assert next(stock.available for stock in stocks if stock.sku == "MUG-RED") > 0


async def test_seeding_again_changes_nothing(database_url: str) -> None:
    settings = Settings(database_url)
    await seed(settings)
    async with open_shop_at(database_url) as shop:
        await shop.stocks.adjust(AdjustStock(STAFF, "theft", "MUG-RED", "berlin", -7, "gone"), actor=STAFF)
        await shop.products.retire("MUG-BLUE", actor=STAFF)
        moved = await shop.rows(movements)

    await seed(settings)

    async with open_shop_at(database_url) as shop:
        assert await shop.rows(movements) == moved
        assert (await shop.products.get("MUG-BLUE")).product.retired


def test_each_sku_stands_once_in_the_demo_catalogue() -> None:
    skus = [each.sku for each in seed_products()]

    assert len(skus) == len(set(skus))
