"""`shopmesh up`: from settings to a mesh that is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mesh.launcher.backends import Backends
from mesh.launcher.errors import LaunchError
from mesh.launcher.front_door import write_front_door
from mesh.launcher.host.files import make_private_folder
from mesh.launcher.host.lock import exclusive
from mesh.launcher.host.open_files import allow_many_files
from mesh.launcher.host.ports import await_free_ports
from mesh.launcher.planning import part_environment, plan_mesh
from mesh.launcher.preparation import edge_secret, make_folders, make_keys_and_data
from mesh.launcher.starting import start
from mesh.launcher.state import MeshState
from mesh.launcher.stopping import stop
from mesh.launcher.waiting import Report, await_ready
from mesh.settings import MeshSettings

WAITING = "Another shopmesh command is starting or stopping this mesh; waiting for it …"


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller asked for.

    Attributes:
        profile: Which backends.
        workers: Processes per service; None: as many as run, else what the settings say.
    """

    profile: str
    workers: int | None


async def launch(
    settings: MeshSettings,
    request: Request,
    *,
    environment: Mapping[str, str],
    report: Report,
    say: Callable[[str], None],
) -> bool:
    """Start the mesh unless it is up, and wait until it is ready.

    Returns:
        Whether anything was started.

    Raises:
        LaunchError: Something is in the way, or a part does not become ready.
    """
    settings = replace(settings, profile=request.profile)
    make_folders(settings)
    async with exclusive(settings.home, waiting=lambda: say(WAITING)):
        running = _running(settings.home)
        if running is not None:
            _refuse_other(running, request)
            await await_ready(settings.home, report=report, say=say)
            return False
        workers = request.workers or settings.workers
        await _start(replace(settings, workers=workers), environment, report, say)
        return True


async def _start(
    settings: MeshSettings, environment: Mapping[str, str], report: Report, say: Callable[[str], None]
) -> None:
    allow_many_files()
    say(f"Starting the mesh in {settings.home} …")
    await stop(settings.home)
    make_private_folder(settings.data)
    backends = Backends.planned(settings, environment)
    await backends.prepare(say)
    plan = plan_mesh(settings, backends=backends.parts(part_environment(settings)))
    await await_free_ports(plan.parts, say=say)
    complete = {**environment, **backends.urls(), "SHOPMESH_EDGE_SECRET": edge_secret(settings)}

    async def make_what_services_need() -> None:
        await make_keys_and_data(settings, complete)
        write_front_door(settings)

    await start(plan, environment=complete, report=report, say=say, between=make_what_services_need)


def _running(home: Path) -> MeshState | None:
    state = MeshState.read(home)
    return state if state and state.running else None


def _refuse_other(running: MeshState, request: Request) -> None:
    if running.profile != request.profile:
        raise LaunchError(
            f"The {running.profile} profile is up here; {request.profile} cannot start beside it.",
            "Stop it first: shopmesh down",
        )
    if request.workers not in (None, running.workers):
        raise LaunchError(
            f"The mesh is up with {running.workers} worker(s) per service, not {request.workers}.",
            f"Stop it first: shopmesh down && shopmesh up --workers {request.workers}",
        )
