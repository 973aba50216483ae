"""A disk that is full stops writes, says so, and loses nothing; once there is room they go on."""

import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.ordering import MUG, Customers
from tests.faults.shoppers import order_of
from tests.support.running_mesh import RunningMesh, up
from tests.support.waiting import until

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]

_SIZE = "64m"
_BLOCK = bytes(64 * 1024)
_AS_ROOT = () if os.geteuid() == 0 else ("sudo", "-n")
_WRITES_AGAIN_SECONDS = 10
_REFUSED = (503, "STORE_UNAVAILABLE")
_REFUSALS = 5


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[RunningMesh]:
    """A mesh whose home is a small disk."""
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run(
        (*_AS_ROOT, "mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=0777", "tmpfs", home), check=True
    )
    try:
        with up(home) as running:
            yield running
    finally:
        subprocess.run((*_AS_ROOT, "umount", home), check=True)


@contextmanager
def full(disk: Path) -> Iterator[Callable[[], None]]:
    """Leave no room on a disk, to the last byte; call what this yields to fill up what was given back."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:

        def fill() -> None:
            for block in (_BLOCK, b"\0"):
                with suppress(OSError):
                    while True:
                        file.write(block)

        fill()
        assert os.statvfs(disk).f_bavail == 0
        try:
            yield fill
        finally:
            filler.unlink()


def place(shop: httpx.Client, request_id: str) -> httpx.Response:
    return shop.post("/v1/orders", json=order_of(request_id, {MUG: 1}))


def outcome(answer: httpx.Response) -> tuple[int, Any]:
    """The status and, of a refusal, its reason."""
    refusals = answer.json().get("details")
    return answer.status_code, refusals[0].get("reason") if refusals else None


def test_a_full_disk_refuses_writes_answers_reads_and_loses_nothing(mesh: RunningMesh) -> None:
    customers = Customers(mesh, "alice")
    before = customers.order("before")
    outcomes, taken = Counter[tuple[int, Any]](), list[str]()
    with mesh.http(mesh.token("alice")) as shop:
        with full(mesh.home) as fill:

            def is_refused() -> bool:
                # A log that was emptied meanwhile, or has room of its own left, may take another order.
                fill()
                answer = place(shop, f"full-{outcomes.total()}")
                outcomes[outcome(answer)] += 1
                if answer.status_code == 200:
                    taken.append(answer.json()["order"]["orderId"])
                return outcomes[_REFUSED] >= _REFUSALS

            until(is_refused, f"{_REFUSALS} orders are refused", seconds=60)
            read = [shop.get(path) for path in (f"/v1/orders/{before}", "/v1/products", f"/v1/stock/{MUG}")]

        assert outcomes.keys() <= {_REFUSED, (200, None)}
        assert {answer.status_code for answer in read} == {200}
        until(lambda: place(shop, "after").status_code == 200, "orders go on", seconds=_WRITES_AGAIN_SECONDS)
        assert all(shop.get(f"/v1/orders/{order_id}").status_code == 200 for order_id in taken)
    customers.order("afterwards")
    customers.wait_until_quiet()
    assert all(part["state"] == "ready" for part in mesh.parts().values())
