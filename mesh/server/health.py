"""`grpc.health.v1` by the service's own probes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio
from prometheus_client import Gauge

from mesh.concurrency.cancellation import redeliver_cancellation

Probe = Callable[[], Awaitable[bool]]
"""Whether something a service needs works now; an exception means no."""

_WELL_SECONDS = 2.0
_BROKEN_SECONDS = 1.0
_PROBE_TIMEOUT_SECONDS = 1.0
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

DEPENDENCY_UP = Gauge("shopmesh_dependency_up", "1 while what a service depends on works.", ("name",))

_log = structlog.get_logger()


class Health:
    """Probes every two seconds, every second while something is broken, and answers health checks.

    The empty name and the service names are SERVING while every hard dependency
    works. A soft one has a name of its own and ejects nobody.
    """

    def __init__(self, *, names: Iterable[str], hard: Mapping[str, Probe], soft: Mapping[str, Probe]) -> None:
        self.servicer = aio.HealthServicer()
        self._names = ("", *names)
        self._hard = hard
        self._soft = soft
        self._draining = False
        self._shown: dict[str, bool] = {}
        self._reported: dict[str, bool] = {}

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            async with redeliver_cancellation():
                await self.refresh()
            is_well = all(self._shown.values())
            await asyncio.sleep(_WELL_SECONDS if is_well else _BROKEN_SECONDS)

    async def refresh(self) -> None:
        """Probe everything once."""
        hard = {name: await _works(probe) for name, probe in self._hard.items()}
        soft = {name: await _works(probe) for name, probe in self._soft.items()}
        for name, works in {**hard, **soft}.items():
            self._show(name, works)
        ready = all(hard.values()) and not self._draining
        for name, works in {**dict.fromkeys(self._names, ready), **soft}.items():
            await self._report(name, works)

    async def drain(self) -> None:
        """Answer NOT_SERVING from now on."""
        self._draining = True
        await self.servicer.enter_graceful_shutdown()

    def _show(self, name: str, works: bool) -> None:
        if self._shown.get(name) is not works:
            self._shown[name] = works
            DEPENDENCY_UP.labels(name).set(works)

    async def _report(self, name: str, works: bool) -> None:
        if self._reported.get(name) is not works:
            self._reported[name] = works
            _log.info("health", name=name, serving=works)
            await self.servicer.set(name, _SERVING if works else _NOT_SERVING)


async def _works(probe: Probe) -> bool:
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT_SECONDS):
            return await probe()
    except Exception:  # noqa: BLE001 - a probe that fails says no
        return False
