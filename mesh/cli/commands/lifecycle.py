"""`up` and `down`."""

import asyncio
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from mesh.cli.console import note
from mesh.cli.context import environ_of, running_backends_of, running_settings_of, settings_of
from mesh.cli.next_steps import show_next_steps
from mesh.launcher.host.lock import exclusive
from mesh.launcher.state import PartState, copied_from
from mesh.launcher.stopping import stop
from mesh.launcher.up import WAITING, Request, launch
from mesh.settings import MAX_WORKERS, PROFILES


def up(
    context: typer.Context,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_WORKERS, help="Processes per service. [default: SHOPMESH_WORKERS or 1]"),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(PROFILES),
            help="Backends: `embedded` needs none; `real` starts MongoDB, Kafka and the others, "
            "but those whose URL the environment gives. [default: SHOPMESH_PROFILE or embedded]",
        ),
    ] = None,
) -> None:
    """Start the mesh and wait until every part is ready.

    Prints a line per ready part, then where to go. Doing it again changes nothing.
    """
    settings = settings_of(context)
    if profile not in (None, *PROFILES):
        raise typer.BadParameter(f"--profile {profile!r} is none of {', '.join(PROFILES)}")
    request = Request(profile or settings.profile, workers)
    started = asyncio.run(
        launch(settings, request, environment=environ_of(context), report=show_ready, say=note)
    )
    if not started:
        typer.echo(f"The mesh is already up in {settings.home}; nothing changed.")
    settings = running_settings_of(context)
    show_next_steps(settings, running_backends_of(settings), environ_of(context))


def down(context: typer.Context) -> None:
    """Stop the mesh; calls that are under way are finished first. Its data stays."""
    home = settings_of(context).home
    stopped = asyncio.run(_stop(home)) if home.exists() else ()
    if stopped:
        typer.echo(f"Stopped {', '.join(stopped)}.")
    else:
        typer.echo(f"No mesh is up in {home}.")
        if original := copied_from(home):
            way = f"SHOPMESH_HOME={quote(str(original))} shopmesh down"
            typer.echo(f"It is a copy. To stop the original: {way}")


async def _stop(home: Path) -> tuple[str, ...]:
    (home / "run").mkdir(exist_ok=True)
    async with exclusive(home, waiting=lambda: note(WAITING)):
        return await stop(home)


def show_ready(part: PartState) -> None:
    """Print that a part is ready, and where."""
    ports = ", ".join(str(port) for port in part.ports)
    typer.echo(f"{typer.style('✓', fg=typer.colors.GREEN)} {part.name:<16} ready on port {ports}")
