"""`events`: what the services tell each other."""

import asyncio
import json
import uuid
from typing import Annotated

import typer

from mesh.cli.context import store_settings_of
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
    """Print every event as a line of JSON, the oldest first, and go on with those that come."""
    chosen = tuple(topic or TOPICS)
    if unknown := set(chosen) - set(TOPICS):
        raise typer.BadParameter(f"no topic {', '.join(sorted(unknown))}; there are {', '.join(TOPICS)}")
    asyncio.run(_tail(store_settings_of(context), chosen, key))


async def _tail(settings: MeshSettings, topics: tuple[str, ...], key: str | None) -> None:
    # Here, since the database library would make every other command wait half a second.
    from mesh.event_log import open_event_log  # noqa: PLC0415

    # A group of its own that never commits: nobody's place in the log changes.
    group = f"tail:{uuid.uuid4()}"
    async with open_event_log(settings) as log, log.consume(group, topics) as subscription:
        while True:
            for delivery in await subscription.poll():
                if key in (None, delivery.record.key):
                    typer.echo(_line(delivery.record.topic, delivery.record.body))


def _line(topic: str, body: bytes) -> str:
    return json.dumps({"topic": topic, **json.loads(body)}, ensure_ascii=False)
