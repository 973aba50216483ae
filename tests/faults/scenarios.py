"""What callers do to a mesh that may be broken, and which invariants a broken one violates then."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.faults.at_rest import violations_at_rest
from tests.faults.checker import Violations
from tests.faults.ordering import Customers
from tests.faults.products import make_product
from tests.faults.stores import KAFKA, Stores
from tests.faults.stores_kafka import is_consumed_in_kafka, publish_again_in_kafka
from tests.support.running_mesh import SHOPMESH, RunningMesh, up
from tests.support.waiting import until

_AT_ONCE = 24
_SCARCE = "FAULT-FOUGHT-FOR"
_PIECES = 10
_IN_PARTS = "FAULT-IN-PARTS"
_RESTORED = "FAULT-RESTORED"
_SETTLED_SECONDS = 240.0
_FAILPOINT = "FAILPOINT"

Drive = Callable[[RunningMesh, Customers], None]


def a_few_orders(mesh: RunningMesh, customers: Customers) -> None:
    """One after the other, while the failpoint is met and after it."""
    for number in range(3):
        customers.order(f"few-{number}")
    until(lambda: any(part["restarts"] for part in mesh.parts().values()), "a process dies", seconds=120)
    until(lambda: all_ready(mesh), "all parts are ready again", seconds=240)
    customers.order("afterwards")


def every_event_again(mesh: RunningMesh, customers: Customers) -> None:
    """All that was published comes twice."""
    stores = Stores(mesh.home, mesh.variables)
    orders, numbers = set[str](), count()

    def three_are_taken() -> bool:
        if order_id := customers.order(f"again-{next(numbers)}"):
            orders.add(order_id)
        return len(orders) == 3

    # None may be, while the processes that die with the first event are started again.
    until(three_are_taken, "three orders are taken", seconds=120)
    until(
        lambda: {event.order_id for event in stores.published() if event.version == 2} >= orders,
        "everything is published",
        seconds=120,
    )
    broker = stores.url(KAFKA) or ""
    publish_again_in_kafka(broker)
    until(lambda: is_consumed_in_kafka(broker, "notification"), "everything is consumed", seconds=240)


def the_same_at_once(_mesh: RunningMesh, customers: Customers) -> None:
    """The same requests, each from many callers at the same time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for request in ("breakfast", "lunch", "dinner"):
            list(pool.map(customers.order, [request] * _AT_ONCE))


def the_last_pieces_at_once(mesh: RunningMesh, customers: Customers) -> None:
    """More orders at the same time than there are pieces."""
    make_product(mesh, mesh.token("admin"), _SCARCE, pieces=_PIECES)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda number: customers.order(f"last-{number}", _SCARCE), range(6 * _PIECES)))


def an_order_in_parcels(mesh: RunningMesh, customers: Customers) -> None:
    """Of two orders a piece leaves; then the rest of one is cancelled, and that of the other leaves too."""
    make_product(mesh, mesh.token("admin"), _IN_PARTS, pieces=_PIECES)
    cancelled, shipped = (customers.order(f"in-parts-{name}", _IN_PARTS, quantity=3) for name in ("a", "b"))
    with mesh.http(mesh.token("admin")) as staff, mesh.http(mesh.token("alice")) as alice:
        for order_id in (cancelled, shipped):
            _ship_one(staff, order_id)
        alice.post(f"/v1/orders/{cancelled}:cancel", json={}).raise_for_status()
        staff.post(f"/v1/orders/{shipped}:ship", json={}).raise_for_status()


def _ship_one(staff: httpx.Client, order_id: str) -> None:
    parcel = {"shipmentId": "parcel-1", "lines": [{"sku": _IN_PARTS, "quantity": 1}]}
    until(lambda: _is_taken(staff.post(f"/v1/orders/{order_id}:ship", json=parcel)), "a parcel leaves")


def a_feed_that_starts_again(mesh: RunningMesh, _customers: Customers) -> None:
    """A warehouse is restored, and an update that it sent before comes late."""
    make_product(mesh, mesh.token("admin"), _RESTORED, pieces=_PIECES)
    shelf = {"sku": _RESTORED, "warehouse": "berlin"}
    with mesh.http(mesh.client_token("wms")) as wms:
        _push(wms, shelf | {"sequence": "1", "epoch": 1, "count": {"onHand": 20}})
        started = wms.post(
            "/v1/wms/feeds/berlin:start", json={"requestId": str(uuid4()), "reason": "restored"}
        )
        epoch = started.raise_for_status().json()["epoch"]
        _push(wms, shelf | {"sequence": "1", "epoch": epoch, "count": {"onHand": 20}})
        _push(wms, shelf | {"sequence": "2", "epoch": 1, "delta": {"quantity": 7}})


def _push(wms: httpx.Client, update: dict[str, Any]) -> None:
    wms.post("/v1/wms/stock-updates", json={"updates": [update]}).raise_for_status()


def _is_taken(answer: httpx.Response) -> bool:
    """Whether a parcel was recorded; right after the start not everybody may have announced to read of it."""
    assert answer.status_code in (httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE), answer.text
    return answer.status_code == httpx.codes.OK


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to a mesh, the broken one and the shipped one.

    Attributes:
        drive: What callers do.
        invariants: What a broken mesh violates.
        failpoint: Where processes die, once each.
        workers: Processes per service.
    """

    drive: Drive
    invariants: frozenset[str]
    failpoint: str = ""
    workers: int = 1


SCENARIOS = {
    "no_inbox": Scenario(every_event_again, frozenset({"I10"})),
    "offset_before_effect": Scenario(a_few_orders, frozenset({"I10"}), failpoint="effect_done"),
    "publish_before_append": Scenario(a_few_orders, frozenset({"I7"}), failpoint="event_published"),
    "no_unique_index": Scenario(the_same_at_once, frozenset({"I2", "I4"}), workers=2),
    "plain_update": Scenario(the_last_pieces_at_once, frozenset({"I3", "I9"}), workers=2),
    "parts_as_a_whole": Scenario(an_order_in_parcels, frozenset({"I2"})),
    "epochs_ignored": Scenario(a_feed_that_starts_again, frozenset({"I9"})),
}
"""By the name of the broken variant in `tests/faults/broken`."""
FAILPOINTS = ",".join(sorted({each.failpoint for each in SCENARIOS.values() if each.failpoint}))
DRIVES = tuple(dict.fromkeys(each.drive for each in SCENARIOS.values()))


@contextmanager
def up_with_failpoints(
    home: Path, failpoints: str, *arguments: str, program: tuple[str, ...] = (str(SHOPMESH),), **settings: str
) -> Iterator[RunningMesh]:
    """Bring a mesh up whose processes die at failpoints; commands on it later do not."""
    given = {_FAILPOINT: failpoints} if failpoints else {}
    with up(home, *arguments, program=program, **settings, **given) as mesh:
        variables = {name: value for name, value in mesh.variables.items() if name != _FAILPOINT}
        yield replace(mesh, variables=variables)


def played(mesh: RunningMesh, *drives: Drive, expected: frozenset[str] = frozenset()) -> Violations:
    """What is wrong at rest, after all that was done."""
    customers = Customers(mesh, "alice")
    for drive in drives:
        drive(mesh, customers)
    return violations_at_rest(
        Stores(mesh.home, mesh.variables),
        lambda: customers.answered,
        seconds=_SETTLED_SECONDS,
        expected=expected,
    )


def all_ready(mesh: RunningMesh) -> bool:
    return all(part["state"] == "ready" for part in mesh.parts().values())
