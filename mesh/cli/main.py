"""The entry point of `shopmesh`: the commands, and the edge at which errors become messages."""

import os
import sys

import typer

from mesh.cli import lifecycle
from mesh.cli.console import show_problem
from mesh.launcher.errors import LaunchError
from mesh.settings import SettingError

app = typer.Typer(
    name="shopmesh",
    help="Runs the shop's mesh on this machine and looks into it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)
for command in (lifecycle.up, lifecycle.down, lifecycle.status):
    app.command()(command)

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


def main() -> None:
    """Run the command line; whatever goes wrong ends as a message with a remedy."""
    try:
        app(obj=os.environ)
    except LaunchError as error:
        show_problem(error.message, error.remedy)
        sys.exit(WRONG_USAGE if error.usage else FAILED)
    except SettingError as error:
        show_problem(str(error), "Correct or unset the variable and try again.")
        sys.exit(WRONG_USAGE)
    except OSError as error:
        show_problem(
            f"{error.filename or 'The system'}: {error.strerror}", "What this machine lacks: shopmesh doctor"
        )
        sys.exit(FAILED)
