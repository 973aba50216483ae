"""The entry point of `shopmesh`: the commands, and the edge at which errors become messages."""

import os
import sys

import typer

from mesh.cli.commands import (
    config,
    doctor,
    events,
    lifecycle,
    logs,
    mail,
    orders,
    products,
    restart,
    stock,
    token,
    users,
    wms,
)
from mesh.cli.problems import PROBLEMS, report_problem

app = typer.Typer(
    name="shopmesh",
    help="Runs the shop's mesh on this machine and looks into it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for command in (
    lifecycle.up,
    lifecycle.down,
    restart.restart,
    lifecycle.status,
    doctor.doctor,
    logs.logs,
    token.token,
):
    app.command()(command)
for name, group in (
    ("orders", orders.app),
    ("products", products.app),
    ("stock", stock.app),
    ("wms", wms.app),
    ("users", users.app),
    ("mail", mail.app),
    ("events", events.app),
    ("config", config.app),
):
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command line; whatever goes wrong ends as a message with a remedy."""
    try:
        app(obj=os.environ)
    except PROBLEMS as problem:
        sys.exit(report_problem(problem))
