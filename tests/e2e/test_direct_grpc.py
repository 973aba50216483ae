"""The services' gRPC ports: reflection, health, cost trailers, consistency tokens."""

import base64
import json
import re
from collections.abc import Iterator
from math import ceil
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from shopmesh.inventory.v1 import inventory_service_pb2
from shopmesh.order.v1 import order_service_pb2
from shopmesh.policy.v1 import policy_pb2
from tests.e2e.accounts import Subject, all_powerful
from tests.e2e.calls import reason_of, rest
from tests.e2e.contract_methods import Method, methods
from tests.e2e.people import joined
from tests.e2e.shop import HOME, Login, Store, answered, order_of, place, refused
from tests.e2e.valid_requests import known_values, valid
from tests.support.running_mesh import RunningMesh

SERVICES = ("user", "order", "inventory", "notification")
TOKEN = "x-consistency-token"
UNARY = [
    method
    for method in methods()
    if not method.client_streaming
    and not method.server_streaming
    and method.policy.access != policy_pb2.ACCESS_INTERNAL
]


@pytest.fixture(scope="module")
def subject(running_mesh: RunningMesh, admin: httpx.Client, store: Store) -> Iterator[Subject]:
    with (
        joined(running_mesh) as other,
        all_powerful(running_mesh, admin, store, other.user_id) as subject,
    ):
        yield subject


@pytest.fixture(scope="module")
def channels(running_mesh: RunningMesh) -> Iterator[dict[str, grpc.Channel]]:
    opened = {service: grpc.insecure_channel(running_mesh.grpc(service)) for service in SERVICES}
    yield opened
    for channel in opened.values():
        channel.close()


@pytest.mark.parametrize("service", SERVICES)
def test_health_needs_no_token_and_knows_every_service(
    channels: dict[str, grpc.Channel], service: str
) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channels[service])
    names = {method.path.split("/")[1] for method in methods() if method.service == service}

    for name in ("", service, *names):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_needs_no_token_and_tells_json_names(
    channels: dict[str, grpc.Channel], service: str, version: str
) -> None:
    names = {method.path.split("/")[1] for method in methods() if method.service == service}

    (listed,) = _reflect(channels[service], version, list_services="")
    (described,) = _reflect(channels[service], version, file_containing_symbol=min(names))

    assert names <= {each.name for each in listed.list_services_response.service}
    files = described.file_descriptor_response.file_descriptor_proto
    assert any(b"\x52\x08pageSize" in file or b"pageToken" in file or b"userId" in file for file in files)


def test_an_unknown_health_name_is_not_found(channels: dict[str, grpc.Channel]) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channels["order"])

    with pytest.raises(grpc.RpcError) as refused_call:
        stub.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=5)

    error: Any = refused_call.value
    assert error.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("count", [1, 199, 200, 398, 399, 500])
def test_trailers_tell_what_a_batch_cost(channels: dict[str, grpc.Channel], count: int) -> None:
    call = channels["inventory"].unary_unary(
        "/shopmesh.inventory.v1.InventoryService/BatchGetStock",
        request_serializer=inventory_service_pb2.BatchGetStockRequest.SerializeToString,
        response_deserializer=inventory_service_pb2.BatchGetStockResponse.FromString,
    )
    skus = [f"NONE-{count}-{number}" for number in range(count)]

    _, made = call.with_call(inventory_service_pb2.BatchGetStockRequest(skus=skus), timeout=10)

    trailers = dict(made.trailing_metadata() or ())
    assert int(trailers["x-db-queries"]) <= ceil(count / 199)
    assert re.fullmatch(r"l1=\d+,l2=\d+,miss=\d+", str(trailers["x-cache"]))
    assert trailers["x-replica"] == "primary"


def test_every_write_answers_a_consistency_token_and_every_read_accepts_it(
    channels: dict[str, grpc.Channel], subject: Subject
) -> None:
    received: dict[str, str] = {}
    latest = ""

    for method in sorted(UNARY, key=lambda method: method.reads):
        metadata = [("authorization", f"Bearer {subject.token}"), *([(TOKEN, latest)] if latest else [])]
        request = valid(method.input, known_values(**subject.ids))
        answered_with, reason = _initial_metadata(channels[method.service], method, request, metadata)
        assert reason != "INVALID_CONSISTENCY_TOKEN"
        if not reason:
            received[method.name] = answered_with.get(TOKEN, "")
            latest = received[method.name] or latest

    writes = {method.name for method in UNARY if not method.reads}
    assert {name for name in received if name in writes and not received[name]} == set()
    assert {name for name in received if name not in writes and received[name]} == set()
    assert len(received) > len(UNARY) / 2


def test_an_orders_token_covers_the_writes_of_inventory_too(
    alice: httpx.Client, anyone: httpx.Client, store: Store
) -> None:
    sku = store.product(berlin=5)

    placed = alice.post("/v1/orders", json=order_of((sku, 2)))
    token = placed.headers[TOKEN]

    positions = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert positions.keys() >= {"order", "inventory"}
    stock = anyone.get(f"/v1/stock/{sku}", headers={TOKEN: token})
    assert answered(stock)["stock"]["reserved"] == 2
    order = alice.get(f"/v1/orders/{answered(placed)['order']['orderId']}", headers={TOKEN: token})
    assert answered(order)["order"]["state"] == "ORDER_STATE_CONFIRMED"


def test_the_consistency_token_is_a_response_header_in_rest(alice: httpx.Client, store: Store) -> None:
    order_id = place(alice, (store.product(berlin=5), 1))["orderId"]

    for response in (
        store.adjust(store.product(berlin=1), delta=1),
        alice.post(f"/v1/orders/{order_id}:cancel", json={}),
        alice.post("/v1/users/me/addresses", json=HOME),
    ):
        assert response.headers[TOKEN]
    assert TOKEN not in alice.get(f"/v1/orders/{order_id}").headers


def test_what_is_no_consistency_token_is_refused_and_named(anyone: httpx.Client) -> None:
    for token in ("nonsense!", "e30x", "x" * 2000):
        found = refused(
            anyone.get("/v1/stock/MUG-RED", headers={TOKEN: token}), 400, "INVALID_CONSISTENCY_TOKEN"
        )
        assert TOKEN in found.message


def test_a_refusal_carries_its_details_as_a_trailer(
    channels: dict[str, grpc.Channel], alice: httpx.Client
) -> None:
    assert isinstance(alice.auth, Login)
    get_order: Any = channels["order"].unary_unary(
        "/shopmesh.order.v1.OrderService/GetOrder",
        request_serializer=order_service_pb2.GetOrderRequest.SerializeToString,
    )
    with pytest.raises(grpc.RpcError) as refused_call:
        get_order(
            order_service_pb2.GetOrderRequest(order_id="no-uuid"),
            metadata=(("authorization", f"Bearer {alice.auth.token()}"),),
            timeout=5,
        )

    error: Any = refused_call.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert b"INVALID_REQUEST" in details
    assert b"orderId" in details


def test_the_generator_of_requests_knows_every_binding() -> None:
    """What REST tests derive is what the contract says."""
    for method in methods():
        ids = dict.fromkeys(("sku", "order_id", "address_id", "user_id"), "X")
        verb, path, _, _ = rest(method, valid(method.input, known_values(**ids)))
        assert verb
        assert "{" not in path


def _initial_metadata(
    channel: grpc.Channel, method: Method, request: Message, metadata: list[tuple[str, str]]
) -> tuple[dict[str, str], str]:
    """What an answer began with, or the reason of the refusal."""
    call: Any = channel.unary_unary(
        method.path,
        request_serializer=method.input.SerializeToString,
        response_deserializer=method.output.FromString,
    )
    try:
        _, made = call.with_call(request, metadata=metadata, timeout=10)
    except grpc.RpcError as error:
        return {}, reason_of(error)
    return dict(made.initial_metadata() or ()), ""


def _reflect(channel: grpc.Channel, version: str, **question: str) -> list[Any]:
    """Ask one question; the messages of both versions are the same on the wire."""
    if version == "v1alpha":
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        return list(stub.ServerReflectionInfo(iter((_question(question),)), timeout=5))
    ask = channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    return list(ask(iter((_question(question),)), timeout=5))


def _question(question: dict[str, str]) -> Any:
    return reflection_pb2.ServerReflectionRequest(**question)
