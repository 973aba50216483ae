"""`events`: what the services tell each other."""

import asyncio
import json
from contextlib import aclosing
from typing import Annotated

import typer

from mesh.cli.context import store_settings_of
from mesh.launcher.errors import LaunchError
from mesh.settings import MeshSettings
from mesh.topology import TOPICS

app = typer.Typer(help="Look into the event log.", no_args_is_help=True)


@app.callback()
def events() -> None:
    """Keep `tail` a command of its own."""


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
