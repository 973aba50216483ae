"""`orders`: how an order came to be what it is."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import grpc
import typer

from mesh.cli.channels import ADMIN, channel_as, print_json
from mesh.cli.commands.order_shipping import AsJson, OrderId, Who, order_uuid, ship
from mesh.cli.context import running_settings_of
from mesh.cli.maintenance import DryRun, run_maintenance, run_module
from mesh.cli.problems import PROBLEMS, report_problem
from mesh.cli.sheets.order_sheets import show_difference, show_event, show_order
from mesh.cli.times import utc_time
from mesh.messages import timestamp
from shopmesh.order.v1.audit_service_pb2 import (
    DiffOrderRequest,
    DiffOrderResponse,
    GetOrderAtRequest,
    GetOrderHistoryRequest,
    GetOrderHistoryResponse,
    VerifyOrderRequest,
    VerifyOrdersRequest,
    VerifyOrdersResponse,
)
from shopmesh.order.v1.audit_service_pb2_grpc import AuditServiceStub

if TYPE_CHECKING:
    from shopmesh.order.v1.audit_service_pb2_grpc import AuditServiceAsyncStub

_PAGE = 200
_VERIFIED_AT_ONCE = 500
_PATIENCE = 12
_TAMPERED = 1
_UNKNOWN = 3
_Answer = TypeVar("_Answer")


class Log(StrEnum):
    """Where events are carried."""

    KAFKA = "kafka"


app = typer.Typer(
    help="Look into orders: history, time travel, verification; ship them; rebuild their index.",
    no_args_is_help=True,
)


SomeOrderId = Annotated[
    str | None, typer.Argument(metavar="ID", help="The order's id; none: all orders.", parser=order_uuid)
]

app.command()(ship)


@app.command()
def history(context: typer.Context, order_id: OrderId, who: Who = ADMIN, as_json: AsJson = False) -> None:
    """Show what happened to an order, by whom, why, in which trace, and what it changed."""
    if as_json:
        print_json(_ask(context, who, lambda audit: _history(audit, order_id)))
        return
    found, changes = _ask(context, who, lambda audit: _history_with_changes(audit, order_id))
    for event, change in zip(found.events, changes, strict=True):
        show_event(event, change.differences)


@app.command()
def at(
    context: typer.Context,
    order_id: OrderId,
    version: Annotated[int | None, typer.Option(min=1, help="After this event.")] = None,
    time: Annotated[
        datetime | None,
        typer.Option(
            metavar="TIME",
            parser=utc_time,
            help="After all events up to this time, as --json prints times; without an offset it is UTC.",
        ),
    ] = None,
    *,
    who: Who = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Show an order as it was at a version or at a time."""
    if (version is None) == (time is None):
        raise typer.BadParameter("give either --version or --time")
    request = GetOrderAtRequest(order_id=order_id)
    if version is not None:
        request.version = version
    if time is not None:
        request.time.CopyFrom(timestamp(time))
    found = _ask(context, who, lambda audit: audit.GetOrderAt(request))
    if as_json:
        print_json(found)
    else:
        show_order(found.order)


@app.command()
def diff(
    context: typer.Context,
    order_id: OrderId,
    versions: Annotated[tuple[int, int], typer.Argument(metavar="FROM TO", min=0, help="0 is nothing yet.")],
    who: Who = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two versions of an order."""
    before, after = versions
    request = DiffOrderRequest(order_id=order_id, from_version=before, to_version=after)
    found = _ask(context, who, lambda audit: audit.DiffOrder(request))
    if as_json:
        print_json(found)
        return
    for each in found.differences:
        show_difference(each)


@app.command()
def verify(
    context: typer.Context, order_id: SomeOrderId = None, who: Who = ADMIN, as_json: AsJson = False
) -> None:
    """Check that nobody has changed the events of an order, or of any.

    Exits with 0 when valid, 1 when tampered with, 2 for wrong usage, and 3 when it could not be
    checked: the mesh is down or does not answer, the caller may not ask, there is no such order.

    Found is every change to what was published, at the latest two seconds after it was stored.
    What was stored last and is taken away within that time leaves no trace.
    """
    try:
        valid = (
            _verify_all(context, who, as_json)
            if order_id is None
            else _verify_one(context, order_id, who, as_json)
        )
    except PROBLEMS as problem:
        raise typer.Exit(report_problem(problem, failed=_UNKNOWN)) from problem
    except typer.Abort:
        # Nobody was there to give the password.
        raise typer.Exit(_UNKNOWN) from None
    if not valid:
        raise typer.Exit(_TAMPERED)


@app.command()
def rebuild(
    context: typer.Context,
    source: Annotated[
        Log | None, typer.Option("--from", help="Restore the event store from the event log.")
    ] = None,
    target: Annotated[
        Log | None, typer.Option("--to", help="Publish again what the event log has lost.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Make the index of orders anew from their events, while orders go on; prints its digest.

    With --from kafka it is the events themselves that are restored, and with --to kafka published
    again; `kafka` is the event log of this mesh, in the embedded profile a file. Exits with 1 when
    something does not fit together or is shorter than what was signed.
    """
    if source and target:
        raise typer.BadParameter("give either --from or --to")
    work = "restore" if source else "refill" if target else "rebuild"
    raise typer.Exit(run_maintenance(context, work, dry_run=dry_run))


@app.command()
def rotate_keys(context: typer.Context) -> None:
    """Encrypt the customers' data keys by a new key-encryption key and drop the old one.

    Running workers need no restart. Interrupted, it leaves everything readable: run it again.
    """
    raise typer.Exit(run_module(context, "services.order.keys", "--rotate"))


def _verify_one(context: typer.Context, order_id: str, who: str, as_json: bool) -> bool:
    found = _ask(context, who, lambda audit: audit.VerifyOrder(VerifyOrderRequest(order_id=order_id)))
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{_verdict(found.valid)}: {found.events} events, head {found.head_hash or 'missing'}")
        for finding in found.findings:
            typer.secho(f"  version {finding.version}: {finding.problem}", fg=typer.colors.RED)
    return found.valid


def _verify_all(context: typer.Context, who: str, as_json: bool) -> bool:
    found = _ask(context, who, _all_verified)
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{_verdict(found.valid)}: {found.orders} orders, {found.events} events")
        for finding in found.findings:
            where = f"order {finding.order_id} version {finding.version}"
            typer.secho(f"  {where}: {finding.problem}", fg=typer.colors.RED)
    return found.valid


def _verdict(valid: bool) -> str:
    return "valid" if valid else "NOT VALID"


def _ask(
    context: typer.Context, who: str, question: Callable[["AuditServiceAsyncStub"], Awaitable[_Answer]]
) -> _Answer:
    async def asked() -> _Answer:
        async with channel_as(who, "order", running_settings_of(context)) as channel:
            return await question(AuditServiceStub(channel))

    return asyncio.run(asked())


async def _history(audit: "AuditServiceAsyncStub", order_id: str) -> GetOrderHistoryResponse:
    whole = GetOrderHistoryResponse()
    request = GetOrderHistoryRequest(order_id=order_id, page_size=_PAGE)
    while True:
        page = await audit.GetOrderHistory(request)
        whole.events.extend(page.events)
        if not page.next_page_token:
            return whole
        request.page_token = page.next_page_token


async def _history_with_changes(
    audit: "AuditServiceAsyncStub", order_id: str
) -> tuple[GetOrderHistoryResponse, list[DiffOrderResponse]]:
    found = await _history(audit, order_id)
    steps = [
        DiffOrderRequest(order_id=order_id, from_version=event.version - 1, to_version=event.version)
        for event in found.events
    ]
    return found, await asyncio.gather(*(audit.DiffOrder(step) for step in steps))


async def _page_verified(
    audit: "AuditServiceAsyncStub", request: VerifyOrdersRequest
) -> VerifyOrdersResponse:
    """A page; where many orders were ever signed, the first one has to wait until all that is read."""
    for _ in range(_PATIENCE):
        try:
            return await audit.VerifyOrders(request)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                raise
    return await audit.VerifyOrders(request)


async def _all_verified(audit: "AuditServiceAsyncStub") -> VerifyOrdersResponse:
    """All pages as one."""
    whole = VerifyOrdersResponse(valid=True)
    request = VerifyOrdersRequest(page_size=_VERIFIED_AT_ONCE)
    while True:
        page = await _page_verified(audit, request)
        whole.valid &= page.valid
        whole.orders += page.orders
        whole.events += page.events
        whole.findings.extend(page.findings)
        if not page.next_page_token:
            return whole
        request.page_token = page.next_page_token
