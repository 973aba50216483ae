"""A checker that never failed proves nothing: it names what each deliberately broken mesh violates."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from mesh.backends.mariadb import MariadbBackend
from mesh.backends.running import Server
from tests.faults.checker import Violations, report, violated
from tests.faults.ordering import Customers
from tests.faults.products import make_product
from tests.faults.settling import require_none, settled
from tests.faults.stores import KAFKA, MYSQL, Stores
from tests.faults.stores_kafka import is_consumed_in_kafka, publish_again_in_kafka
from tests.support.ports import free_port_offset
from tests.support.real_servers import running_server
from tests.support.running_mesh import SHOPMESH, RunningMesh, up
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(600)

_AT_ONCE = 24
_SCARCE = "FAULT-FOUGHT-FOR"
_PIECES = 10
_SETTLED_SECONDS = 120.0


def a_few_orders(mesh: RunningMesh, customers: Customers) -> None:
    """One after the other, while the failpoint is met and after it."""
    for number in range(3):
        customers.order(f"few-{number}")
    until(lambda: any(part["restarts"] for part in mesh.parts().values()), "a process dies", seconds=60)
    until(lambda: _all_ready(mesh), "all parts are ready again", seconds=120)
    customers.order("afterwards")


def every_event_again(mesh: RunningMesh, customers: Customers) -> None:
    """All that was published comes twice."""
    stores = Stores(mesh.home, mesh.variables)
    orders, numbers = set[str](), count()

    def three_are_taken() -> bool:
        if order_id := customers.order(f"told-{next(numbers)}"):
            orders.add(order_id)
        return len(orders) == 3

    # None may be, while the processes that die with the first event are started again.
    until(three_are_taken, "three orders are taken", seconds=60)
    until(
        lambda: {event.order_id for event in stores.published() if event.version == 2} >= orders,
        "everything is published",
        seconds=60,
    )
    broker = stores.url(KAFKA) or ""
    publish_again_in_kafka(broker)
    until(lambda: is_consumed_in_kafka(broker, "notification"), "everything is consumed", seconds=120)


def the_same_at_once(mesh: RunningMesh, customers: Customers) -> None:
    """The same requests, each from many callers at the same time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for request in ("breakfast", "lunch", "dinner"):
            list(pool.map(customers.order, [request] * _AT_ONCE))


def the_last_pieces_at_once(mesh: RunningMesh, customers: Customers) -> None:
    """More orders at the same time than there are pieces."""
    make_product(mesh, mesh.token("admin"), _SCARCE, pieces=_PIECES)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda number: customers.order(f"last-{number}", _SCARCE), range(6 * _PIECES)))


Drive = Callable[[RunningMesh, Customers], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to a mesh, the broken one and the shipped one.

    Attributes:
        drive: What callers do.
        invariants: What a broken mesh violates.
        failpoint: Where processes die, once each; several between commas.
        workers: Processes per service.
    """

    drive: Drive
    invariants: frozenset[str] = frozenset()
    failpoint: str = ""
    workers: int = 1


SCENARIOS = {
    "no_inbox": Scenario(every_event_again, frozenset({"I10"})),
    "offset_before_effect": Scenario(a_few_orders, frozenset({"I10"}), failpoint="effect_done"),
    "publish_before_append": Scenario(a_few_orders, frozenset({"I7"}), failpoint="event_published"),
    "no_unique_index": Scenario(the_same_at_once, frozenset({"I2", "I4"}), workers=2),
    "plain_update": Scenario(the_last_pieces_at_once, frozenset({"I3", "I9"}), workers=2),
}


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(MariadbBackend(), tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.mark.parametrize("variant", SCENARIOS)
def test_the_checker_names_what_a_broken_variant_violates(
    variant: str, tmp_path: Path, mariadb: Server
) -> None:
    scenario = SCENARIOS[variant]

    program = (sys.executable, "-m", "tests.faults.broken.up", variant)
    with brought_up(scenario, tmp_path, mariadb, *program) as mesh:
        found = played(mesh, scenario.drive, expected=scenario.invariants)

    assert violated(found) >= scenario.invariants, report(found)


def test_the_shipped_mesh_violates_nothing_in_the_same_scenarios(tmp_path: Path, mariadb: Server) -> None:
    scenarios = SCENARIOS.values()
    failpoints = ",".join({each.failpoint for each in scenarios if each.failpoint})
    all_at_once = Scenario(
        a_few_orders, failpoint=failpoints, workers=max(each.workers for each in scenarios)
    )

    with brought_up(all_at_once, tmp_path, mariadb, str(SHOPMESH)) as mesh:
        require_none(played(mesh, *dict.fromkeys(each.drive for each in scenarios)))


@contextmanager
def brought_up(scenario: Scenario, folder: Path, mariadb: Server, *program: str) -> Iterator[RunningMesh]:
    """A mesh on real backends, with databases of its own."""
    settings = {MYSQL: f"{mariadb.url.rstrip('/')}/shopmesh_{uuid4().hex[:12]}"}
    if scenario.failpoint:
        settings["FAILPOINT"] = scenario.failpoint
    arguments = ("--profile", "real", "--workers", str(scenario.workers))
    with up(folder / "home", free_port_offset(), *arguments, program=program, **settings) as mesh:
        yield mesh


def played(mesh: RunningMesh, *drives: Drive, expected: frozenset[str] = frozenset()) -> Violations:
    """What is wrong at rest, after all that was done."""
    customers = Customers(mesh, "alice")
    for drive in drives:
        drive(mesh, customers)
    return settled(
        Stores(mesh.home, mesh.variables),
        lambda: customers.told,
        seconds=_SETTLED_SECONDS,
        expected=expected,
    )


def _all_ready(mesh: RunningMesh) -> bool:
    return all(part["state"] == "ready" for part in mesh.parts().values())
