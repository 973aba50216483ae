"""The OpenAPI document and the limits page."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from mesh.contract import Access, Method, load_contract
from mesh.render.limits_page import limits_page
from mesh.render.openapi.document import render_openapi

CONTRACT = load_contract()
BOUND = [method for method in CONTRACT.methods if method.binding is not None]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return render_openapi(CONTRACT, CONTRACT.limit_classes)


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By id, as the last part of the service's name and the method's."""
    return {
        operation["operationId"]: {**operation, "verb": verb, "path": path}
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    }


def id_of(method: Method) -> str:
    return f"{method.service.rpartition('.')[2]}_{method.name}"


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document, cls=OpenAPIV31SpecValidator)


def test_every_binding_is_an_operation_and_nothing_else(operations: dict[str, Any]) -> None:
    assert sorted(operations) == sorted(map(id_of, BOUND))
    for method in BOUND:
        assert method.binding is not None
        assert operations[id_of(method)]["verb"] == method.binding.verb.lower()


def test_operations_say_who_may_call(operations: dict[str, Any]) -> None:
    for method in BOUND:
        security = operations[id_of(method)]["security"]
        scopes = {scope for each in security for scope in each.get("oauth", [])}
        assert scopes == set(method.policy.scopes)
        assert ({} in security) == (method.policy.access is Access.PUBLIC)


def test_path_fields_are_required_and_everything_is_described(operations: dict[str, Any]) -> None:
    order = operations["AuditService_GetOrderHistory"]

    assert order["path"] == "/v1/orders/{orderId}/history"
    by_name = {each["name"]: each for each in order["parameters"] if "name" in each}
    assert list(by_name) == ["orderId", "pageSize", "pageToken"]
    assert by_name["orderId"]["required"] is True
    assert by_name["orderId"]["schema"]["format"] == "uuid"
    assert by_name["pageSize"]["schema"]["minimum"] == 0
    assert all(each["description"] for each in by_name.values())
    assert "oldest first" in order["description"]


def test_a_body_leaves_out_what_the_path_gives(operations: dict[str, Any]) -> None:
    schema = operations["InventoryService_AdjustStock"]["requestBody"]["content"]["application/json"][
        "schema"
    ]

    assert "sku" not in schema["properties"]
    assert {"requestId", "warehouse", "delta", "reason"} == set(schema["properties"])


def test_streams_are_server_sent_events(operations: dict[str, Any]) -> None:
    for method in BOUND:
        content = operations[id_of(method)]["responses"]["200"]["content"]
        assert list(content) == ["text/event-stream" if method.server_streaming else "application/json"]


def test_refusals_are_documented(operations: dict[str, Any], document: dict[str, Any]) -> None:
    assert {"400", "401", "403", "409", "413", "415", "429", "503"} <= set(
        operations["OrderService_PlaceOrder"]["responses"]
    )
    assert {"413", "415"}.isdisjoint(operations["OrderService_GetOrder"]["responses"])
    for response in document["components"]["responses"].values():
        assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Status"}


def test_messages_are_schemas_as_json_prints_them(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert schemas["google.type.Money"]["properties"]["units"]["type"] == "string"
    order = schemas["shopmesh.order.v1.Order"]
    assert order["properties"]["version"] == {
        "type": "integer",
        "format": "int32",
        "description": "The number of events so far.",
    }
    assert order["properties"]["state"]["$ref"].endswith("shopmesh.order.v1.OrderState")
    assert "ORDER_STATE_CONFIRMED" in schemas["shopmesh.order.v1.OrderState"]["enum"]
    line = schemas["shopmesh.order.v1.LineRequest"]["properties"]["quantity"]
    assert (line["minimum"], line["maximum"]) == (1, 999)


def test_the_limits_page_names_every_class_method_and_endpoint() -> None:
    page = limits_page(CONTRACT, CONTRACT.limit_classes)

    for limit in CONTRACT.limit_classes.values():
        assert f"| `{limit.name}` |" in page
        assert f"{limit.rate_per_minute:,}" in page
    for method in CONTRACT.methods:
        assert method.full_name[1:] in page
    for endpoint in CONTRACT.http_endpoints:
        assert endpoint.path in page
