"""`stock feed list`, `stock feed reset`: the feeds of the warehouses, and restarting one."""

import asyncio
import uuid
from typing import Annotated

import typer

from mesh.cli.channels import ADMIN, channel_as, print_json
from mesh.cli.commands.parked_events import Who
from mesh.cli.console import note
from mesh.cli.context import running_settings_of
from mesh.cli.table import show_table
from mesh.settings import MeshSettings
from shopmesh.inventory.v1.wms_service_pb2 import (
    Feed,
    ListFeedsRequest,
    ListFeedsResponse,
    StartFeedRequest,
    StartFeedResponse,
)
from shopmesh.inventory.v1.wms_service_pb2_grpc import WmsServiceStub

AsJson = Annotated[bool, typer.Option("--json", help="The answer as REST gives it.")]

app = typer.Typer(help="The feeds of the warehouses.", no_args_is_help=True)


@app.command("list")
def list_feeds(context: typer.Context, who: Who = ADMIN, as_json: AsJson = False) -> None:
    """Show each warehouse's feed: its epoch, who began it and why, and how many shelves wait for a count."""
    found = asyncio.run(_listed(running_settings_of(context), who))
    if as_json:
        print_json(found)
    else:
        header = ("warehouse", "epoch", "waiting shelves", "refusing shelves", "since", "by", "reason")
        show_table(header, map(_row, found.feeds))


@app.command()
def reset(
    context: typer.Context,
    warehouse: Annotated[str, typer.Argument(metavar="WAREHOUSE", help="Whose feed is restarted.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    request_id: Annotated[str, typer.Option(help="Names this start: a repeat restarts nothing.")] = "",
    who: Who = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Restart a warehouse's feed, where the warehouse system was restored and does not know.

    Each of its shelves keeps its number and takes no delta until the warehouse system has counted it.
    """
    request = StartFeedRequest(warehouse=warehouse, request_id=request_id or str(uuid.uuid4()), reason=reason)
    note(f"request id {request.request_id}: with it a repeat restarts nothing")
    started = asyncio.run(_started(running_settings_of(context), who, request))
    if as_json:
        print_json(started)
    else:
        note(f"{warehouse} is in epoch {started.epoch}; its shelves wait for a count.")


async def _listed(settings: MeshSettings, who: str) -> ListFeedsResponse:
    async with channel_as(who, "inventory", settings) as channel:
        return await WmsServiceStub(channel).ListFeeds(ListFeedsRequest())


async def _started(settings: MeshSettings, who: str, request: StartFeedRequest) -> StartFeedResponse:
    async with channel_as(who, "inventory", settings) as channel:
        return await WmsServiceStub(channel).StartFeed(request)


def _row(feed: Feed) -> tuple[str, ...]:
    since = feed.start_time.ToJsonString() if feed.HasField("start_time") else ""
    numbers = (feed.epoch, feed.waiting_shelves, feed.refusing_shelves)
    return (feed.warehouse, *map(str, numbers), since, feed.actor, feed.reason)
