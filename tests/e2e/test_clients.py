"""The clients that engineers use: grpcurl (or `buf curl` where there is no Go) and curl."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.e2e.shop import HOME, JSON, Login, Store, order_of
from tests.support.running_mesh import RunningMesh

GRPCURL = Path(".tools/bin/grpcurl").absolute()
BUF = Path(sys.executable).with_name("buf")
SERVICES = {
    "user": ("UserService", "ContactService", "TokenService"),
    "order": ("OrderService", "AuditService", "OrderParkingService"),
    "inventory": ("CatalogService", "InventoryService", "WmsService", "StockParkingService"),
    "notification": ("NotificationService",),
}


@dataclass(frozen=True, slots=True)
class Debugger:
    """An engineer's gRPC client, by the same few words whichever it is."""

    grpcurl: bool

    def list(self, address: str) -> str:
        return (
            self._run(address, "list") if self.grpcurl else self._buf(f"http://{address}", "--list-services")
        )

    def describe(self, address: str, symbol: str) -> str:
        assert self.grpcurl
        return self._run(address, "describe", symbol)

    def call(self, address: str, method: str, request: JSON, token: str = "") -> JSON:
        header = ("-H", f"Authorization: Bearer {token}") if token else ()
        data = ("-d", json.dumps(request))
        if self.grpcurl:
            return dict(json.loads(self._run(address, method, options=(*header, *data))))
        return dict(json.loads(self._buf(f"http://{address}/{method}", *header, *data)))

    def _run(self, *words: str, options: tuple[str, ...] = ()) -> str:
        return _output(str(GRPCURL), "-plaintext", "-max-time", "20", "-emit-defaults", *options, *words)

    def _buf(self, url: str, *options: str) -> str:
        return _output(str(BUF), "curl", "--protocol", "grpc", "--http2-prior-knowledge", *options, url)


@pytest.fixture(scope="module")
def debugger() -> Debugger:
    """The client that is there."""
    return Debugger(grpcurl=GRPCURL.exists())


@pytest.fixture(scope="module")
def curl() -> str:
    """Where curl is."""
    found = shutil.which("curl")
    assert found, "curl is missing"
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_services_are_listed_without_a_token(
    running_mesh: RunningMesh, debugger: Debugger, service: str
) -> None:
    listed = debugger.list(running_mesh.grpc(service)).split()

    assert {f"shopmesh.{service}.v1.{name}" for name in SERVICES[service]} <= set(listed)
    assert "grpc.health.v1.Health" in listed


def test_methods_and_messages_are_described(running_mesh: RunningMesh, debugger: Debugger) -> None:
    order = running_mesh.grpc("order")
    if not debugger.grpcurl:
        schema = debugger.list(order)
        assert "shopmesh.order.v1.OrderService" in schema
        return

    method = debugger.describe(order, "shopmesh.order.v1.OrderService.PlaceOrder")
    message = debugger.describe(order, ".shopmesh.order.v1.PlaceOrderRequest")
    assert (
        "rpc PlaceOrder ( .shopmesh.order.v1.PlaceOrderRequest )"
        " returns ( .shopmesh.order.v1.PlaceOrderResponse )"
    ) in method
    assert 'option (.google.api.http) = { post: "/v1/orders", body: "*" };' in method
    assert "string request_id = 1 [" in message
    # grpcurl prints a JSON name only where it is not the usual one: none was lost.
    assert "json_name" not in message


def test_an_order_is_placed_with_a_token(
    running_mesh: RunningMesh, debugger: Debugger, alice: httpx.Client, store: Store
) -> None:
    assert isinstance(alice.auth, Login)
    place_order = "shopmesh.order.v1.OrderService/PlaceOrder"
    sku = store.product(berlin=3)
    request = order_of((sku, 2)) | {"shippingAddress": HOME}

    answer = debugger.call(running_mesh.grpc("order"), place_order, request, alice.auth.token())

    assert answer["order"]["state"] == "ORDER_STATE_CONFIRMED"
    stock = debugger.call(
        running_mesh.grpc("inventory"), "shopmesh.inventory.v1.InventoryService/GetStock", {"sku": sku}
    )
    assert stock["stock"]["reserved"] == 2


@pytest.mark.parametrize("service", SERVICES)
def test_health_is_asked_without_a_token(running_mesh: RunningMesh, debugger: Debugger, service: str) -> None:
    answer = debugger.call(running_mesh.grpc(service), "grpc.health.v1.Health/Check", {"service": service})

    assert answer == {"status": "SERVING"}


def test_curl_places_the_orders_of_the_readme(
    running_mesh: RunningMesh, curl: str, alice: httpx.Client, store: Store
) -> None:
    assert isinstance(alice.auth, Login)
    body = json.dumps(order_of((store.product(berlin=3), 1)))

    placed = _curl(
        curl,
        f"{running_mesh.url}/v1/orders",
        *("-H", f"Authorization: Bearer {alice.auth.token()}"),
        *("-H", "Content-Type: application/json"),
        *("-d", body),
    )

    assert placed["order"]["state"] == "ORDER_STATE_CONFIRMED"
    assert _curl(curl, f"{running_mesh.url}/v1/stock/MUG-RED")["stock"]["sku"] == "MUG-RED"
    assert _curl(curl, f"{running_mesh.url}/v1/products?query=mug")["products"]


def test_curl_follows_stock_as_it_changes(running_mesh: RunningMesh, curl: str, store: Store) -> None:
    sku = store.product(berlin=3)
    url = f"{running_mesh.url}/v1/stock:watch?skus={sku}"
    with subprocess.Popen((curl, "-sN", "-m", "20", url), stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        lines = (line for line in running.stdout if line.strip())
        assert '"available":3' in next(lines)
        store.adjust(sku, warehouse="berlin", delta=4)
        assert '"available":7' in next(lines)
        running.terminate()


def _curl(curl: str, url: str, *options: str) -> JSON:
    return dict(json.loads(_output(curl, "-sS", "-m", "20", *options, url)))


def _output(program: str, *arguments: str) -> str:
    done = subprocess.run((program, *arguments), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{program} {arguments}: {done.stdout}{done.stderr}"
    return done.stdout
