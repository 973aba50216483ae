"""A service's clock is an hour wrong for a while; nothing is lost, doubled or stuck, and then all goes on."""

import os
import signal
from pathlib import Path

import pytest

from mesh.topology import SERVICES
from tests.faults.clocked import Clocks
from tests.faults.ordering import Customers
from tests.faults.products import make_lasting_product
from tests.support.running_mesh import RunningMesh, up
from tests.support.waiting import until

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]

_ATTEMPTS = 6
_WRITES_AGAIN_SECONDS = 10


def die(mesh: RunningMesh, service: str) -> None:
    """End a service and wait for the next one: its leases stay behind, dated by its clock."""
    before = mesh.parts()[service]
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: _is_back(mesh, service, before["restarts"]), f"{service} is started again", seconds=60)


def _is_back(mesh: RunningMesh, service: str, restarts: int) -> bool:
    now = mesh.parts()[service]
    return bool(now["restarts"] > restarts and now["state"] == "ready")


def wrong_for_a_while(mesh: RunningMesh, clocks: Clocks, service: str, hours: int) -> Customers:
    """Set a service's clock wrong and right again while customers order; returns them."""
    customers = Customers(mesh, "alice")
    with customers.keep_ordering(f"{service}-wrong"):
        until(lambda: len(customers.answered.orders) >= _ATTEMPTS, "orders are taken")
        clocks.set_wrong(service, hours=hours)
        customers.keep_trying(_ATTEMPTS)
        die(mesh, service)
        customers.keep_trying(_ATTEMPTS)
        clocks.set_wrong(service, hours=0)
    taken = len(customers.answered.orders)
    with customers.keep_ordering(f"{service}-right"):
        until(
            lambda: len(customers.answered.orders) > taken,
            f"orders are taken again, by the right clock of {service}",
            seconds=_WRITES_AGAIN_SECONDS,
        )
    return customers


@pytest.mark.parametrize("hours", [1, -1])
def test_an_hour_that_a_service_is_wrong_for_a_while_loses_nothing(hours: int, tmp_path: Path) -> None:
    clocks = Clocks(tmp_path / "clocks")
    with up(tmp_path / "home", program=clocks.program) as mesh:
        make_lasting_product(mesh)
        for customers in [wrong_for_a_while(mesh, clocks, service, hours) for service in SERVICES]:
            customers.wait_until_quiet()
