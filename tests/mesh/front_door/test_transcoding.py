"""JSON in, JSON out: the transcoder's behaviour that callers and services rely on."""

from typing import Any

import grpc
import httpx
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from shopmesh.inventory.v1 import catalog_service_pb2, inventory_service_pb2
from shopmesh.order.v1 import order_service_pb2
from tests.mesh.front_door.proxy import Proxy
from tests.mesh.front_door.requests import reason
from tests.mesh.front_door.shop import Context, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

ORDER = {
    "requestId": "r-1",
    "lines": [{"sku": "MUG-RED", "quantity": 2}],
    "shippingAddress": {"recipient": "Alice", "countryCode": "DE"},
    "expectedTotal": {"currencyCode": "EUR", "units": "19", "nanos": 800_000_000},
}


async def test_a_body_becomes_the_request(client: httpx.AsyncClient, proxy: Proxy, shop: Shop) -> None:
    await client.post("/v1/orders", json=ORDER, headers=proxy.bearer())

    request = shop.last.request
    assert (request.request_id, request.lines[0].sku, request.lines[0].quantity) == ("r-1", "MUG-RED", 2)
    assert request.shipping_address.country_code == "DE"
    assert request.expected_total.units == 19


async def test_a_response_prints_zeros_names_and_enums_as_the_contract_says(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    async def placed(_request: Any, _context: Any) -> order_service_pb2.PlaceOrderResponse:
        order = order_service_pb2.Order(state=order_service_pb2.ORDER_STATE_CONFIRMED, version=2)
        order.lines.add(sku="MUG-RED", quantity=0)
        order.total.units = 19
        return order_service_pb2.PlaceOrderResponse(order=order)

    shop.answers["PlaceOrder"] = placed

    order = (await client.post("/v1/orders", json=ORDER, headers=proxy.bearer())).json()["order"]

    assert order["state"] == "ORDER_STATE_CONFIRMED"
    assert order["version"] == 2
    assert order["total"] == {"currencyCode": "", "units": "19", "nanos": 0}
    assert order["lines"][0]["quantity"] == 0
    assert (order["orderId"], order["cancelReason"], order["personalDataErased"]) == ("", "", False)
    assert "rejection" not in order


async def test_query_parameters_fill_the_request(client: httpx.AsyncClient, shop: Shop) -> None:
    await client.get("/v1/products", params={"category": "kitchen", "pageSize": 5, "orderBy": "price desc"})

    request = shop.last.request
    assert (request.category, request.page_size, request.order_by) == ("kitchen", 5, "price desc")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"pageSize": "many"}, "page_size"),
        ({"pageSize": "9999999999"}, "page_size"),
    ],
)
async def test_a_query_parameter_that_is_unknown_or_malformed_is_400_and_named(
    client: httpx.AsyncClient, shop: Shop, query: dict[str, str], named: str
) -> None:
    response = await client.get("/v1/products", params=query)

    assert (response.status_code, reason(response)) == (400, "INVALID_REQUEST")
    assert named in response.json()["message"]
    assert not shop.calls


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"lines": [{"sku": "MUG-RED", "quantity": "many"}]}, "lines[0].quantity"),
        ({"lines": [{"sku": "MUG-RED", "quantity": 1.5}]}, "lines[0].quantity"),
        ({"lines": [{"sku": "MUG-RED", "quantity": 99999999999}]}, "lines[0].quantity"),
        ({"lines": "none"}, "lines"),
        ({"expectedTotal": {"units": {}}}, "units"),
        ({"requestId": {"a": 1}}, "requestId"),
    ],
)  # fmt: skip
async def test_a_malformed_value_is_400_and_the_field_is_named(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, body: object, named: str
) -> None:
    response = await client.post("/v1/orders", json=body, headers=proxy.bearer())

    assert (response.status_code, reason(response)) == (400, "INVALID_REQUEST")
    assert named in response.json()["message"]
    assert not shop.calls


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'"text"', b"\xff\xfe", b"{}{}", b"[" * 10_000, b'{"lines":' * 200]
)
async def test_what_is_not_a_json_object_is_400(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, body: bytes
) -> None:
    headers = {**proxy.bearer(), "content-type": "application/json"}

    response = await client.post("/v1/orders", content=body, headers=headers)

    assert (response.status_code, reason(response)) == (400, "INVALID_REQUEST")
    assert not shop.calls


async def test_a_missing_body_is_an_empty_request(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    for headers in (proxy.bearer(), {**proxy.bearer(), "content-type": "application/json; charset=utf-8"}):
        response = await client.post("/v1/orders/018f-1:cancel", headers=headers)

        assert response.status_code == 200
        assert shop.last.request.order_id == "018f-1"


@pytest.mark.parametrize("name", ["order_id", "orderId", "order%49d"])
async def test_the_service_can_tell_that_a_query_repeats_a_path_field(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, name: str
) -> None:
    """The transcoder lets the query win; the service compares with the path as it was sent."""
    url = httpx.URL(f"{proxy.url}/v1/orders/mine?{name}=other".replace("%49", "%2549")).copy_with(
        raw_path=f"/v1/orders/mine?{name}=other".encode()
    )

    await client.get(url, headers=proxy.bearer())

    assert shop.last.metadata["x-envoy-original-path"] == f"/v1/orders/mine?{name}=other"
    assert shop.last.request.order_id == "other"


async def test_an_update_mask_is_passed_on_and_never_made_up(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    await client.patch(
        "/v1/users/me",
        json={"user": {"displayName": "A"}, "updateMask": "displayName"},
        headers=proxy.bearer(),
    )
    assert shop.last.request.update_mask.paths == ["display_name"]

    await client.patch("/v1/users/me", json={"user": {"displayName": "A"}}, headers=proxy.bearer())
    assert not shop.last.request.HasField("update_mask")


async def test_a_services_error_keeps_its_details(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    info = error_details_pb2.ErrorInfo(
        reason="REQUEST_ID_REUSED", domain="shopmesh", metadata={"requestId": "r-1"}
    )
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="requestId", description="was used for another order")
    wait = error_details_pb2.RetryInfo()
    wait.retry_delay.FromMilliseconds(1500)

    async def refused(_request: Any, context: Context) -> Any:
        status = status_pb2.Status(code=6, message="used for another order")
        for detail in (info, bad, wait):
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        trailers = (("grpc-status-details-bin", status.SerializeToString()),)
        await context.abort(grpc.StatusCode.ALREADY_EXISTS, status.message, trailers)

    shop.answers["PlaceOrder"] = refused

    response = await client.post("/v1/orders", json=ORDER, headers=proxy.bearer())

    assert response.status_code == 409
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert (body["code"], body["message"]) == (6, "used for another order")
    assert [each["@type"].rsplit(".", 1)[-1] for each in body["details"]] == [
        "ErrorInfo",
        "BadRequest",
        "RetryInfo",
    ]
    assert body["details"][0]["metadata"] == {"requestId": "r-1"}
    assert body["details"][2]["retryDelay"] == "1.500s"
    assert not [name for name in response.headers if name.startswith("grpc-")]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("INVALID_ARGUMENT", 400), ("FAILED_PRECONDITION", 400), ("UNAUTHENTICATED", 401),
        ("PERMISSION_DENIED", 403), ("NOT_FOUND", 404), ("ABORTED", 409), ("ALREADY_EXISTS", 409),
        ("RESOURCE_EXHAUSTED", 429), ("INTERNAL", 500), ("UNKNOWN", 500), ("UNIMPLEMENTED", 501),
        ("UNAVAILABLE", 503), ("DEADLINE_EXCEEDED", 504),
    ],
)  # fmt: skip
async def test_statuses_map_to_http(client: httpx.AsyncClient, shop: Shop, name: str, status: int) -> None:
    code = grpc.StatusCode[name]

    async def refused(_request: Any, context: Context) -> Any:
        await context.abort(code, "no")

    shop.answers["QuoteOrder"] = refused

    response = await client.post("/v1/orders:quote", json={})

    assert response.status_code == status
    assert response.json() == {"code": code.value[0], "message": "no", "details": []}


async def test_a_response_far_over_the_connections_buffer_arrives_whole(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    async def everything(_request: Any, _context: Any) -> catalog_service_pb2.ListProductsResponse:
        product = catalog_service_pb2.Product(sku="MUG-RED", description="x" * 2000)
        return catalog_service_pb2.ListProductsResponse(products=[product] * 1500)

    shop.answers["ListProducts"] = everything

    response = await client.get("/v1/products", headers={"accept-encoding": "identity"})

    assert len(response.json()["products"]) == 1500
    assert len(response.content) > 3_000_000


async def test_an_initial_metadata_becomes_a_header_both_ways(client: httpx.AsyncClient, shop: Shop) -> None:
    async def answer(_request: Any, context: Context) -> inventory_service_pb2.GetStockResponse:
        await context.send_initial_metadata((("x-consistency-token", "inventory:7"),))
        return inventory_service_pb2.GetStockResponse()

    shop.answers["GetStock"] = answer

    response = await client.get("/v1/stock/MUG-RED", headers={"x-consistency-token": "inventory:6"})

    assert response.headers["x-consistency-token"] == "inventory:7"
    assert shop.last.metadata["x-consistency-token"] == "inventory:6"
