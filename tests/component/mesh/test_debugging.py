"""What an engineer with a generic client sees: health and reflection, without a token.

pytest-grpc's fixtures over a grpc.aio server: the server runs in a loop of its own
thread, the client is the plain blocking one that such tools use.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from mesh.contract import load_contract
from mesh.server.health import Health
from mesh.server.reflection import HEALTH, SERVICE_NAMES, Reflection

CONTRACT = load_contract()
ORDER = "shopmesh.order.v1.OrderService"
works = True


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever)
    thread.start()
    yield running
    running.call_soon_threadsafe(running.stop)
    thread.join()
    running.close()


@pytest.fixture(scope="module")
def grpc_servicer() -> Health:
    async def store() -> bool:
        return works

    async def log() -> bool:
        raise ConnectionError

    return Health(names=("order",), hard={"store": store}, soft={"order.event_log": log})


@pytest.fixture(scope="module")
def grpc_add_to_server() -> Callable[[Health, grpc.aio.Server], None]:
    def add(health: Health, server: grpc.aio.Server) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
        server.add_generic_rpc_handlers(Reflection(contract=CONTRACT, services=[ORDER]).handlers())

    return add


@pytest.fixture(scope="module")
def grpc_addr() -> list[str]:
    """Filled when the server has its port."""
    return []


@pytest.fixture(scope="module")
def _grpc_server(loop: asyncio.AbstractEventLoop) -> grpc.aio.Server:
    async def make() -> grpc.aio.Server:
        return grpc.aio.server()

    return asyncio.run_coroutine_threadsafe(make(), loop).result()


@pytest.fixture(scope="module")
def grpc_server(
    _grpc_server: grpc.aio.Server,
    grpc_addr: list[str],
    grpc_add_to_server: Any,
    grpc_servicer: Health,
    loop: asyncio.AbstractEventLoop,
) -> Iterator[grpc.aio.Server]:
    grpc_add_to_server(grpc_servicer, _grpc_server)
    grpc_addr.append(f"127.0.0.1:{_grpc_server.add_insecure_port('127.0.0.1:0')}")
    asyncio.run_coroutine_threadsafe(_grpc_server.start(), loop).result()
    yield _grpc_server
    asyncio.run_coroutine_threadsafe(_grpc_server.stop(None), loop).result()


@pytest.fixture(scope="module")
def grpc_create_channel(grpc_server: grpc.aio.Server, grpc_addr: list[str]) -> Callable[[], grpc.Channel]:
    return lambda: grpc.insecure_channel(grpc_addr[0])


@pytest.fixture(scope="module")
def grpc_stub_cls() -> Any:
    return health_pb2_grpc.HealthStub


def ask(
    channel: grpc.Channel, request: reflection_pb2.ServerReflectionRequest, service: str = SERVICE_NAMES[0]
) -> reflection_pb2.ServerReflectionResponse:
    method: Any = channel.stream_stream(
        f"/{service}/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    answers: list[reflection_pb2.ServerReflectionResponse] = list(method(iter([request]), timeout=5))
    return answers[0]


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_both_versions_of_reflection_list_the_services(grpc_channel: grpc.Channel, service: str) -> None:
    answer = ask(grpc_channel, reflection_pb2.ServerReflectionRequest(list_services=""), service)

    assert {each.name for each in answer.list_services_response.service} == {ORDER, HEALTH, *SERVICE_NAMES}


@pytest.mark.parametrize("symbol", [ORDER, f"{ORDER}.PlaceOrder", "shopmesh.order.v1.Order"])
def test_a_symbol_is_described_with_json_names_and_comments(grpc_channel: grpc.Channel, symbol: str) -> None:
    answer = ask(grpc_channel, reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol))

    files = map(FileDescriptorProto.FromString, answer.file_descriptor_response.file_descriptor_proto)
    by_name = {file.name: file for file in files}
    order = by_name["shopmesh/order/v1/order_service.proto"]
    names = {field.name: field.json_name for message in order.message_type for field in message.field}
    assert names["order_id"] == "orderId"
    assert order.source_code_info.location
    assert "google/type/money.proto" in by_name


@pytest.mark.parametrize("service", [HEALTH, *SERVICE_NAMES])
def test_the_services_that_every_server_has_are_described_too(
    grpc_channel: grpc.Channel, service: str
) -> None:
    answer = ask(grpc_channel, reflection_pb2.ServerReflectionRequest(file_containing_symbol=service))

    (file,) = map(FileDescriptorProto.FromString, answer.file_descriptor_response.file_descriptor_proto)
    assert service in {f"{file.package}.{each.name}" for each in file.service}


def test_what_is_not_part_of_the_contract_is_not_found(grpc_channel: grpc.Channel) -> None:
    unknown = (
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.Such"),
        reflection_pb2.ServerReflectionRequest(file_by_filename="no.proto"),
        reflection_pb2.ServerReflectionRequest(all_extension_numbers_of_type="no.Such"),
    )
    for request in unknown:
        assert ask(grpc_channel, request).error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def test_health_follows_the_hard_probes_and_names_the_soft_ones(
    grpc_stub: Any, grpc_servicer: Health, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def readings() -> dict[str, int]:
        asyncio.run_coroutine_threadsafe(grpc_servicer.refresh(), loop).result()
        names = ("", "order", "order.event_log")
        return {each: grpc_stub.Check(health_pb2.HealthCheckRequest(service=each)).status for each in names}

    serving = health_pb2.HealthCheckResponse.SERVING
    not_serving = health_pb2.HealthCheckResponse.NOT_SERVING
    assert readings() == {"": serving, "order": serving, "order.event_log": not_serving}

    monkeypatch.setattr(f"{__name__}.works", False)
    assert readings() == {"": not_serving, "order": not_serving, "order.event_log": not_serving}
