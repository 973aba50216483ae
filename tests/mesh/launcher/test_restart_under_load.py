"""A service with two workers is restarted while it is called, on a mesh of its own."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.running_mesh import RunningMesh, up

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

_QUOTE = {"lines": [{"sku": "MUG-RED", "quantity": 1}]}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    with up(tmp_path_factory.mktemp("two") / "home", "--workers", "2") as mesh:
        yield mesh


def called(mesh: RunningMesh, request: httpx.Request, over: threading.Event) -> Counter[int]:
    """Repeat a request until it is over; return how often each status was answered."""
    statuses: Counter[int] = Counter()
    with mesh.http() as shop:
        while not over.is_set():
            statuses[shop.send(request).status_code] += 1
            over.wait(0.01)
    return statuses


def test_no_call_fails_while_the_workers_of_a_service_are_restarted(mesh: RunningMesh) -> None:
    before, over = mesh.parts(), threading.Event()
    requests = (
        httpx.Request("GET", f"{mesh.url}/v1/products"),
        httpx.Request("GET", f"{mesh.url}/v1/stock/MUG-RED"),
        # Order asks inventory, by its own channel.
        httpx.Request("POST", f"{mesh.url}/v1/orders:quote", json=_QUOTE),
    )
    with ThreadPoolExecutor(len(requests)) as threads:
        calling = [threads.submit(called, mesh, request, over) for request in requests]
        try:
            said = mesh.run("restart", "inventory", "order").stdout
        finally:
            over.set()

    after = mesh.parts()
    restarted = ["inventory", "inventory-1", "order", "order-1"]
    assert [line.split()[1] for line in said.splitlines()] == restarted
    assert sorted(name for name in before if before[name]["pid"] != after[name]["pid"]) == restarted
    assert [set(each.result()) for each in calling] == [{200}] * len(requests)
