"""Refusals: each is a `google.rpc.Status`, whichever process refuses."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from tests.e2e.calls import json_name, rest
from tests.e2e.contract_methods import Method, methods
from tests.e2e.shop import Store, answered, order_of, place, problem, refused
from tests.e2e.valid_requests import known_values, valid

BOUND = [method for method in methods() if method.verb]
READ_BY_GET = [method for method in BOUND if method.verb == "GET"]
WITH_PATH_FIELDS = [method for method in BOUND if method.path_fields]
WITH_BODY_AND_PATH_FIELDS = [method for method in WITH_PATH_FIELDS if method.body == "*"]
WITH_BODY = [method for method in BOUND if method.verb in ("POST", "PUT", "PATCH")]
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OPENAPI = yaml.safe_load(Path("docs/openapi.yaml").read_text())
_MIB = 1_048_576


def body_bound(method: Method) -> int:
    """How many bytes the documentation allows to a method's body."""
    template = re.sub(r"{(\w+)}", lambda name: f"{{{json_name(name[1])}}}", method.template)
    says = OPENAPI["paths"][template][method.verb.lower()]["requestBody"]["description"]
    return int(says.split()[0].replace(",", ""))


def request_of(method: Method) -> tuple[str, str, dict[str, Any], Any]:
    """A valid request about objects that are not there."""
    ids = {name: str(uuid4()) for name in ("order_id", "address_id", "user_id")}
    return rest(method, valid(method.input, known_values(sku="NONE", warehouse="nowhere", **ids)))


@pytest.mark.parametrize("method", BOUND, ids=str)
def test_an_unknown_query_parameter_is_400_and_named(
    admin: httpx.Client, wms: httpx.Client, method: Method
) -> None:
    client = wms if "wms" in method.policy.scopes else admin
    verb, path, query, body = request_of(method)

    found = problem(client.request(verb, path, params=query | {"noSuchParameter": "1"}, json=body))

    assert (found.status, found.code, found.reason) == (400, 3, "INVALID_REQUEST")
    assert "noSuchParameter" in found.message


@pytest.mark.parametrize("method", WITH_PATH_FIELDS, ids=str)
def test_a_query_parameter_that_repeats_a_path_field_is_400(admin: httpx.Client, method: Method) -> None:
    verb, path, query, body = request_of(method)

    for field in method.path_fields:
        for name in (field, json_name(field)):
            for value in ("", str(uuid4()), path.split("/")[3].partition(":")[0]):
                found = problem(admin.request(verb, path, params=query | {name: value}, json=body))
                assert (found.status, found.reason) == (400, "INVALID_REQUEST"), (name, value, found)


@pytest.mark.parametrize("method", WITH_BODY_AND_PATH_FIELDS, ids=str)
def test_a_body_field_that_repeats_a_path_field_is_400(admin: httpx.Client, method: Method) -> None:
    verb, path, _, body = request_of(method)

    for field in method.path_fields:
        for name in (field, json_name(field)):
            for value in ("", "OTHER", path.split("/")[3].partition(":")[0]):
                found = problem(admin.request(verb, path, json=body | {name: value}))
                assert (found.status, found.reason) == (400, "INVALID_REQUEST"), (name, value, found)


def test_a_repeated_path_field_reaches_nobody_elses_order(
    alice: httpx.Client, bob: httpx.Client, store: Store
) -> None:
    mine, yours = (place(client, (store.product(berlin=1), 1))["orderId"] for client in (alice, bob))

    for name in ("orderId", "order_id", "order%49d"):
        refused(bob.get(f"/v1/orders/{yours}?{name}={mine}"), 400, "INVALID_REQUEST")
    for body in ({"orderId": mine}, {"order_id": mine}, {"orderId": yours}):
        refused(bob.post(f"/v1/orders/{yours}:cancel", json=body), 400, "INVALID_REQUEST")
    assert answered(bob.get(f"/v1/orders/{yours}"))["order"]["state"] == "ORDER_STATE_CONFIRMED"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [("/v1/products", "pageSize"), ("/v1/orders", "pageSize"), ("/v1/users", "pageSize")],
)
def test_a_malformed_query_value_is_400_and_named(admin: httpx.Client, path: str, parameter: str) -> None:
    found = refused(admin.get(path, params={parameter: "many"}), 400, "INVALID_REQUEST")

    assert parameter.lower() in found.message.replace("_", "").lower()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lines": [{"sku": "MUG-RED", "quantity": "many"}]}, "lines[0].quantity"),
        ({"lines": [{"sku": "MUG-RED", "quantity": 1.5}]}, "lines[0].quantity"),
        ({"lines": [{"sku": "MUG-RED", "quantity": 2**40}]}, "lines[0].quantity"),
        ({"lines": "MUG-RED"}, "lines"),
        ({"requestId": {}}, "requestId"),
        ({"shippingAddress": {"city": ["Berlin"]}}, "shippingAddress"),
        ({"expectedTotal": {"currencyCode": "EUR", "units": "a lot"}}, "units"),
    ],
)
def test_a_malformed_body_value_is_400_and_named(
    alice: httpx.Client, change: dict[str, Any], named: str
) -> None:
    body = order_of(("MUG-RED", 1)) | change

    found = refused(alice.post("/v1/orders", json=body), 400, "INVALID_REQUEST")

    assert named.lower() in found.message.replace("_", "").lower()


@pytest.mark.parametrize(
    "body", ["{", "[]", '"text"', "1", "null,", "\ud83d".encode("utf-8", "replace"), b"\xff"]
)
def test_a_body_that_is_no_json_object_is_400(alice: httpx.Client, body: str | bytes) -> None:
    response = alice.post("/v1/orders", content=body, headers={"content-type": "application/json"})

    assert refused(response, 400, "INVALID_REQUEST").code == 3


def test_a_broken_rule_names_every_field(alice: httpx.Client) -> None:
    body = {"requestId": "", "lines": [{"sku": "mug", "quantity": 0}]}

    found = refused(alice.post("/v1/orders", json=body), 400, "INVALID_REQUEST")

    assert set(found.fields) == {"requestId", "lines[0].sku", "lines[0].quantity", "shippingAddress"}
    assert all(field in found.message for field in found.fields)


def test_an_unknown_body_field_is_refused_and_nothing_is_ordered(alice: httpx.Client, store: Store) -> None:
    body = order_of((sku := store.product(berlin=1), 1))
    body["lines"][0]["colour"] = "red"

    found = refused(alice.post("/v1/orders", json=body), 400, "INVALID_REQUEST")

    assert found.fields == ("lines[0].colour",)
    del body["lines"][0]["colour"]
    assert answered(alice.post("/v1/orders", json=body))["order"]["lines"][0]["sku"] == sku


@pytest.mark.parametrize("method", WITH_BODY, ids=str)
def test_a_body_may_be_as_long_as_openapi_says_and_not_a_byte_longer(
    admin: httpx.Client, method: Method
) -> None:
    headers, bound = {"content-type": "application/json"}, body_bound(method)
    verb, path, query, _ = request_of(method)
    content = b'{"unknown": 1}'.ljust(bound)

    most = admin.request(verb, path, params=query, content=content, headers=headers)
    assert refused(most, 400, "INVALID_REQUEST").fields == ("unknown",)
    for more in (content + b" ", iter([content, b" "])):
        answer = admin.request(verb, path, params=query, content=more, headers=headers)
        assert refused(answer, 413, "BODY_TOO_LARGE").code == 3


def test_no_body_may_be_longer_than_1_mib() -> None:
    assert max(map(body_bound, WITH_BODY)) <= _MIB


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/jsonp", "application/x-www-form-urlencoded", "text/json", ""]
)
def test_what_is_not_json_is_415(alice: httpx.Client, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}

    found = refused(alice.post("/v1/orders", content=b"{}", headers=headers), 415, "UNSUPPORTED_MEDIA_TYPE")

    assert found.code == 3


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json_is_accepted_however_it_is_written(alice: httpx.Client, store: Store, content_type: str) -> None:
    body = str(order_of((store.product(berlin=1), 1))).replace("'", '"')

    answered(alice.post("/v1/orders", content=body, headers={"content-type": content_type}))


def test_a_wrong_verb_is_405_and_allow_names_the_right_ones(anyone: httpx.Client) -> None:
    allowed = defaultdict(set)
    for method in BOUND:
        allowed[_sample(method)].add(method.verb)

    for path in {_sample(method) for method in BOUND}:
        for verb in set(VERBS) - allowed[path]:
            for headers in ({}, {"authorization": "Bearer bad"}):
                response = anyone.request(verb, path, headers=headers)
                found = refused(response, 405, "METHOD_NOT_ALLOWED")
                assert found.code == 12
                assert set(response.headers["allow"].split(", ")) == allowed[path]


@pytest.mark.parametrize("method", methods(), ids=str)
def test_a_methods_grpc_path_is_404_at_the_front_proxy(anyone: httpx.Client, method: Method) -> None:
    for content_type in ("application/grpc", "application/grpc-web", "application/json"):
        for headers in ({}, {"authorization": "Bearer bad"}):
            response = anyone.post(
                method.path, content=b"\0\0\0\0\0", headers={"content-type": content_type, **headers}
            )
            assert refused(response, 404, "ROUTE_NOT_FOUND").code == 5


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/nothing",
        "/v1/orders/",
        "/v1/orders:place",
        "/v2/orders",
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/metrics",
        "/stats",
    ],
)
def test_an_unbound_path_is_404(anyone: httpx.Client, alice: httpx.Client, path: str) -> None:
    for client in (anyone, alice):
        assert refused(client.get(path), 404, "ROUTE_NOT_FOUND").code == 5


@pytest.mark.parametrize("method", WITH_PATH_FIELDS, ids=str)
def test_an_object_that_is_not_there_is_404_and_named(admin: httpx.Client, method: Method) -> None:
    verb, path, query, body = request_of(method)

    found = problem(admin.request(verb, path, params=query, json=body))

    assert (found.status, found.code) == (404, 5)
    assert found.reason.endswith("_NOT_FOUND")
    assert path.split("/")[3].partition(":")[0] in path


@pytest.mark.parametrize("mask", [{}, {"updateMask": ""}, {"updateMask": "email"}, {"updateMask": "userId"}])
def test_an_account_is_changed_by_a_mask_only(alice: httpx.Client, mask: dict[str, str]) -> None:
    body = {"user": {"displayName": "Mallory", "email": "mallory@example.com"}} | mask

    found = problem(alice.patch("/v1/users/me", json=body))

    assert (found.status, found.fields) == (400, ("updateMask",))
    assert answered(alice.get("/v1/users/me"))["user"]["displayName"] == "Alice"


def test_an_empty_patch_is_400(alice: httpx.Client) -> None:
    for body in (b"", b"{}"):
        response = alice.patch("/v1/users/me", content=body, headers={"content-type": "application/json"})
        assert set(problem(response).fields) == {"user", "updateMask"}


def test_a_patch_changes_what_the_mask_names_and_nothing_else(alice: httpx.Client) -> None:
    before = answered(alice.get("/v1/users/me"))["user"]
    body = {"user": {"displayName": "Mallory", "locale": before["locale"]}, "updateMask": "locale"}

    after = answered(alice.patch("/v1/users/me", json=body))["user"]

    assert after["displayName"] == before["displayName"]


def _sample(method: Method) -> str:
    return method.template.format_map(dict.fromkeys(method.path_fields, "SAMPLE"))
