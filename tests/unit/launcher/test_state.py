"""What is written for other processes reads back as it was."""

from pathlib import Path

import pytest

from mesh.launcher.errors import LaunchError
from mesh.launcher.parts import Part, Plan
from mesh.launcher.processes import ProcessId
from mesh.launcher.state import MeshState, PartState


def test_a_plan_survives_its_way_to_the_supervisor() -> None:
    part = Part("order", ("/bin/true", "-v"), (50052, 51052), "grpc://127.0.0.1:50052", {"A": "b"}, layer=1)
    plan = Plan(home=Path("/home/mesh"), profile="embedded", workers=2, port_offset=7, parts=(part,))

    assert Plan.from_json(plan.to_json()) == plan


def test_state_reads_back_as_written(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    running = PartState("order", (50052,), "grpc://127.0.0.1:50052", ProcessId(11, "boot:1"), 2, -9)
    waiting = PartState("user", (50051,), "grpc://127.0.0.1:50051")
    state = MeshState("embedded", 1, 0, ProcessId(10, "boot:0"), (running, waiting))

    state.write(tmp_path)

    assert MeshState.read(tmp_path) == state


def test_there_is_no_state_before_the_first_start(tmp_path: Path) -> None:
    assert MeshState.read(tmp_path) is None


def test_state_of_an_incompatible_version_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text('{"profile": "embedded"}')

    with pytest.raises(LaunchError) as refused:
        MeshState.read(tmp_path)

    assert "another version" in refused.value.message
    assert "remove the file" in refused.value.remedy


def test_state_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()

    MeshState("embedded", 1, 0, ProcessId(10, "boot:0"), ()).write(tmp_path)

    assert (tmp_path / "run" / "state.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["state.json"]
