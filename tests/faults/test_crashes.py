"""Processes die at the worst moments; no acknowledged order is lost, doubled or stuck."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.ordering import Customers
from tests.faults.products import make_lasting_product
from tests.faults.scenarios import all_ready
from tests.faults.stores import Stores
from tests.support.running_mesh import RunningMesh, up
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(300)

SERVICES = ("user", "order", "inventory", "notification")
DIES_AT = {
    "order_placed": "order",
    "stock_reserved": "order",
    "reservation_committed": "order",
    "order_confirmed": "order",
    "event_published": "order",
    "effect_done": "notification",
}


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    with up(tmp_path_factory.mktemp("workers") / "home", "--workers", "2") as mesh:
        yield mesh


def restarts(mesh: RunningMesh, service: str) -> int:
    return sum(part["restarts"] for name, part in mesh.parts().items() if name.startswith(service))


def test_fifty_parallel_calls_over_two_workers_make_one_order_one_reservation_one_mail(
    mesh: RunningMesh, stores: Stores
) -> None:
    customers = Customers(mesh, "bob")
    mails = len(stores.mails())

    with ThreadPoolExecutor(50) as pool:
        answered = set(pool.map(customers.order, ["the-same"] * 50))

    assert answered == customers.answered.orders.keys()
    assert len(answered) == 1
    customers.wait_until_quiet()
    (order_id,) = answered
    assert stores.rows("inventory", "SELECT order_id FROM reservations").count((order_id,)) == 1
    assert len(stores.mails()) == mails + 1


@pytest.mark.long
def test_a_loop_of_orders_survives_the_death_of_each_service(two_workers: RunningMesh) -> None:
    customers = Customers(two_workers, "alice")
    make_lasting_product(two_workers)

    for service in SERVICES:
        part = two_workers.parts()[service]
        before = restarts(two_workers, service)
        with customers.keep_ordering(f"kill-{service}"):
            os.kill(part["pid"], signal.SIGKILL)
            until(lambda: restarts(two_workers, service) > before, f"{service} is started again")  # noqa: B023
            until(lambda: all_ready(two_workers), "all parts are ready again")

    customers.wait_until_quiet()
    assert len(customers.answered.orders) > len(SERVICES)


@pytest.mark.long
@pytest.mark.parametrize("failpoint", DIES_AT)
def test_a_death_right_after_each_step_is_made_good(failpoint: str, tmp_path: Path) -> None:
    with up(tmp_path / "home", FAILPOINT=failpoint) as mesh:
        customers = Customers(mesh, "alice")
        for number in range(3):
            customers.order(f"{failpoint}-{number}")

        until(
            lambda: restarts(mesh, DIES_AT[failpoint]) > 0, f"{DIES_AT[failpoint]} dies and is started again"
        )
        until(lambda: all_ready(mesh), "all parts are ready again")
        customers.order(f"{failpoint}-afterwards")
        customers.wait_until_quiet()

        assert customers.answered.orders
