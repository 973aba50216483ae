"""What every command is given: the environment, read once by `main`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import typer

from mesh.launcher.errors import LaunchError
from mesh.launcher.state import MeshState
from mesh.settings import MeshSettings


def environ_of(context: typer.Context) -> Mapping[str, str]:
    return cast(Mapping[str, str], context.obj)


def settings_of(context: typer.Context) -> MeshSettings:
    return MeshSettings.from_environ(environ_of(context))


def running_settings_of(context: typer.Context) -> MeshSettings:
    """The settings with which the mesh runs, whatever the environment says now.

    Raises:
        LaunchError: No mesh is up.
    """
    settings = settings_of(context)
    state = MeshState.read(settings.home)
    if state is None or not state.running:
        raise LaunchError(f"No mesh is up in {settings.home}.", "Start it: shopmesh up")
    return replace(settings, port_offset=state.port_offset, workers=state.workers)
