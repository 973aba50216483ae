"""What is written for other processes reads back as it was."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mesh.launcher.errors import LaunchError
from mesh.launcher.host.processes import ProcessId
from mesh.launcher.parts import Part, Plan
from mesh.launcher.state import MeshState, PartState, copied_from


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


def test_state_is_there_while_it_is_written_again_and_again(tmp_path: Path) -> None:
    state = started_in(tmp_path / "home")
    done = threading.Event()

    def write_until_done() -> None:
        while not done.is_set():
            state.write(tmp_path / "home")

    with ThreadPoolExecutor(1) as writer:
        writer.submit(write_until_done)
        seen = [MeshState.read(tmp_path / "home") for _ in range(1000)]
        done.set()

    assert seen == [state] * 1000


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


def started_in(home: Path) -> MeshState:
    """The state that a supervisor wrote there."""
    (home / "run").mkdir(parents=True)
    state = MeshState("embedded", 1, 0, ProcessId(10, "boot:0"), ())
    state.write(home)
    return state


def test_a_copy_of_a_home_has_no_mesh_and_names_the_original(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    state = started_in(original)
    shutil.copytree(original, copy)

    assert MeshState.read(copy) is None
    assert copied_from(copy) == original
    assert MeshState.read(original) == state
    assert copied_from(original) is None


def test_a_home_that_was_moved_or_is_reached_by_a_link_keeps_its_mesh(tmp_path: Path) -> None:
    state = started_in(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    (tmp_path / "link").symlink_to(tmp_path / "after")

    for home in (tmp_path / "after", tmp_path / "link"):
        assert MeshState.read(home) == state
        assert copied_from(home) is None
