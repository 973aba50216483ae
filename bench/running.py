"""A whole mesh for measuring: the shipped command line, one service on the measured core, the rest beside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench.cores import DRIVER, MEASURED, pin
from bench.instance import SPAN_RATIO
from bench.processes import Process
from bench.shop import make_shop
from mesh.sql import sqlite_url
from mesh.topology import SERVICES
from tests.support.running_mesh import RunningMesh, up


@dataclass(frozen=True, slots=True)
class MeasuredMesh:
    """A mesh that is up, its processes on their cores.

    Attributes:
        mesh: The mesh.
        service: The service on the measured core.
        others: The other services.
    """

    mesh: RunningMesh
    service: Process
    others: tuple[Process, ...]

    def calls(self, service: str) -> dict[str, int]:
        """How many calls a service has answered so far, by the method's name; from its own counters.

        What was not answered with OK has its code behind the name.
        """
        text = httpx.get(self.mesh.metrics(service), trust_env=False).text
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return {
            _name(sample.labels["method"], sample.labels["code"]): int(sample.value)
            for sample in samples
            if sample.name == "shopmesh_calls_total"
        }


@asynccontextmanager
async def measured_mesh(home: Path, measured: str, *, skus: int) -> AsyncIterator[MeasuredMesh]:
    """Bring a mesh up over a shop with so many SKUs."""
    await make_shop(sqlite_url(home / "embedded" / "inventory.db"), skus)
    with up(home, OTEL_TRACES_SAMPLER_ARG=SPAN_RATIO) as mesh:
        pids = {name: int(part["pid"]) for name, part in mesh.parts().items() if part["pid"]}
        for name, pid in pids.items():
            pin(pid, MEASURED if name == measured else DRIVER)
        others = tuple(Process(pids[name]) for name in SERVICES if name != measured)
        yield MeasuredMesh(mesh, Process(pids[measured]), others)


def _name(method: str, code: str) -> str:
    name = method.rpartition("/")[2]
    return name if code == "OK" else f"{name} {code}"
