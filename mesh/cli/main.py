"""The entry point of `shopmesh`: the commands, and the edge at which errors become messages."""

import os
import sys
from collections.abc import Mapping
from importlib import import_module

import typer

_COMMANDS: Mapping[str, str] = {
    "up": "lifecycle",
    "down": "lifecycle",
    "restart": "restart",
    "status": "status",
    "doctor": "doctor",
    "logs": "logs",
    "token": "token",
}
"""By name, the module with the function of that name."""
_GROUPS = ("orders", "products", "stock", "wms", "users", "clients", "mail", "events", "config")
"""Modules with commands of their own."""


def main() -> None:
    """Run the command line; whatever goes wrong ends as a message with a remedy."""
    is_coloured = False if os.environ.get("NO_COLOR") else None
    try:
        _application(sys.argv[1:2])(obj=os.environ, color=is_coloured)
    except Exception as error:
        from mesh.cli.problems import PROBLEMS, report_problem  # noqa: PLC0415 - most commands end well

        if not isinstance(error, PROBLEMS):
            raise
        sys.exit(report_problem(error, is_coloured=is_coloured))


def _application(named: list[str]) -> typer.Typer:
    """The command line with the command that is named, or with all: loading all takes a second."""
    app = typer.Typer(
        name="shopmesh",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    app.callback()(_shopmesh)
    is_known = {*_COMMANDS, *_GROUPS}.issuperset(named) and named
    for name in named if is_known else (*_COMMANDS, *_GROUPS):
        module = import_module(f"mesh.cli.commands.{_COMMANDS.get(name, name)}")
        if name in _COMMANDS:
            app.command()(getattr(module, name))
        else:
            app.add_typer(module.app, name=name)
    return app


def _shopmesh() -> None:
    """Runs the shop's mesh on this machine and looks into it."""
