"""`shopmesh restart`: running services take up other settings, one worker after the other."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import psutil

from mesh.contract import load_contract
from mesh.launcher.backends import Backends
from mesh.launcher.errors import LaunchError
from mesh.launcher.host.lock import exclusive
from mesh.launcher.limits import limits_of
from mesh.launcher.parts import FRONT_DOOR
from mesh.launcher.preparation import edge_secret
from mesh.launcher.readiness import Readiness
from mesh.launcher.state import MeshState, PartState
from mesh.launcher.trials import Trials, in_time
from mesh.launcher.up import WAITING
from mesh.launcher.waiting import Report, Say, in_silence
from mesh.render.envoy.clusters import http_cluster
from mesh.settings import MeshSettings

_READY_SECONDS = 120.0
_STORES = ("SHOPMESH_MYSQL_URL", "SHOPMESH_MONGODB_URL", "SHOPMESH_KAFKA_URL")
_KEPT = ("SHOPMESH_MAIL_URL", "SHOPMESH_MAIL_REPLY_TO", "SHOPMESH_PUBLIC_URL")
"""What a restart may change but not drop: mails that wait would go into the folder."""
_RECONNECTED_SECONDS = 2.0
"""After it the channels of all others, which try again every second, have found a worker that is back."""


async def restart(
    settings: MeshSettings,
    services: Collection[str],
    *,
    environment: Mapping[str, str],
    report: Report,
    say: Say,
) -> None:
    """Restart every worker of these services with another environment, one after the other.

    Where the mesh runs, on which ports, with which profile and how many workers stays.

    Raises:
        LaunchError: No mesh is up; the environment names other stores; or a worker was not ready with it,
            so that it has its former one again, as have those after it; or the limits file cannot be used.
    """
    limits_of(settings, load_contract())
    MeshState.read_running(settings.home)
    async with exclusive(settings.home, waiting=lambda: say(WAITING)):
        state = MeshState.read_running(settings.home)
        complete = _complete(settings, state, environment)
        refuse_other_stores(state.parts, services, complete)
        await restart_workers(settings.home, services, environment=complete, report=report, say=say)


async def restart_workers(
    home: Path,
    services: Iterable[str],
    *,
    environment: Mapping[str, str],
    report: Report,
    say: Say = in_silence,
    patience_seconds: float = _READY_SECONDS,
) -> None:
    """Restart workers of the mesh in `home` with exactly this environment; each has some time to be ready.

    Raises:
        LaunchError: One was not ready with it; carries the last lines of its log.
    """
    readiness = Readiness(Backends(home))
    trials = Trials(home, readiness, patience_seconds=patience_seconds)
    for service in services:
        for worker, name in enumerate(_workers(home, service)):
            if worker:
                await asyncio.sleep(_RECONNECTED_SECONDS)
            say(f"Restarting {name} …")
            await trials.restart(name, environment)
            await _await_reached(home, service, readiness)
            report(trials.part(name))


def refuse_other_stores(
    parts: Iterable[PartState], services: Collection[str], environment: Mapping[str, str]
) -> None:
    """Refuse an environment by which services would leave their data and the others' events behind.

    Raises:
        LaunchError: It names another store than a running process uses, or none.
    """
    for part in parts:
        if part.name.partition("-")[0] in services and part.process is not None:
            used = _environment_of(part.process.pid)
            for variable in _STORES:
                if used is not None and used.get(variable, "") != environment.get(variable, ""):
                    raise LaunchError(
                        f"{part.name} runs with another {variable}: its data would stay behind.",
                        f"Set {variable} as `up` had it. To change it: shopmesh down, and up",
                        usage=True,
                    )
            for variable in _KEPT:
                if used is not None and used.get(variable) and not environment.get(variable):
                    raise LaunchError(
                        f"{part.name} runs with {variable}, which this shell does not have.",
                        f"Set it, as `up` had it or otherwise. To unset {variable}: shopmesh down, and up",
                        usage=True,
                    )


def _environment_of(pid: int) -> Mapping[str, str] | None:
    """The environment of a process; None where it has ended."""
    try:
        return psutil.Process(pid).environ()
    except psutil.Error:
        return None


def _complete(settings: MeshSettings, state: MeshState, environment: Mapping[str, str]) -> Mapping[str, str]:
    """What a service gets: its supervisor has another working directory than this command."""
    urls = Backends.running(settings.home, state).urls()
    limits = {"SHOPMESH_LIMITS_FILE": str(settings.limits_file)} if settings.limits_file else {}
    return {**environment, **limits, **urls, "SHOPMESH_EDGE_SECRET": edge_secret(settings)}


def _workers(home: Path, service: str) -> Iterator[str]:
    for part in MeshState.read_running(home).parts:
        if part.name.partition("-")[0] == service:
            yield part.name


async def _await_reached(home: Path, service: str, readiness: Readiness) -> None:
    """Wait until the front proxy, where there is one, reaches every worker of a service."""
    clusters = {service, http_cluster(service)}
    fronts = [part.ready_url for part in MeshState.read_running(home).parts if part.name == FRONT_DOOR]

    async def is_reached() -> bool:
        unreached = [name for front in fronts for name in await readiness.unreached(front)]
        return clusters.isdisjoint(unreached)

    if not await in_time(is_reached, _READY_SECONDS):
        raise LaunchError(f"{FRONT_DOOR} does not reach {service}.", "Is the mesh well? shopmesh status")
