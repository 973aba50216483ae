"""The catalogue over gRPC."""

from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.money_pb2 import Money

from shopmesh.inventory.v1 import catalog_service_pb2 as pb
from tests.component.inventory.conftest import Inventory
from tests.support.inventory.shop import product
from tests.support.serving import reason_of, violations_of

MUG = pb.Product(
    sku="MUG-RED",
    name="Red mug",
    description="Holds 350 ml",
    category="kitchen",
    price=Money(currency_code="EUR", units=12, nanos=900_000_000),
    image_url="/mug.png",
)


async def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), reason_of(refused.value)


async def create(inventory: Inventory, message: pb.Product = MUG) -> pb.Product:
    response = await inventory.catalog.CreateProduct(
        pb.CreateProductRequest(product=message), **inventory.as_admin
    )
    return response.product


def update(inventory: Inventory, change: pb.ProductChange, *paths: str) -> Any:
    request = pb.UpdateProductRequest(sku="MUG-RED", product=change, update_mask=FieldMask(paths=paths))
    return inventory.catalog.UpdateProduct(request, **inventory.as_admin)


async def test_a_new_product_can_be_looked_at_by_anybody(inventory: Inventory) -> None:
    created = await create(inventory)

    got = (await inventory.catalog.GetProduct(pb.GetProductRequest(sku="MUG-RED"))).product

    assert got == created
    assert (got.name, got.price, got.available, got.retired) == ("Red mug", MUG.price, 0, False)
    assert got.HasField("update_time")


async def test_what_only_the_service_sets_is_not_taken_from_the_request(inventory: Inventory) -> None:
    forged = pb.Product(available=99, retired=True)
    forged.MergeFrom(MUG)

    created = await create(inventory, forged)

    assert (created.available, created.retired) == (0, False)


async def test_a_taken_sku_is_refused(inventory: Inventory) -> None:
    await create(inventory)

    assert await refusal(create(inventory)) == (grpc.StatusCode.ALREADY_EXISTS, "PRODUCT_EXISTS")


async def test_an_unknown_product_is_not_found(inventory: Inventory) -> None:
    expected = (grpc.StatusCode.NOT_FOUND, "PRODUCT_NOT_FOUND")

    assert await refusal(inventory.catalog.GetProduct(pb.GetProductRequest(sku="MUG-GONE"))) == expected
    assert await refusal(update(inventory, pb.ProductChange(name="x"), "name")) == expected
    retire = inventory.catalog.RetireProduct(pb.RetireProductRequest(sku="MUG-GONE"), **inventory.as_admin)
    assert await refusal(retire) == expected


async def test_a_batch_answers_in_the_order_of_the_request_and_names_what_is_not_sold(
    inventory: Inventory,
) -> None:
    await inventory.sell(MUG_RED=3, MUG_BLUE=4, MUG_OLD=5)
    await inventory.catalog.RetireProduct(pb.RetireProductRequest(sku="MUG-OLD"), **inventory.as_admin)

    skus = ["MUG-RED", "MUG-OLD", "MUG-BLUE", "MUG-GONE", "MUG-RED"]
    call = inventory.catalog.BatchGetProducts(pb.BatchGetProductsRequest(skus=skus))
    response = await call

    assert [(each.sku, each.available) for each in response.products] == [("MUG-RED", 3), ("MUG-BLUE", 4)]
    assert response.missing_skus == ["MUG-OLD", "MUG-GONE"]
    assert dict(await call.trailing_metadata() or ())["x-db-queries"] == "1"


async def test_an_update_changes_what_its_mask_names(inventory: Inventory) -> None:
    await create(inventory)

    response = await update(
        inventory, pb.ProductChange(name="Mug", price=Money(currency_code="EUR", units=9)), "price"
    )

    assert (response.product.name, response.product.price.units) == ("Red mug", 9)


@pytest.mark.parametrize(
    ("change", "paths", "field"),
    [
        (pb.ProductChange(name="Mug"), (), "updateMask"),
        (pb.ProductChange(name="Mug"), ("sku",), "updateMask"),
        (pb.ProductChange(), ("name",), "product.name"),
        (pb.ProductChange(), ("price",), "product.price"),
        (
            pb.ProductChange(price=Money(currency_code="USD", units=1)),
            ("price",),
            "product.price.currencyCode",
        ),
    ],
)
async def test_an_update_that_cannot_be_names_the_field(
    inventory: Inventory, change: pb.ProductChange, paths: tuple[str, ...], field: str
) -> None:
    await create(inventory)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await update(inventory, change, *paths)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert violations_of(refused.value).keys() == {field}


async def test_a_retired_product_is_shown_but_not_listed(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=3)

    request = pb.RetireProductRequest(sku="MUG-RED")

    first = await inventory.catalog.RetireProduct(request, **inventory.as_admin)

    assert (first.product.retired, first.product.available) == (True, 0)
    assert await inventory.catalog.RetireProduct(request, **inventory.as_admin) == first
    assert (await inventory.catalog.GetProduct(pb.GetProductRequest(sku="MUG-RED"))).product.retired
    assert not (await inventory.catalog.ListProducts(pb.ListProductsRequest())).products


async def test_pages_lead_through_the_whole_catalogue(inventory: Inventory) -> None:
    for number in range(7):
        await inventory.shop.products.create(
            product(f"MUG-{number}", f"{number % 3 + 1}"), actor="staff:admin"
        )

    seen, token = [], ""
    while True:
        request = pb.ListProductsRequest(order_by="price desc", page_size=3, page_token=token)
        page = await inventory.catalog.ListProducts(request)
        seen.append([each.sku for each in page.products])
        token = page.next_page_token
        if not token:
            break

    assert seen == [["MUG-5", "MUG-2", "MUG-4"], ["MUG-1", "MUG-6", "MUG-3"], ["MUG-0"]]


async def test_a_page_token_of_another_question_is_refused(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=1, MUG_BLUE=1)
    page = await inventory.catalog.ListProducts(pb.ListProductsRequest(page_size=1))

    for token, query in [(page.next_page_token, "mug"), ("made up", ""), ("WyJbXSIsICJhIl0=", "")]:
        request = pb.ListProductsRequest(page_token=token, query=query)
        assert await refusal(inventory.catalog.ListProducts(request)) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_PAGE_TOKEN",
        )


async def test_a_write_answers_a_consistency_token_and_a_read_takes_it(inventory: Inventory) -> None:
    call = inventory.catalog.CreateProduct(pb.CreateProductRequest(product=MUG), **inventory.as_admin)
    await call
    token = dict(await call.initial_metadata() or ())["x-consistency-token"]

    read = inventory.catalog.GetProduct(
        pb.GetProductRequest(sku="MUG-RED"), metadata=(("x-consistency-token", str(token)),)
    )

    assert (await read).product.sku == "MUG-RED"


async def test_a_request_that_is_wrong_in_hundreds_of_places_is_refused_with_the_first_of_them(
    inventory: Inventory,
) -> None:
    request = pb.BatchGetProductsRequest(skus=[f"mug {number}" for number in range(500)])

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await inventory.catalog.BatchGetProducts(request)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "; and more" in str(refused.value.details())
    assert list(violations_of(refused.value)) == [f"skus[{number}]" for number in range(20)]
