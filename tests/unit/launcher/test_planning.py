"""The plan of a mesh."""

from pathlib import Path

from mesh.launcher.planning import plan_mesh
from mesh.settings import MAX_WORKERS, MeshSettings
from mesh.topology import SERVICES


def test_each_service_runs_as_often_as_there_are_workers() -> None:
    plan = plan_mesh(MeshSettings(home=Path("/mesh"), workers=2))

    names = [part.name for part in plan.parts]
    assert names == [*(each for name in SERVICES for each in (name, f"{name}-1")), "envoy"]


def test_no_two_parts_share_a_port() -> None:
    plan = plan_mesh(MeshSettings(home=Path("/mesh"), workers=MAX_WORKERS))

    ports = [port for part in plan.parts for port in part.ports]
    assert len(ports) == len(set(ports))


def test_the_offset_moves_every_port() -> None:
    here = plan_mesh(MeshSettings(home=Path("/mesh")))
    there = plan_mesh(MeshSettings(home=Path("/mesh"), port_offset=5000))

    moved = [tuple(port + 5000 for port in part.ports) for part in here.parts]
    assert [part.ports for part in there.parts] == moved


def test_no_secret_is_part_of_the_plan() -> None:
    plan = plan_mesh(MeshSettings(home=Path("/mesh"), edge_secret="hush"))

    assert "hush" not in plan.to_json()


def test_the_front_door_stops_after_the_services() -> None:
    layers = {part.name: part.layer for part in plan_mesh(MeshSettings(home=Path("/mesh"))).parts}

    assert all(layers["envoy"] > layers[name] for name in SERVICES)
