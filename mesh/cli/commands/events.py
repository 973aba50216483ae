"""`events`: the events of the services."""

import asyncio
import json
from contextlib import aclosing
from typing import Annotated

import typer

from mesh.cli.channels import ADMIN
from mesh.cli.commands.parked_events import Key, Parker, Who, redrive_parked, show_parked
from mesh.cli.context import store_settings_of
from mesh.launcher.errors import LaunchError
from mesh.settings import MeshSettings
from mesh.topology import TOPICS

app = typer.Typer(
    help="Look into the event log, and at what could not be handled of it.", no_args_is_help=True
)
Service = Annotated[
    list[Parker] | None, typer.Option(help="Only what this service has parked; may be repeated.")
]


@app.command()
def tail(
    context: typer.Context,
    topic: Annotated[list[str] | None, typer.Option(help="Only this topic; may be repeated.")] = None,
    key: Annotated[str | None, typer.Option(help="Only events of this order, user or SKU.")] = None,
) -> None:
    """Print every event as a line of JSON, a key's oldest first, and go on with those that come."""
    chosen = tuple(topic or TOPICS)
    if unknown := set(chosen) - set(TOPICS):
        raise typer.BadParameter(f"no topic {', '.join(sorted(unknown))}; there are {', '.join(TOPICS)}")
    asyncio.run(_tail(store_settings_of(context), chosen, key))


@app.command()
def parked(
    context: typer.Context,
    service: Service = None,
    who: Who = ADMIN,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the events that a service could not handle, and those behind them, the oldest first."""
    show_parked(context, service or Parker, who=who, as_json=as_json)


@app.command()
def redrive(context: typer.Context, service: Service = None, key: Key = "", who: Who = ADMIN) -> None:
    """Handle parked events again, in order; exits with 0 when none remains, 1 when some do."""
    redrive_parked(context, service or Parker, key=key, who=who)


async def _tail(settings: MeshSettings, topics: tuple[str, ...], key: str | None) -> None:
    # Here, since the database library would make every other command wait half a second.
    from mesh.event_log import EventLogUnavailable, open_event_log  # noqa: PLC0415

    try:
        async with open_event_log(settings) as log, aclosing(log.follow(topics)) as deliveries:
            async for delivery in deliveries:
                if key in (None, delivery.record.key):
                    typer.echo(_line(delivery.record.topic, delivery.record.body))
    except EventLogUnavailable as error:
        raise LaunchError(str(error), "Is the mesh well? shopmesh status") from error


def _line(topic: str, body: bytes) -> str:
    return json.dumps({"topic": topic, **json.loads(body)}, ensure_ascii=False)
