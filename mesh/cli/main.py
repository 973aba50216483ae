"""The entry point of `shopmesh`: the commands, and the edge at which errors become messages."""

import os
import sys

import grpc
import typer

from interceptors.rate_limit.limits import LimitsFileError
from mesh.cli import config, doctor, events, lifecycle, logs, mail, orders, stock, token, users, wms
from mesh.cli.console import show_problem
from mesh.launcher.errors import LaunchError
from mesh.settings import SettingError

app = typer.Typer(
    name="shopmesh",
    help="Runs the shop's mesh on this machine and looks into it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for command in (lifecycle.up, lifecycle.down, lifecycle.status, doctor.doctor, logs.logs, token.token):
    app.command()(command)
for name, group in (
    ("orders", orders.app),
    ("stock", stock.app),
    ("wms", wms.app),
    ("users", users.app),
    ("mail", mail.app),
    ("events", events.app),
    ("config", config.app),
):
    app.add_typer(group, name=name)

FAILED, WRONG_USAGE = 1, 2
_REMEDIES = {
    grpc.StatusCode.UNAVAILABLE: "Is the mesh well? shopmesh status",
    grpc.StatusCode.DEADLINE_EXCEEDED: "Is the mesh well? shopmesh status",
    grpc.StatusCode.PERMISSION_DENIED: "Ask as somebody who may: --as admin",
    grpc.StatusCode.UNIMPLEMENTED: "This comes with a later release.",
}


def main() -> None:
    """Run the command line; whatever goes wrong ends as a message with a remedy."""
    try:
        app(obj=os.environ)
    except LaunchError as error:
        show_problem(error.message, error.remedy)
        sys.exit(WRONG_USAGE if error.usage else FAILED)
    except (SettingError, LimitsFileError) as error:
        show_problem(str(error), "Correct or unset the variable and try again.")
        sys.exit(WRONG_USAGE)
    except grpc.aio.AioRpcError as error:
        show_problem(f"{error.code().name}: {error.details()}", _REMEDIES.get(error.code(), ""))
        sys.exit(FAILED)
    except OSError as error:
        show_problem(
            f"{error.filename or 'The system'}: {error.strerror}", "What this machine lacks: shopmesh doctor"
        )
        sys.exit(FAILED)
