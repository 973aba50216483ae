"""The shape of JSON messages and of ids, seen from outside."""

import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from google.protobuf.descriptor import FieldDescriptor

from tests.e2e.calls import rest
from tests.e2e.contract_methods import Method, messages, methods
from tests.e2e.shop import HOME, JSON, Store, answered, new_sku, order_of, place, refused
from tests.e2e.valid_requests import valid

READS = [method for method in methods() if method.verb == "GET" and not method.server_streaming]
_WELL_KNOWN = "google.protobuf."
_INTEGERS = frozenset(
    {
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_UINT64,
    }
)


@pytest.mark.parametrize("method", READS, ids=str)
def test_zero_and_empty_values_are_printed_under_lower_camel_names(
    admin: httpx.Client, store: Store, method: Method
) -> None:
    sku = store.product(berlin=2)
    known = {"sku": sku, "order_id": place(admin, (sku, 1))["orderId"], "to_version": 2}
    verb, path, query, _ = rest(method, valid(method.input, known))

    document = answered(admin.request(verb, path, params=query))

    assert_complete(document, method.output.DESCRIPTOR)


def assert_complete(document: JSON, message: Any) -> None:
    """Nothing is left out but what can be absent, and nothing has another name."""
    names = {field.json_name for field in message.fields}
    assert document.keys() <= names
    assert {field.json_name for field in message.fields if not field.has_presence} <= document.keys()
    for field in message.fields:
        if field.json_name in document and _is_ours(field):
            value = document[field.json_name]
            for each in value if field.is_repeated else (value,):
                assert_complete(each, field.message_type)


def test_a_resource_is_wrapped_under_its_name(admin: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=2)
    order_id = place(admin, (sku, 1))["orderId"]

    for path, name in (
        (f"/v1/orders/{order_id}", "order"),
        (f"/v1/stock/{sku}", "stock"),
        (f"/v1/products/{sku}", "product"),
        ("/v1/users/me", "user"),
        ("/v1/users/me/notification-preferences", "preferences"),
    ):
        assert answered(admin.get(path)).keys() == {name}


def test_quantities_versions_and_counts_are_json_numbers_and_units_a_string(
    alice: httpx.Client, store: Store
) -> None:
    sku = store.product(units=7, berlin=3)
    order, stock = place(alice, (sku, 2)), store.stock(sku)

    for number in (
        order["version"],
        order["lines"][0]["quantity"],
        *(stock[name] for name in ("available", "onHand", "reserved", "version")),
        *(stock["warehouses"][0][name] for name in ("available", "onHand", "reserved")),
    ):
        assert type(number) is int
    assert (order["total"]["units"], order["total"]["nanos"]) == ("14", 0)


def test_every_integer_but_a_sequence_is_int32() -> None:
    """An int64 would be printed as a string."""
    wide = {
        field.full_name
        for message in messages()
        for field in message.fields
        if field.type in _INTEGERS - {FieldDescriptor.TYPE_INT32} and "sequence" not in field.name
    }

    assert wide == set()


def test_enum_values_carry_their_prefix_and_texts_do_not(alice: httpx.Client, store: Store) -> None:
    order = place(alice, (store.product(berlin=3), 2))
    answered(store.ship(order["orderId"]))

    found = refused(
        alice.post(f"/v1/orders/{order['orderId']}:cancel", json={}), 400, "ORDER_ALREADY_SHIPPED"
    )

    assert order["state"] == "ORDER_STATE_CONFIRMED"
    assert "SHIPPED" in found.message
    assert "ORDER_STATE_" not in f"{found.message}{found.metadata}"


def test_times_end_in_time_and_are_utc(alice: httpx.Client, store: Store) -> None:
    order = place(alice, (store.product(berlin=3), 2))

    for name in ("placeTime", "updateTime"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", order[name])


def test_ids_are_uuids_of_their_kind(alice: httpx.Client, store: Store) -> None:
    order = place(alice, (store.product(berlin=3), 2))
    address = answered(alice.post("/v1/users/me/addresses", json=HOME))["address"]
    events = answered(alice.get(f"/v1/orders/{order['orderId']}/history"))["events"]
    answered(alice.delete(f"/v1/users/me/addresses/{address['addressId']}"))

    assert UUID(order["orderId"]).version == 5
    for other in (order["customerId"], address["addressId"], *(event["eventId"] for event in events)):
        assert UUID(other).version == 7


@pytest.mark.parametrize("sku", ["mug", "-MUG", "MUG_RED", "M" * 65, "MÜG", "MUG RED", ""])
def test_a_sku_has_one_form(admin: httpx.Client, sku: str) -> None:
    product = {"sku": sku, "name": "No", "category": "tests", "price": {"currencyCode": "EUR", "units": "1"}}

    assert refused(admin.post("/v1/products", json=product), 400, "INVALID_REQUEST").fields == (
        "product.sku",
    )
    assert refused(admin.post("/v1/stock:batchGet", json={"skus": [sku]}), 400, "INVALID_REQUEST").fields == (
        "skus[0]",
    )


@pytest.mark.parametrize("sku", ["A", "0", "A-", "M" * 64])
def test_a_sku_of_that_form_is_accepted(anyone: httpx.Client, sku: str) -> None:
    assert answered(anyone.post("/v1/stock:batchGet", json={"skus": [sku]}))["missingSkus"] == [sku]


def test_no_id_contains_a_colon_so_custom_verbs_are_unambiguous(anyone: httpx.Client) -> None:
    for path in ("/v1/products/MUG-RED:foo", "/v1/stock/A:B", "/v1/stock/MUG-RED:watch"):
        refused(anyone.get(path), 404, "ROUTE_NOT_FOUND")


@pytest.mark.parametrize("request_id", ["", "x" * 65, "with space", "tab\t", "ünï", "\x7f", "new\nline"])
def test_a_request_id_is_1_to_64_visible_ascii_characters(
    alice: httpx.Client, store: Store, request_id: str
) -> None:
    body = order_of((new_sku(), 1), requestId=request_id)
    adjustment = {"requestId": request_id, "warehouse": "berlin", "delta": 1}

    for refusing in (alice.post("/v1/orders", json=body), store.adjust("MUG-RED", **adjustment)):
        assert refused(refusing, 400, "INVALID_REQUEST").fields == ("requestId",)


def test_the_longest_request_id_is_accepted(alice: httpx.Client, store: Store) -> None:
    request_id = f"!~{new_sku()}".ljust(64, "x")

    assert place(alice, (store.product(berlin=1), 1), requestId=request_id)["requestId"] == request_id


def _is_ours(field: Any) -> bool:
    return field.message_type is not None and not field.message_type.full_name.startswith(_WELL_KNOWN)
