"""One mesh on the real backends, for all fault tests that take what it holds as they find it."""

from collections.abc import Iterator

import pytest

from tests.faults.stores import Stores
from tests.support.ports import free_port_offset
from tests.support.running_mesh import RunningMesh, up

HOLD_SECONDS = 8


@pytest.fixture(scope="package")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    """Two workers, so two relays; holds end soon."""
    home = tmp_path_factory.mktemp("real-faults") / "home"
    settings = {"SHOPMESH_HOLD_SECONDS": str(HOLD_SECONDS)}
    with up(home, free_port_offset(), "--profile", "real", "--workers", "2", **settings) as mesh:
        yield mesh


@pytest.fixture
def stores(mesh: RunningMesh) -> Stores:
    return Stores(mesh.home, mesh.variables)
