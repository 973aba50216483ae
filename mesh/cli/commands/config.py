"""`config`: what the settings come to."""

from typing import Annotated

import typer

from mesh.cli.context import settings_of
from mesh.contract import LimitClass, load_contract
from mesh.launcher.front_door import front_door_yaml
from mesh.launcher.limits import limits_of
from mesh.render.envoy.xds import dump
from mesh.settings import MeshSettings

app = typer.Typer(help="Show what the settings come to.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Keep `render` a command of its own."""


@app.command()
def render(
    context: typer.Context,
    limits: Annotated[bool, typer.Option("--limits", help="The rate limits in force instead.")] = False,
) -> None:
    """Print the front proxy's configuration for the current settings as YAML."""
    settings = settings_of(context)
    typer.echo(_limits(settings) if limits else front_door_yaml(settings), nl=False)


def _limits(settings: MeshSettings) -> str:
    classes = limits_of(settings, load_contract())
    return dump({"classes": {name: _document(each) for name, each in classes.items()}})


def _document(limit: LimitClass) -> dict[str, object]:
    return {
        "per": limit.per.name.lower(),
        "rate_per_minute": limit.rate_per_minute,
        "burst": limit.burst,
        "max_concurrent_calls": limit.max_concurrent_calls,
    }
