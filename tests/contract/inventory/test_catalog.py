"""What every `Catalog` promises."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from services.inventory.adapters.tables import price_history, product_changes
from services.inventory.domain.errors import CatalogContended, ProductExists, ProductNotFound
from services.inventory.domain.movement import Provenance
from services.inventory.domain.product import Product
from services.inventory.domain.product_query import ProductOrder, ProductQuery
from services.kernel.money import Money
from tests.support.events import MORNING
from tests.support.inventory.shop import STAFF, Shop, product

BY_STAFF = Provenance(STAFF, MORNING)
EVERYTHING = ProductQuery(category="", words=(), order=ProductOrder.NAME, descending=False)


async def add(shop: Shop, *skus: str) -> None:
    for sku in skus:
        await shop.catalog.add(product(sku), BY_STAFF)


async def all_pages(shop: Shop, query: ProductQuery, size: int) -> list[list[str]]:
    pages, after = [], None
    while True:
        page = await shop.catalog.page(query, size=size, after=after)
        pages.append([listing.product.sku for listing in page.listings])
        after = page.position
        if after is None:
            return pages


async def test_a_product_is_found_as_it_was_added(shop: Shop) -> None:
    mug = product(
        "MUG-RED", "12.345678901", description="Holds 350 ml", image_url="/mug.png", name="Große Tasse"
    )
    await shop.catalog.add(mug, BY_STAFF)

    found = await shop.catalog.find(["MUG-RED", "MUG-GONE"])

    assert found.keys() == {"MUG-RED"}
    assert found["MUG-RED"].product == mug
    assert found["MUG-RED"].available == 0


async def test_a_taken_sku_is_refused_and_the_product_stays(shop: Shop) -> None:
    await add(shop, "MUG-RED")

    with pytest.raises(ProductExists):
        await shop.catalog.add(product("MUG-RED", name="Another"), BY_STAFF)

    assert (await shop.catalog.find(["MUG-RED"]))["MUG-RED"].product == product("MUG-RED")


async def test_any_number_of_products_is_found_at_once(shop: Shop) -> None:
    skus = [f"SKU-{number}" for number in range(450)]
    await add(shop, *skus)

    assert (await shop.catalog.find(skus)).keys() == set(skus)
    assert await shop.catalog.find([]) == {}


async def test_available_counts_what_every_warehouse_has_free(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3, hamburg=4)

    assert (await shop.catalog.find(["MUG-RED"]))["MUG-RED"].available == 7


async def test_a_change_is_stored_with_its_price_history(shop: Shop) -> None:
    await add(shop, "MUG-RED")
    later = MORNING + timedelta(days=1)
    dearer = Money("EUR", 14)

    changed = await shop.catalog.change(
        "MUG-RED", lambda old: replace(old, price=dearer, update_time=later), Provenance("staff:bob", later)
    )

    assert changed.product.price == dearer
    history = await shop.rows(price_history)
    assert [(row.units, row.start_time) for row in history] == [(12, MORNING), (14, later)]
    changes = await shop.rows(product_changes)
    assert [(row.what, row.actor) for row in changes] == [("created", STAFF), ("price", "staff:bob")]


async def test_a_change_of_the_name_does_not_enter_the_price_history(shop: Shop) -> None:
    await add(shop, "MUG-RED")

    await shop.catalog.change("MUG-RED", lambda old: replace(old, name="Red mug"), BY_STAFF)

    assert len(await shop.rows(price_history)) == 1


async def test_a_rule_that_refuses_changes_nothing(shop: Shop) -> None:
    await add(shop, "MUG-RED")

    def refuse(_: object) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await shop.catalog.change("MUG-RED", refuse, BY_STAFF)  # type: ignore[arg-type]

    assert len(await shop.rows(product_changes)) == 1


async def test_an_unknown_product_cannot_be_changed(shop: Shop) -> None:
    with pytest.raises(ProductNotFound):
        await shop.catalog.change("MUG-GONE", lambda old: old, BY_STAFF)


async def test_many_products_are_stored_at_once_new_ones_and_changed_ones(shop: Shop) -> None:
    await add(shop, "MUG-RED", "MUG-BLUE")
    skus = ["MUG-RED", "MUG-BLUE", *(f"SKU-{number}" for number in range(450))]
    cheaper = {"MUG-RED": product("MUG-RED", "9.50")}
    wanted = [cheaper.get(sku, product(sku)) for sku in skus]

    before = await shop.catalog.put(skus, lambda _: wanted, BY_STAFF)

    assert before == {sku: product(sku) for sku in ("MUG-RED", "MUG-BLUE")}
    assert await shop.catalog.stored(skus) == {each.sku: each for each in wanted}
    assert len(await shop.rows(product_changes)) == 2 + 451
    assert len(await shop.rows(price_history)) == 2 + 451
    version = {sku: (await shop.catalog.find([sku]))[sku].version for sku in ("MUG-RED", "MUG-BLUE")}
    assert version["MUG-RED"] > version["MUG-BLUE"]


async def test_a_rule_that_refuses_many_products_changes_none(shop: Shop) -> None:
    await add(shop, "MUG-RED")

    def refuse(known: object) -> list[Product]:
        raise ValueError(f"not {known}")

    with pytest.raises(ValueError, match="MUG-RED"):
        await shop.catalog.put(["MUG-RED", "MUG-BLUE"], refuse, BY_STAFF)

    assert (await shop.catalog.stored(["MUG-RED", "MUG-BLUE"])).keys() == {"MUG-RED"}


async def test_many_products_of_two_writers_are_stored_whole_or_not_at_all(shop: Shop) -> None:
    skus = [f"SKU-{number}" for number in range(50)]

    def all_new(known: Mapping[str, Product]) -> list[Product]:
        return [product(sku) for sku in skus if sku not in known]

    writers = (shop.catalog.put(order, all_new, BY_STAFF) for order in (skus, skus[::-1]))
    outcomes = await asyncio.gather(*writers, return_exceptions=True)

    assert all(isinstance(outcome, Mapping | CatalogContended) for outcome in outcomes)
    assert len(await shop.rows(product_changes)) == 50


async def test_prices_are_found_from_the_newest_on(shop: Shop) -> None:
    def at(price: str, _: Mapping[str, Product]) -> list[Product]:
        return [product("MUG-RED", price)]

    await add(shop, "MUG-RED", "MUG-BLUE")
    for price in ("11.00", "10.00", "10.00", "9.50"):
        await shop.catalog.put(["MUG-RED"], partial(at, price), BY_STAFF)

    newest = await shop.prices.find("MUG-RED", limit=2, before=None)
    others = await shop.prices.find("MUG-RED", limit=9, before=newest[-1].change_id)

    assert [str(entry.price) for entry in (*newest, *others)] == [
        "9.50 EUR",
        "10.00 EUR",
        "11.00 EUR",
        "12.90 EUR",
    ]
    assert {(entry.actor, entry.start_time) for entry in others} == {(STAFF, MORNING)}
    assert not await shop.prices.find("MUG-GONE", limit=1, before=None)


async def test_pages_show_every_product_on_sale_once(shop: Shop) -> None:
    await add(shop, "A", "B", "C", "D", "E")
    await shop.catalog.change("C", lambda old: replace(old, retired=True), BY_STAFF)

    assert await all_pages(shop, EVERYTHING, 2) == [["A", "B"], ["D", "E"]]


@pytest.mark.parametrize("size", [1, 2, 3, 10])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", list(ProductOrder))
async def test_pages_keep_the_order_whatever_their_size(
    shop: Shop, order: ProductOrder, descending: bool, size: int
) -> None:
    products = {
        "A": ("zebra", "3"),
        "B": ("Apple", "3"),
        "C": ("apple", "3.5"),
        "D": ("Äpfel", "0.99"),
        "E": ("apple", "10"),
    }
    for sku, (name, price) in products.items():
        await shop.catalog.add(product(sku, price, name=name), BY_STAFF)
    expected = {
        ProductOrder.NAME: ["B", "C", "E", "A", "D"],
        ProductOrder.PRICE: ["D", "A", "B", "C", "E"],
        ProductOrder.SKU: ["A", "B", "C", "D", "E"],
    }[order]

    pages = await all_pages(shop, replace(EVERYTHING, order=order, descending=descending), size)

    assert [sku for page in pages for sku in page] == (expected[::-1] if descending else expected)


async def test_a_question_narrows_by_category_and_by_every_word(shop: Shop) -> None:
    await shop.catalog.add(product("MUG-RED", name="Red MUG", description="Große 100% Tasse"), BY_STAFF)
    await shop.catalog.add(product("LAMP-RED", name="Red lamp", category="home"), BY_STAFF)

    async def found(**values: object) -> list[str]:
        page = await shop.catalog.page(replace(EVERYTHING, **values), size=10, after=None)  # type: ignore[arg-type]
        return [listing.product.sku for listing in page.listings]

    assert await found(category="home") == ["LAMP-RED"]
    assert await found(words=("red",)) == ["LAMP-RED", "MUG-RED"]
    assert await found(words=("grosse", "mug-red")) == ["MUG-RED"]
    assert await found(words=("100%",)) == ["MUG-RED"]
    assert await found(words=("1%",)) == []
    assert await found(category="home", words=("mug",)) == []


@pytest.mark.parametrize(
    "position", ['["a"]', "7", '{"a": 1}', "nonsense", "[[1], 2]", '["a", 1]', "[null, null]"]
)
async def test_a_position_of_another_order_is_refused(shop: Shop, position: str) -> None:
    with pytest.raises(ValueError, match=r"position|JSON|Expecting"):
        await shop.catalog.page(EVERYTHING, size=1, after=position)
