"""Asks the parts of a mesh whether they are ready."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urljoin, urlsplit

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from mesh.client.direct import DIRECT, http_client
from mesh.launcher.backends import Backends
from mesh.launcher.parts import BACKEND_SCHEME

_PATIENCE_SECONDS = 1.0
_DEPENDENCY_UP = "shopmesh_dependency_up"
"""The metric of `mesh.server.health`."""
_UNSENT, _OLDEST = "shopmesh_mails_unsent", "shopmesh_mails_oldest_unsent_timestamp_seconds"
"""The metrics of the notification service."""
_FRESH = (("grpc.use_local_subchannel_pool", 1), DIRECT)
"""Else channels share connections, and with them the ever longer pauses after those that were refused."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a service's metrics say.

    Attributes:
        dependencies: What it depends on, and whether that works.
        waiting_mails: How many mails no provider takes.
        oldest_waiting: Since when the oldest of them waits, in Unix time; 0: none does.
    """

    dependencies: Mapping[str, bool] = field(default_factory=dict)
    waiting_mails: int = 0
    oldest_waiting: float = 0.0


EMPTY = Report()


class Readiness:
    """Asks once per call; no answer within a second, of a backend within a few, means: not ready."""

    def __init__(self, http: httpx.AsyncClient, backends: Backends) -> None:
        self._http = http
        self._backends = backends

    @classmethod
    @asynccontextmanager
    async def opened(cls, backends: Backends) -> AsyncIterator[Self]:
        async with http_client(timeout=_PATIENCE_SECONDS) as http:
            yield cls(http, backends)

    async def is_ready(self, ready_url: str) -> bool:
        """Ask a part: `grpc://…` by grpc.health.v1, `http://…` by a GET, `backend://name` its backend."""
        where = urlsplit(ready_url)
        match where.scheme:
            case "grpc":
                return await _serves(where.netloc)
            case scheme if scheme == BACKEND_SCHEME:
                return await self._backends.initialize(where.netloc)
            case _:
                return await self._get(ready_url) is not None

    async def unreached(self, admin_url: str) -> tuple[str, ...]:
        """Ask an Envoy which of its clusters fail their health checks."""
        answer = await self._get(urljoin(admin_url, "/clusters?format=json"))
        if answer is None:
            return ("any service",)
        return tuple(
            cluster["name"]
            for cluster in answer.json()["cluster_statuses"]
            for host in cluster.get("host_statuses", ())
            if host["health_status"].get("failed_active_health_check")
        )

    async def report(self, metrics_url: str) -> Report:
        """Ask a service what it depends on and what waits there; empty when it does not answer."""
        answer = await self._get(metrics_url) if metrics_url else None
        if answer is None:
            return EMPTY
        samples = [each for family in text_string_to_metric_families(answer.text) for each in family.samples]
        return Report(
            dependencies={
                each.labels["name"]: each.value == 1 for each in samples if each.name == _DEPENDENCY_UP
            },
            waiting_mails=sum(int(each.value) for each in samples if _is_waiting(each, _UNSENT)),
            oldest_waiting=min((each.value for each in samples if _is_waiting(each, _OLDEST)), default=0.0),
        )

    async def _get(self, url: str) -> httpx.Response | None:
        try:
            answer = await self._http.get(url)
        except httpx.TransportError:
            return None
        return answer if answer.status_code == httpx.codes.OK else None


def _is_waiting(sample: Sample, name: str) -> bool:
    return sample.name == name and sample.labels["state"] == "WAITING"


async def _serves(address: str) -> bool:
    async with grpc.aio.insecure_channel(address, options=_FRESH) as channel:
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=_PATIENCE_SECONDS
            )
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
