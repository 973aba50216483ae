"""`status`: how the parts of the mesh are doing."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from mesh.cli.context import settings_of
from mesh.cli.table import Cell, Part, show_table
from mesh.launcher.status import Condition, PartCondition, status_of
from mesh.launcher.waiting import exit_text

_COLOURS = {
    Condition.READY: typer.colors.GREEN,
    Condition.RUNNING: typer.colors.YELLOW,
    Condition.RESTARTING: typer.colors.RED,
    Condition.STOPPED: typer.colors.RED,
}


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: a list of parts.")] = False,
) -> None:
    """Show every part; exits with 0 only when all are ready."""
    home = settings_of(context).home
    conditions = asyncio.run(status_of(home))
    if as_json:
        typer.echo(json.dumps([each.document() for each in conditions], indent=2))
    elif conditions:
        show_table(("part", "pid", "port", "state", "restarts", "last exit"), map(_row, conditions))
        _show_waiting_mails(conditions)
        _show_refusing_shelves(conditions)
        _show_partly_shipped(conditions)
    else:
        start = typer.style("shopmesh up", fg=typer.colors.CYAN)
        typer.echo(f"No mesh is up in {home}. Start it: {start}", err=True)
    if not conditions or any(each.condition is not Condition.READY for each in conditions):
        raise typer.Exit(1)


def _show_waiting_mails(conditions: Sequence[PartCondition]) -> None:
    """Say that mails wait; every worker knows of all of them."""
    count, oldest = max((each.report.waiting_mails, each.report.oldest_waiting) for each in conditions)
    if count:
        since = datetime.fromtimestamp(oldest, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        _warn(
            f"{count} mail(s) wait for a provider, the oldest since {since}.",
            "What is missing: shopmesh mail check",
        )


def _show_refusing_shelves(conditions: Sequence[PartCondition]) -> None:
    """Say that shop and warehouse do not understand each other; every worker knows of all shelves."""
    if count := max(each.report.refusing_shelves for each in conditions):
        _warn(
            f"{count} shelves have refused their last 20 updates or more.",
            "Whose: shopmesh stock feed list",
        )


def _show_partly_shipped(conditions: Sequence[PartCondition]) -> None:
    """Say that customers wait for their last parcel; every worker knows of all orders."""
    if count := max(each.report.partly_shipped for each in conditions):
        _warn(
            f"{count} order(s) of more than 7 days ago have left in part only.",
            "Which: GET /v1/orders:search?state=ORDER_STATE_PARTIALLY_SHIPPED",
        )


def _warn(problem: str, way: str) -> None:
    typer.echo(f"{typer.style(problem, fg=typer.colors.YELLOW)} {way}")


def _row(each: PartCondition) -> tuple[Cell, ...]:
    state = [Part(each.condition.value, _COLOURS[each.condition])]
    if each.broken:
        state.append(Part(f" without {', '.join(each.broken)}", typer.colors.YELLOW))
    return (
        each.part.name,
        str(each.pid or "-"),
        ", ".join(str(port) for port in each.part.ports),
        state,
        str(each.part.restarts),
        exit_text(each.part.last_exit),
    )
