"""`stock movements`, `stock adjust`: what has moved of a SKU, and moving it by hand."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mesh.cli.channels import ADMIN, channel_as, print_json
from mesh.cli.commands.parked_events import Who
from mesh.cli.console import note
from mesh.cli.context import running_settings_of
from mesh.cli.table import show_table
from mesh.cli.times import utc_time
from mesh.messages import timestamp
from shopmesh.inventory.v1.inventory_service_pb2 import (
    AdjustStockRequest,
    ExplainStockRequest,
    ExplainStockResponse,
    ListStockMovementsRequest,
    ListStockMovementsResponse,
    ShelfExplanation,
    StockMovement,
    StockMovementCause,
)
from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from shopmesh.inventory.v1.wms_service_pb2 import (
    ListQuarantinedUpdatesRequest,
    ListQuarantinedUpdatesResponse,
)
from shopmesh.inventory.v1.wms_service_pb2_grpc import WmsServiceStub

if TYPE_CHECKING:
    from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

_PREFIX = "STOCK_MOVEMENT_CAUSE_"
_PAGE = 200
_USUAL = 50
_LAST_REFUSALS = 5
_NUMBERS = ("book", "unreported", "held", "committed")
_T = TypeVar("_T")


class Cause(StrEnum):
    """Why stock moves, without the prefix of the contract."""

    RESERVE = "RESERVE"
    COMMIT = "COMMIT"
    RELEASE = "RELEASE"
    EXPIRE = "EXPIRE"
    SHIP = "SHIP"
    ADJUST = "ADJUST"
    COUNT = "COUNT"
    DELTA = "DELTA"
    RECONCILE = "RECONCILE"


Sku = Annotated[str, typer.Argument(metavar="SKU", help="Of which SKU.")]
AsJson = Annotated[bool, typer.Option("--json", help="The answer as REST gives it.")]


def movements(
    context: typer.Context,
    sku: Sku,
    *,
    order_id: Annotated[str, typer.Option("--order", metavar="ID", help="Only for this order.")] = "",
    warehouse: Annotated[str, typer.Option(help="Only in this warehouse.")] = "",
    cause: Annotated[Cause | None, typer.Option(case_sensitive=False, help="Only of this cause.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(metavar="TIME", parser=utc_time, help="From this time on; without an offset it is UTC."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(metavar="TIME", parser=utc_time, help="Only before this time.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="At most so many.")] = _USUAL,
    who: Who = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Show what has moved of a SKU, the latest first: by whom, why, and in which trace."""
    request = ListStockMovementsRequest(sku=sku, order_id=order_id, warehouse=warehouse)
    if cause is not None:
        request.cause = StockMovementCause.Value(f"{_PREFIX}{cause}")
    for field, time in (("min_move_time", since), ("max_move_time", until)):
        if time is not None:
            getattr(request, field).CopyFrom(timestamp(time))
    found = _ask(context, who, lambda stock: _listed(stock, request, last))
    if as_json:
        print_json(found)
    elif found.movements:
        header = ("time", "warehouse", "cause", *_NUMBERS, "order", "by", "on account of", "trace")
        show_table(header, map(_row, found.movements))
        if found.next_page_token:
            note(f"There are more: --last {2 * last}, or --until TIME.")
    else:
        note("Nothing has moved like that.")


def explain(context: typer.Context, sku: Sku, who: Who = ADMIN, as_json: AsJson = False) -> None:
    """Show what the numbers of a SKU are made of, how far the feeds have got, and what was set aside last."""
    found, set_aside = asyncio.run(_explained(context, who, sku))
    if as_json:
        print_json(found)
        return
    shelves = ("warehouse", *_NUMBERS, "on hand", "available", "epoch", "sequence", "refused in a row")
    show_table((*shelves, "last count"), map(_shelf_row, found.shelves))
    for each in found.shelves:
        if each.epoch < each.current_epoch:
            note(f"{each.warehouse} waits for a count: its feed is in epoch {each.current_epoch}.")
    for kept in set_aside.updates:
        place = f"{kept.update.warehouse}, epoch {kept.update.epoch}, sequence {kept.update.sequence}"
        note(f"set aside {kept.quarantine_time.ToJsonString()}: {place}: {kept.reason}")


def adjust(
    context: typer.Context,
    sku: Sku,
    delta: Annotated[int, typer.Argument(metavar="PIECES", help="How many came; below 0: went.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    warehouse: Annotated[str, typer.Option(help="Where; not needed where there is only one.")] = "",
    request_id: Annotated[str, typer.Option(help="Names the adjustment: a repeat moves nothing.")] = "",
    who: Who = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Change the stock of a SKU by hand. Pieces that went: `-- -3`."""
    request = AdjustStockRequest(
        sku=sku,
        delta=delta,
        reason=reason,
        warehouse=warehouse,
        request_id=request_id or str(uuid.uuid4()),
    )
    note(f"request id {request.request_id}: with it a repeat moves nothing")
    answer = _ask(context, who, lambda stock: stock.AdjustStock(request))
    if as_json:
        print_json(answer)
        return
    rows = [
        (each.warehouse, str(each.on_hand), str(each.reserved), str(each.available))
        for each in answer.stock.warehouses
    ]
    show_table(("warehouse", "on hand", "reserved", "available"), rows)


async def _explained(
    context: typer.Context, who: str, sku: str
) -> tuple[ExplainStockResponse, ListQuarantinedUpdatesResponse]:
    async with channel_as(who, "inventory", running_settings_of(context)) as channel:
        found = await InventoryServiceStub(channel).ExplainStock(ExplainStockRequest(sku=sku))
        last = ListQuarantinedUpdatesRequest(sku=sku, page_size=_LAST_REFUSALS)
        return found, await WmsServiceStub(channel).ListQuarantinedUpdates(last)


def _ask(
    context: typer.Context, who: str, question: Callable[["InventoryServiceAsyncStub"], Awaitable[_T]]
) -> _T:
    async def ask() -> _T:
        async with channel_as(who, "inventory", running_settings_of(context)) as channel:
            return await question(InventoryServiceStub(channel))

    return asyncio.run(ask())


async def _listed(
    stock: "InventoryServiceAsyncStub", request: ListStockMovementsRequest, last: int
) -> ListStockMovementsResponse:
    """So many as one page; its token says whether there are more."""
    whole = ListStockMovementsResponse()
    while True:
        request.page_size = min(_PAGE, last - len(whole.movements))
        page = await stock.ListStockMovements(request)
        whole.movements.extend(page.movements)
        whole.next_page_token = request.page_token = page.next_page_token
        if not page.next_page_token or len(whole.movements) >= last:
            return whole


def _shelf_row(shelf: ShelfExplanation) -> Sequence[str]:
    numbers = (shelf.book_quantity, shelf.unreported, shelf.held, shelf.committed)
    feed = (shelf.epoch, shelf.sequence, shelf.refusals)
    counted = shelf.last_count
    last_count = f"{counted.move_time.ToJsonString()} {counted.causation}" if counted.warehouse else "never"
    return (
        shelf.warehouse,
        *map(str, (*numbers, shelf.on_hand, shelf.available, *feed)),
        last_count,
    )


def _row(moved: StockMovement) -> Sequence[str]:
    numbers = (moved.book_quantity, moved.unreported, moved.held, moved.committed)
    return (
        moved.move_time.ToJsonString(),
        moved.warehouse,
        StockMovementCause.Name(moved.cause).removeprefix(_PREFIX),
        *(f"{number:+}" if number else "" for number in numbers),
        moved.order_id,
        moved.actor,
        moved.note or moved.causation,
        moved.trace_id,
    )
