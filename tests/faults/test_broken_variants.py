"""A checker that never failed proves nothing: it names what each deliberately broken mesh violates."""

import sys
from pathlib import Path
from uuid import uuid4

import pytest

from mesh.backends.running import Server
from tests.faults.at_rest import require_none
from tests.faults.checker import report, violated
from tests.faults.scenarios import DRIVES, SCENARIOS, played, up_with_failpoints
from tests.support.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(900)

_USUAL = "publish_before_append"


def test_the_shipped_mesh_violates_nothing_in_any_scenario(mesh: RunningMesh) -> None:
    require_none(played(mesh, *DRIVES))


@pytest.mark.parametrize(
    "variant", [pytest.param(name, marks=pytest.mark.long if name != _USUAL else ()) for name in SCENARIOS]
)
def test_the_checker_names_what_a_broken_variant_violates(
    variant: str, tmp_path: Path, mariadb: Server
) -> None:
    scenario = SCENARIOS[variant]
    arguments = ("--profile", "real", "--workers", str(scenario.workers))
    program = (sys.executable, "-m", "tests.faults.broken.up", variant)
    databases = f"{mariadb.url.rstrip('/')}/shopmesh_{uuid4().hex[:12]}"

    with up_with_failpoints(
        tmp_path / "home", scenario.failpoint, *arguments, program=program, SHOPMESH_MYSQL_URL=databases
    ) as mesh:
        found = played(mesh, scenario.drive, expected=scenario.invariants)

    assert violated(found) >= scenario.invariants, report(found)
