"""Each service starts and works while the others, and their databases, are not there."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.e2e.calls import Answer, over_grpc
from tests.e2e.contract_methods import methods
from tests.e2e.shop import JSON, Login, Store, order_of, place, refused
from tests.e2e.strict import Forger, restart
from tests.support.ports import leased_offset
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

OWN = {
    "user": {"user"},
    "order": {"order", "order_keys", "order_inbox", "order_search"},
    "inventory": {"inventory"},
    "notification": {"notification"},
}
SHARED = {"event_log", "event_log_groups"}
_BY_NAME = {method.name: method for method in methods()}
_STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Alone:
    """A service that runs by itself."""

    home: Path
    port_offset: int
    process: "subprocess.Popen[bytes]"
    channel: grpc.Channel

    def call(self, name: str, request: JSON, token: str) -> tuple[str, JSON]:
        """The status of a call, and the answer."""
        method = _BY_NAME[name]
        call: Any = self.channel.unary_unary(
            method.path,
            request_serializer=method.input.SerializeToString,
            response_deserializer=method.output.FromString,
        )
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        try:
            answer = call(ParseDict(request, method.input()), metadata=metadata, timeout=20)
        except grpc.RpcError as error:
            return _code(error), {}
        return "OK", MessageToDict(answer, always_print_fields_with_no_presence=True)

    def databases(self) -> set[str]:
        return {path.stem for path in self.home.glob("embedded/*.db")}

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOP_SECONDS)


@contextmanager
def alone(mesh: RunningMesh, folder: Path, service: str, *, keys: bool = True) -> Iterator[Alone]:
    """Start one service on a copy of its own data, with nobody else's."""
    home = folder / "home"
    shutil.copytree(mesh.home / "secrets", home / "secrets")
    if keys:
        shutil.copy(mesh.home / "jwks.json", home)
    (home / "embedded").mkdir()
    for database in OWN[service]:
        _copy(mesh.home / "embedded" / f"{database}.db", home / "embedded" / f"{database}.db")
    with ExitStack() as stack:
        offset = stack.enter_context(leased_offset())
        environ = {**os.environ, "SHOPMESH_HOME": str(home), "SHOPMESH_PORT_OFFSET": str(offset)}
        command = (sys.executable, "-m", f"services.{service}.server")
        address = RunningMesh(home, offset).grpc(service)
        log = stack.enter_context((folder / "log").open("wb"))
        process = stack.enter_context(subprocess.Popen(command, env=environ, stdout=log, stderr=log))
        stack.callback(_end, process)
        channel = stack.enter_context(grpc.insecure_channel(address))
        until(lambda: _serves(channel, process, folder / "log"), f"{service} serves", seconds=60)
        yield Alone(home, offset, process, channel)


@pytest.fixture
def genuine(alice: httpx.Client) -> str:
    assert isinstance(alice.auth, Login)
    return alice.auth.token()


def token_for(mesh: RunningMesh, service: Alone, genuine: str) -> str:
    """The same token as the issuer at another port would make it."""
    issuer = RunningMesh(service.home, service.port_offset).url
    return Forger.of(mesh).token(genuine, iss=issuer)


def test_user_alone(running_mesh: RunningMesh, tmp_path: Path, genuine: str) -> None:
    with alone(running_mesh, tmp_path, "user") as user:
        code, answer = user.call("UserService/GetUser", {}, token_for(running_mesh, user, genuine))

        assert (code, answer["user"]["email"]) == ("OK", "alice@example.com")
        _check_untouched(user, "user")


def test_order_alone(
    running_mesh: RunningMesh, tmp_path: Path, alice: httpx.Client, store: Store, genuine: str
) -> None:
    before = place(alice, (store.product(berlin=1), 1))
    with alone(running_mesh, tmp_path, "order") as order:
        token = token_for(running_mesh, order, genuine)

        code, answer = order.call("OrderService/GetOrder", {"orderId": before["orderId"]}, token)
        assert (code, answer["order"]["shippingAddress"]["recipient"]) == ("OK", "Alice Adams")
        code, answer = order.call("OrderService/PlaceOrder", order_of(("MUG-RED", 1)), token)
        assert (code, answer["order"]["state"]) == ("OK", "ORDER_STATE_PENDING")
        quote = {"lines": [{"sku": "MUG-RED", "quantity": 1}]}
        assert order.call("OrderService/QuoteOrder", quote, "")[0] == "UNAVAILABLE"
        _check_untouched(order, "order")


def test_inventory_alone(
    running_mesh: RunningMesh, tmp_path: Path, admin: httpx.Client, genuine: str
) -> None:
    assert isinstance(admin.auth, Login)
    with alone(running_mesh, tmp_path, "inventory") as inventory:
        request = {"skus": ["MUG-RED", "NONE"]}
        code, answer = inventory.call("InventoryService/BatchGetStock", request, "")
        assert (code, answer["missingSkus"]) == ("OK", ["NONE"])
        adjustment = {
            "sku": "MUG-RED",
            "requestId": "1",
            "warehouse": "berlin",
            "delta": 1,
            "reason": "found",
        }
        token = token_for(running_mesh, inventory, admin.auth.token())
        code, adjusted = inventory.call("InventoryService/AdjustStock", adjustment, token)
        assert (code, adjusted["stock"]["onHand"]) == ("OK", answer["stock"][0]["onHand"] + 1)
        _check_untouched(inventory, "inventory")


def test_notification_alone(running_mesh: RunningMesh, tmp_path: Path, genuine: str) -> None:
    with alone(running_mesh, tmp_path, "notification") as notification:
        token = token_for(running_mesh, notification, genuine)

        assert notification.call("NotificationService/GetPreferences", {}, token)[0] == "OK"
        assert notification.call("NotificationService/ListNotifications", {}, token)[0] == "OK"
        _check_untouched(notification, "notification")


def test_without_any_key_set_a_token_is_unavailable_and_never_unauthenticated(
    running_mesh: RunningMesh, tmp_path: Path, genuine: str
) -> None:
    list_orders = _BY_NAME["OrderService/ListOrders"]
    with alone(running_mesh, tmp_path, "order", keys=False) as order:
        with_token = over_grpc(order.channel, list_orders, list_orders.input(), genuine)
        without = over_grpc(order.channel, list_orders, list_orders.input(), "")

    assert with_token == Answer("UNAVAILABLE", "AUTH_KEYS_UNAVAILABLE")
    assert without == Answer("UNAUTHENTICATED", "TOKEN_REQUIRED")


def test_through_the_front_proxy_that_is_503_until_the_keys_are_there(strict: RunningMesh) -> None:
    keys = strict.home / "jwks.json"
    with strict.http(strict.token("alice")) as alice:
        away = keys.rename(keys.with_suffix(".away"))
        try:
            restart(strict, "order")
            found = refused(alice.get("/v1/orders"), 503, "AUTH_KEYS_UNAVAILABLE")
        finally:
            away.rename(keys)

        assert (found.code, bool(found.retry_after)) == (14, True)
        until(lambda: alice.get("/v1/orders").status_code == httpx.codes.OK, "the keys are read")


def _check_untouched(service: Alone, name: str) -> None:
    """Nobody else's database was made, and the process ends when it is told to."""
    assert service.databases() <= OWN[name] | SHARED
    assert service.stop() == 0


def _copy(source: Path, target: Path) -> None:
    """Copy a database that is in use."""
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)


def _serves(channel: grpc.Channel, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    stub: Any = health_pb2_grpc.HealthStub(channel)
    try:
        answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=5, wait_for_ready=True)
    except grpc.RpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.kill()


def _code(error: Any) -> str:
    return str(error.code().name)
