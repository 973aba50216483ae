"""Starts a service's long work by its name, as the launcher starts services."""

import subprocess
import sys
from typing import Annotated

import typer

from mesh.cli.context import environ_of, running_backends_of, store_settings_of

_MODULE = "services.order.maintenance"

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]


def run_maintenance(context: typer.Context, work: str, *, dry_run: bool) -> int:
    """Run it to its end on the stores of this mesh, up or down; returns its exit code."""
    return run_module(context, _MODULE, work, *(("--dry-run",) if dry_run else ()))


def run_module(context: typer.Context, module: str, *arguments: str) -> int:
    """Run any module so, for example `services.order.keys`; returns its exit code."""
    from mesh.launcher.planning import part_environment  # noqa: PLC0415 - asks who has which port

    settings = store_settings_of(context)
    environment = {
        **environ_of(context),
        **running_backends_of(settings).urls(),
        **part_environment(settings),
    }
    command = (sys.executable, "-m", module, *arguments)
    return subprocess.run(command, env=environment, check=False).returncode
