"""`stock`: the shop's stock against the warehouse system's, and its quarantined updates."""

import asyncio
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import grpc
import typer
from google.protobuf.json_format import ParseDict, ParseError

from mesh.cli.channels import ADMIN, channel_as, print_json
from mesh.cli.commands import stock_feeds
from mesh.cli.commands.parked_events import Who
from mesh.cli.commands.stock_movements import adjust, explain, movements
from mesh.cli.console import note
from mesh.cli.context import running_settings_of
from mesh.cli.table import show_table
from mesh.cli.wms_channel import channel_as_wms
from mesh.launcher.errors import LaunchError
from mesh.settings import MeshSettings
from shopmesh.inventory.v1.wms_service_pb2 import (
    ListQuarantinedUpdatesRequest,
    ListQuarantinedUpdatesResponse,
    QuarantinedUpdate,
    ReconcileStockRequest,
    ReconcileStockResponse,
    SnapshotLine,
    StockUpdate,
)
from shopmesh.inventory.v1.wms_service_pb2_grpc import WmsServiceStub

if TYPE_CHECKING:
    from shopmesh.inventory.v1.wms_service_pb2_grpc import WmsServiceAsyncStub

_LINES_PER_CALL = 5000
_PAGE = 200
_DRIFT = 1
_REMEDY = (
    'JSON as {"lines": [{"sku": …, "warehouse": …, "onHand": …}]}, or CSV with these three in its header.'
)

app = typer.Typer(help="The shop's stock and the warehouse's.", no_args_is_help=True)
app.command()(movements)
app.command()(adjust)
app.command()(explain)
app.add_typer(stock_feeds.app, name="feed")


@app.command()
def reconcile(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="The warehouse's numbers: sku, warehouse and onHand, as .json or as .csv with a header.",
        ),
    ],
    repair: Annotated[bool, typer.Option("--repair", help="Book the differences.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as REST gives it.")] = False,
) -> None:
    """Show where the numbers differ; exits with 0 when they are equal in the end, 1 when not."""
    lines = read_snapshot(file)
    report = asyncio.run(_reconciled(running_settings_of(context), lines, repair=repair))
    if as_json:
        print_json(report)
    else:
        _show(report)
    if report.drift and not report.repaired:
        raise typer.Exit(_DRIFT)


@app.command()
def quarantine(
    context: typer.Context,
    sku: Annotated[str, typer.Option(help="Only updates of this SKU.")] = "",
    who: Who = ADMIN,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as REST gives it.")] = False,
) -> None:
    """Show the quarantined updates of the warehouse system, the latest first."""
    found = asyncio.run(_set_aside(running_settings_of(context), sku, who))
    if as_json:
        print_json(found)
    elif found.updates:
        show_table(
            ("since", "sku", "warehouse", "epoch", "sequence", "says", "by", "reason"),
            map(_row, found.updates),
        )
    else:
        note("Nothing was set aside.")


def read_snapshot(file: Path) -> Sequence[SnapshotLine]:
    """Read a warehouse's numbers.

    Raises:
        LaunchError: The file does not hold any.
    """
    try:
        lines = _csv(file) if file.suffix == ".csv" else _json(file)
        return [ParseDict(line, SnapshotLine()) for line in lines]
    except (ParseError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise LaunchError(f"{file} is no snapshot: {error}", _REMEDY, usage=True) from None


def _csv(file: Path) -> list[dict[str, Any]]:
    with file.open(newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


def _json(file: Path) -> list[dict[str, Any]]:
    document = json.loads(file.read_text(encoding="utf-8"))
    lines: list[dict[str, Any]] = document["lines"] if isinstance(document, dict) else document
    return lines


async def _reconciled(
    settings: MeshSettings, lines: Sequence[SnapshotLine], *, repair: bool
) -> ReconcileStockResponse:
    whole, booked = ReconcileStockResponse(), []
    async with channel_as_wms(settings) as channels:
        wms = WmsServiceStub(channels.to("inventory"))
        for start in range(0, max(1, len(lines)), _LINES_PER_CALL):
            part = ReconcileStockRequest(lines=lines[start : start + _LINES_PER_CALL], repair=repair)
            answer = await _asked(wms, part)
            booked += [answer.repaired] if answer.drift else []
            whole.compared += answer.compared
            whole.drift.extend(answer.drift)
    whole.repaired = bool(booked) and all(booked)
    return whole


async def _asked(wms: "WmsServiceAsyncStub", request: ReconcileStockRequest) -> ReconcileStockResponse:
    try:
        return await wms.ReconcileStock(request)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
            raise LaunchError(f"The snapshot is refused: {error.details()}", "", usage=True) from None
        raise


def _show(report: ReconcileStockResponse) -> None:
    if report.drift:
        rows = (
            (each.sku, each.warehouse, str(each.shop_on_hand), str(each.warehouse_on_hand))
            for each in report.drift
        )
        show_table(("sku", "warehouse", "shop on hand", "warehouse on hand"), rows)
    end = ", now repaired" if report.repaired else ""
    note(f"{report.compared} compared, {len(report.drift)} differ{end}.")


async def _set_aside(settings: MeshSettings, sku: str, who: str) -> ListQuarantinedUpdatesResponse:
    """All pages as one."""
    whole, token = ListQuarantinedUpdatesResponse(), ""
    async with channel_as(who, "inventory", settings) as channel:
        wms = WmsServiceStub(channel)
        while True:
            page = await wms.ListQuarantinedUpdates(
                ListQuarantinedUpdatesRequest(sku=sku, page_size=_PAGE, page_token=token)
            )
            whole.updates.extend(page.updates)
            token = page.next_page_token
            if not token:
                return whole


def _row(kept: QuarantinedUpdate) -> Sequence[str]:
    update = kept.update
    since = kept.quarantine_time.ToJsonString()
    place = (update.sku, update.warehouse, str(update.epoch), str(update.sequence))
    return (since, *place, _said(update), kept.actor, kept.reason)


def _said(update: StockUpdate) -> str:
    if update.HasField("count"):
        return f"count {update.count.on_hand}"
    of_order = f" of {update.delta.order_id}" if update.delta.order_id else ""
    return f"{update.delta.quantity:+}{of_order}"
