"""One mesh on the real backends, for all fault tests that take what it holds as they find it."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults.ordering import Customers
from tests.faults.scenarios import FAILPOINTS, a_few_orders, all_ready, up_with_failpoints
from tests.faults.stores import Stores
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

HOLD_SECONDS = 8
_WITH_FAILPOINTS = ("order", "inventory", "notification")


@pytest.fixture(scope="package")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    """The shipped mesh with two workers, some of which have died at failpoints; holds end soon."""
    home = tmp_path_factory.mktemp("real-faults") / "home"
    arguments = ("--profile", "real", "--workers", "2")
    hold = str(HOLD_SECONDS)
    with up_with_failpoints(home, FAILPOINTS, *arguments, SHOPMESH_HOLD_SECONDS=hold) as mesh:
        a_few_orders(mesh, Customers(mesh, "alice"))
        _lose_failpoints(mesh)
        yield mesh


def _lose_failpoints(mesh: RunningMesh) -> None:
    """Restart the services that have not died yet: a process that is started again has no failpoint."""

    def not_restarted() -> list[int | None]:
        parts = mesh.parts().items()
        return [
            part["pid"] for name, part in parts if name.startswith(_WITH_FAILPOINTS) and not part["restarts"]
        ]

    for pid in not_restarted():
        # It may be about to be started again, or die right now.
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
    until(lambda: not not_restarted() and all_ready(mesh), "all services are started again", seconds=240)


@pytest.fixture
def stores(mesh: RunningMesh) -> Stores:
    return Stores(mesh.home, mesh.variables)
