"""What every command is given: the environment, read once by `main`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import typer

from mesh.launcher.backends import Backends
from mesh.launcher.state import MeshState
from mesh.settings import MeshSettings


def environ_of(context: typer.Context) -> Mapping[str, str]:
    return cast(Mapping[str, str], context.obj)


def settings_of(context: typer.Context) -> MeshSettings:
    return MeshSettings.from_environ(environ_of(context))


def is_running(settings: MeshSettings) -> bool:
    """Whether a mesh is up in the settings' home."""
    state = MeshState.read(settings.home)
    return state is not None and state.running


def running_settings_of(context: typer.Context) -> MeshSettings:
    """The settings with which the mesh runs, whatever the environment says now.

    Raises:
        LaunchError: No mesh is up.
    """
    settings = settings_of(context)
    state = MeshState.read_running(settings.home)
    return replace(settings, profile=state.profile, port_offset=state.port_offset, workers=state.workers)


def running_backends_of(settings: MeshSettings) -> Backends:
    """The servers that are parts of the mesh which runs in the settings' home; none when it does not."""
    state = MeshState.read(settings.home)
    return Backends.running(settings.home, state) if state and state.running else Backends(settings.home)


def store_settings_of(context: typer.Context) -> MeshSettings:
    """The settings by which the mesh's stores are opened: of the running mesh, else of the environment."""
    settings = settings_of(context)
    state = MeshState.read(settings.home)
    if state is None or not state.running:
        return settings
    environ = {**environ_of(context), **running_backends_of(settings).urls()}
    return replace(MeshSettings.from_environ(environ), profile=state.profile, port_offset=state.port_offset)
