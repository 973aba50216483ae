"""Importing products and looking at their prices, over gRPC."""

import asyncio
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.money_pb2 import Money

from shopmesh.inventory.v1 import catalog_service_pb2 as pb
from tests.component.inventory.conftest import Inventory
from tests.support.serving import reason_of, violations_of


def mug(sku: str, units: int = 12, currency: str = "EUR") -> pb.Product:
    price = Money(currency_code=currency, units=units)
    return pb.Product(sku=sku, name=sku.title(), category="kitchen", price=price)


async def import_products(
    inventory: Inventory, *products: pb.Product, validate_only: bool = False
) -> tuple[int, int, int]:
    request = pb.ImportProductsRequest(products=products, validate_only=validate_only)
    answer = await inventory.catalog.ImportProducts(request, **inventory.as_admin)
    assert not answer.problems
    return answer.created_count, answer.updated_count, answer.unchanged_count


async def refused(inventory: Inventory, *products: pb.Product) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await import_products(inventory, *products)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    return error.value


async def price_of(inventory: Inventory, sku: str) -> int:
    return (await inventory.catalog.GetProduct(pb.GetProductRequest(sku=sku))).product.price.units


async def prices(inventory: Inventory, sku: str, **page: Any) -> pb.ListPricesResponse:
    return await inventory.catalog.ListPrices(pb.ListPricesRequest(sku=sku, **page), **inventory.as_admin)


async def test_an_import_creates_updates_and_leaves_alone(inventory: Inventory) -> None:
    await inventory.sell(MUG_OLD=3)
    assert await import_products(inventory, mug("MUG-RED"), mug("MUG-BLUE")) == (2, 0, 0)

    again = mug("MUG-RED"), mug("MUG-BLUE", 14), mug("MUG-NEW")

    assert await import_products(inventory, *again) == (1, 1, 1)
    assert await import_products(inventory, *again) == (0, 0, 3)
    assert await price_of(inventory, "MUG-BLUE") == 14


async def test_whoever_looks_after_an_import_sees_the_new_price(inventory: Inventory) -> None:
    await import_products(inventory, mug("MUG-RED"))
    assert await price_of(inventory, "MUG-RED") == 12

    await import_products(inventory, mug("MUG-RED", 9))

    assert await price_of(inventory, "MUG-RED") == 9


async def test_one_bad_product_keeps_all_others_out(inventory: Inventory) -> None:
    await import_products(inventory, mug("MUG-RED"))

    products = mug("MUG-NEW"), mug("MUG-RED", currency="USD"), mug("MUG-NEW")
    error = await refused(inventory, *products)

    assert reason_of(error) == "INVALID_PRODUCT"
    assert violations_of(error).keys() == {"products[1].price.currencyCode", "products[2].sku"}
    assert "2 of the products" in str(error.details())
    listed = await inventory.catalog.ListProducts(pb.ListProductsRequest())
    assert [each.sku for each in listed.products] == ["MUG-RED"]


async def test_a_broken_rule_names_product_and_field(inventory: Inventory) -> None:
    broken = mug("MUG-RED")
    broken.category = "Küche"

    error = await refused(inventory, mug("MUG-BLUE"), broken)

    assert violations_of(error).keys() == {"products[1].category"}


async def test_hundreds_of_bad_products_are_counted_and_the_first_are_named(inventory: Inventory) -> None:
    skus = [f"MUG-{number}" for number in range(500)]
    await import_products(inventory, *map(mug, skus))

    error = await refused(inventory, *(mug(sku, currency="USD") for sku in skus))

    assert "500 of the products" in str(error.details())
    assert 10 < len(violations_of(error)) < 500


async def test_a_validation_stores_nothing_and_answers_every_problem(inventory: Inventory) -> None:
    skus = [f"MUG-{number}" for number in range(500)]
    await import_products(inventory, *map(mug, skus))
    request = pb.ImportProductsRequest(
        products=[mug(sku, currency="USD") for sku in skus], validate_only=True
    )

    answer = await inventory.catalog.ImportProducts(request, **inventory.as_admin)

    assert [each.index for each in answer.problems] == list(range(500))
    assert answer.problems[7].field == "price.currencyCode"
    assert answer.problems[7].description == "is USD; MUG-7 has EUR"
    assert await import_products(inventory, mug("MUG-NEW"), mug("MUG-7", 1), validate_only=True) == (1, 1, 0)
    assert await price_of(inventory, "MUG-7") == 12


async def test_two_thousand_products_are_imported_at_once_and_no_more(inventory: Inventory) -> None:
    products = [mug(f"MUG-{number}") for number in range(2001)]

    assert await import_products(inventory, *products[:-1]) == (2000, 0, 0)
    assert violations_of(await refused(inventory, *products)).keys() == {"products"}


async def test_two_imports_at_once_happen_one_after_the_other(inventory: Inventory) -> None:
    products = [mug(f"MUG-{number}") for number in range(20)]

    tallies = await asyncio.gather(*(import_products(inventory, *products) for _ in range(2)))

    assert sorted(tallies) == [(0, 0, 20), (20, 0, 0)]


async def test_every_price_is_listed_with_who_set_it_the_newest_first(inventory: Inventory) -> None:
    await import_products(inventory, mug("MUG-RED", 12), mug("MUG-BLUE", 7))
    await import_products(inventory, mug("MUG-RED", 13))
    change = pb.ProductChange(price=Money(currency_code="EUR", units=14))
    request = pb.UpdateProductRequest(sku="MUG-RED", product=change, update_mask=FieldMask(paths=["price"]))
    await inventory.catalog.UpdateProduct(request, **inventory.as_admin)

    first = await prices(inventory, "MUG-RED", page_size=2)
    second = await prices(inventory, "MUG-RED", page_size=2, page_token=first.next_page_token)

    assert [entry.price.units for entry in (*first.prices, *second.prices)] == [14, 13, 12]
    assert {entry.actor for entry in first.prices} == {"staff:admin-id"}
    starts = [entry.start_time.ToDatetime() for entry in (*second.prices, *reversed(first.prices))]
    assert starts == sorted(starts)
    assert not second.next_page_token


async def test_prices_of_an_unknown_product_are_not_found(inventory: Inventory) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await prices(inventory, "MUG-GONE")

    assert error.value.code() is grpc.StatusCode.NOT_FOUND
    assert reason_of(error.value) == "PRODUCT_NOT_FOUND"


async def test_a_page_token_of_another_product_is_refused(inventory: Inventory) -> None:
    await import_products(inventory, mug("MUG-RED", 12), mug("MUG-BLUE", 7))
    await import_products(inventory, mug("MUG-RED", 13))
    page = await prices(inventory, "MUG-RED", page_size=1)

    for token, sku in [(page.next_page_token, "MUG-BLUE"), ("made up", "MUG-RED")]:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await prices(inventory, sku, page_token=token)
        assert reason_of(error.value) == "INVALID_PAGE_TOKEN"
