"""`restart`: services of the running mesh with other settings."""

import asyncio
from typing import Annotated

import typer

from mesh.cli.commands.lifecycle import show_ready
from mesh.cli.console import note
from mesh.cli.context import environ_of, settings_of
from mesh.launcher.restarting import restart as restart_services
from mesh.topology import SERVICES


def restart(
    context: typer.Context,
    services: Annotated[list[str], typer.Argument(metavar="SERVICE…", help=f"Of {', '.join(SERVICES)}.")],
) -> None:
    """Restart services with the settings of this command's environment, worker by worker.

    A worker finishes its calls first; with two workers no call fails. One that is not ready with the new
    settings gets its former ones back. The front proxy keeps its own until `down` and `up`.
    """
    _refuse_unknown(services)
    settings = settings_of(context)
    asyncio.run(
        restart_services(
            settings,
            tuple(dict.fromkeys(services)),
            environment=environ_of(context),
            report=show_ready,
            say=note,
        )
    )


def _refuse_unknown(services: list[str]) -> None:
    for service in services:
        if service not in SERVICES:
            raise typer.BadParameter(f"{service!r} is none of {', '.join(SERVICES)}")
