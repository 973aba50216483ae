"""Asks the parts of a mesh whether they are ready."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import grpc

from mesh.client.direct import DIRECT
from mesh.client.page import get_page
from mesh.launcher.backends import Backends
from mesh.launcher.parts import BACKEND_SCHEME

_PATIENCE_SECONDS = 1.0
_DEPENDENCY_UP = "shopmesh_dependency_up"
"""The metric of `mesh.server.health`."""
_UNSENT, _OLDEST = "shopmesh_mails_unsent", "shopmesh_mails_oldest_unsent_timestamp_seconds"
"""The metrics of the notification service."""
_REFUSALS = "shopmesh_wms_shelf_refusals"
"""The metric of the inventory service."""
_PARTLY_SHIPPED = "shopmesh_orders_partly_shipped_long"
"""The metric of the order service."""
# grpc.health.v1 by its bytes: its messages take longer to load than all services to ask.
_CHECK = "/grpc.health.v1.Health/Check"
_OF_ALL = b""
_SERVING = b"\x08\x01"
_FRESH = (("grpc.use_local_subchannel_pool", 1), DIRECT)
"""Else channels share connections, and with them the ever longer pauses after those that were refused."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a service's metrics say.

    Attributes:
        dependencies: What it depends on, and whether that works.
        waiting_mails: How many mails no provider takes.
        oldest_waiting: Since when the oldest of them waits, in Unix time; 0: none does.
        refusing_shelves: How many shelves take nothing of the warehouse system any more.
        partly_shipped: How many orders wait for their last parcel for more than a week.
    """

    dependencies: Mapping[str, bool] = field(default_factory=dict)
    waiting_mails: int = 0
    oldest_waiting: float = 0.0
    refusing_shelves: int = 0
    partly_shipped: int = 0


EMPTY = Report()
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Readiness:
    """Asks once per call; no answer within a second, of a backend within a few, means: not ready."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def is_ready(self, ready_url: str) -> bool:
        """Ask a part: `grpc://…` by grpc.health.v1, `http://…` by a GET, `backend://name` its backend."""
        where = urlsplit(ready_url)
        match where.scheme:
            case "grpc":
                return await _serves(where.netloc)
            case scheme if scheme == BACKEND_SCHEME:
                return await self._backends.initialize(where.netloc)
            case _:
                return await _got(ready_url) is not None

    async def unreached(self, admin_url: str) -> tuple[str, ...]:
        """Ask an Envoy which of its clusters fail their health checks."""
        answer = await _got(urljoin(admin_url, "/clusters?format=json"))
        if answer is None:
            return ("any service",)
        return tuple(
            cluster["name"]
            for cluster in json.loads(answer)["cluster_statuses"]
            for host in cluster.get("host_statuses", ())
            if host["health_status"].get("failed_active_health_check")
        )

    async def report(self, metrics_url: str) -> Report:
        """Ask a service what it depends on and what waits there; empty when it does not answer."""
        answer = await _got(metrics_url) if metrics_url else None
        if answer is None:
            return EMPTY
        return Report(
            dependencies={labels["name"]: value == 1 for labels, value in _samples(answer, _DEPENDENCY_UP)},
            waiting_mails=sum(int(count) for count in _of_waiting(answer, _UNSENT)),
            oldest_waiting=min(_of_waiting(answer, _OLDEST), default=0.0),
            refusing_shelves=sum(int(count) for _, count in _samples(answer, _REFUSALS)),
            partly_shipped=sum(int(count) for _, count in _samples(answer, _PARTLY_SHIPPED)),
        )


async def _got(url: str) -> str | None:
    return await get_page(url, timeout_seconds=_PATIENCE_SECONDS)


def _of_waiting(metrics: str, name: str) -> Iterator[float]:
    return (value for labels, value in _samples(metrics, name) if labels["state"] == "WAITING")


def _samples(metrics: str, name: str) -> Iterator[tuple[Mapping[str, str], float]]:
    # By hand: the library's parser takes longer to import than all services to ask.
    for labels, value in re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", metrics, re.MULTILINE):
        yield dict(_LABEL.findall(labels)), float(value)


async def _serves(address: str) -> bool:
    async with grpc.aio.insecure_channel(address, options=_FRESH) as channel:
        check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_CHECK)
        try:
            answer = await check(_OF_ALL, timeout=_PATIENCE_SECONDS)
        except grpc.aio.AioRpcError:
            return False
    return answer == _SERVING
