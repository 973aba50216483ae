"""A mesh on servers of its own, brought up and down by the shipped command line."""

import os
import signal
from pathlib import Path

import pytest

from mesh.backends.known import place_backends
from mesh.topology import SERVICES
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(600)

BACKENDS = tuple(each.name for each in place_backends(Path()))


def test_every_backend_is_a_part_of_the_mesh_and_ready(mesh: RunningMesh) -> None:
    parts = mesh.parts()

    workers = {f"{service}{worker}" for service in SERVICES for worker in ("", "-1")}
    assert {*BACKENDS, *workers, "envoy"} == parts.keys()
    assert all(part["state"] == "ready" and part["pid"] for part in parts.values())


def test_a_second_up_shows_the_backends_and_their_urls(mesh: RunningMesh) -> None:
    shown = mesh.run("up", "--profile", "real").stdout

    assert "already up" in shown
    for name in BACKENDS:
        assert f"✓ {name}" in shown
    assert "SHOPMESH_REDIS_URL=redis://127.0.0.1:" in shown


def test_the_embedded_profile_is_refused_beside_it(mesh: RunningMesh) -> None:
    refused = mesh.run("up", check=False)

    assert refused.returncode == 1
    assert "The real profile is up here; embedded cannot start beside it." in refused.stderr
    assert "shopmesh down" in refused.stderr


def test_the_files_of_the_services_lie_beside_those_of_the_embedded_profile(mesh: RunningMesh) -> None:
    assert (mesh.home / "real").joinpath("order_inbox.db").exists()
    assert not (mesh.home / "embedded").exists()


@pytest.mark.parametrize("name", BACKENDS)
def test_a_killed_backend_comes_back(mesh: RunningMesh, name: str) -> None:
    before = mesh.parts()[name]

    os.kill(before["pid"], signal.SIGKILL)

    def is_back() -> bool:
        now = mesh.parts()[name]
        return bool(now["state"] == "ready" and now["pid"] != before["pid"])

    until(is_back, f"{name} is back", seconds=120)
    after = mesh.parts()[name]
    assert after["restarts"] == before["restarts"] + 1
    assert after["lastExit"] == -signal.SIGKILL


@pytest.mark.long
def test_down_leaves_no_process_and_state_survives(mesh: RunningMesh) -> None:
    running = {name: part["pid"] for name, part in mesh.parts().items()}

    stopped = mesh.run("down").stdout

    assert all(name in stopped for name in BACKENDS)
    assert not any(Path(f"/proc/{pid}").exists() for pid in running.values())
    # As it was: other tests have this mesh after this one.
    mesh.run("up", "--profile", "real", "--workers", "2")
    assert {part["state"] for part in mesh.parts().values()} == {"ready"}
    with mesh.http(mesh.token("alice")) as shop:
        assert shop.get("/v1/users/me").json()["user"]["email"] == "alice@example.com"
