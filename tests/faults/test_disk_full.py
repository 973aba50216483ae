"""A disk that is full stops writes, says so, and loses nothing; once there is room they go on."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.ordering import MUG, Customers
from tests.faults.shoppers import order_of
from tests.support.running_mesh import RunningMesh, free_port_offset, up
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(300)

_SIZE = "64m"
_BLOCK = bytes(64 * 1024)
_AS_ROOT = () if os.geteuid() == 0 else ("sudo", "-n")
_WRITES_AGAIN_SECONDS = 10


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[RunningMesh]:
    """A mesh whose home is a small disk."""
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run(
        (*_AS_ROOT, "mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=0777", "tmpfs", home), check=True
    )
    try:
        with up(home, free_port_offset()) as running:
            yield running
    finally:
        subprocess.run((*_AS_ROOT, "umount", home), check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no room on a disk, to the last byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for block in (_BLOCK, b"\0"):
            with suppress(OSError):
                while True:
                    file.write(block)
    assert os.statvfs(disk).f_bavail == 0
    try:
        yield
    finally:
        filler.unlink()


def place(shop: httpx.Client, request_id: str) -> httpx.Response:
    return shop.post("/v1/orders", json=order_of(request_id, {MUG: 1}))


def reason(answer: httpx.Response) -> Any:
    return answer.json()["details"][0].get("reason")


def test_a_full_disk_refuses_writes_answers_reads_and_loses_nothing(mesh: RunningMesh) -> None:
    customers = Customers(mesh, "alice")
    before = customers.order("before")
    with mesh.http(mesh.token("alice")) as shop:
        with full(mesh.home):
            refused = [place(shop, f"full-{number}") for number in range(5)]
            read = [shop.get(path) for path in (f"/v1/orders/{before}", "/v1/products", f"/v1/stock/{MUG}")]

        assert {(answer.status_code, reason(answer)) for answer in refused} == {(503, "STORE_UNAVAILABLE")}
        assert {answer.status_code for answer in read} == {200}
        until(lambda: place(shop, "after").status_code == 200, "orders go on", seconds=_WRITES_AGAIN_SECONDS)
    customers.order("afterwards")
    customers.settle()
    assert all(part["state"] == "ready" for part in mesh.parts().values())
