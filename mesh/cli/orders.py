"""`orders`: how an order came to be what it is."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Value
from rich.text import Text

from mesh.cli.calling import ADMIN, channel_as, print_json, whole_numbers
from mesh.cli.console import out
from mesh.cli.context import running_settings_of
from shopmesh.order.v1.audit_service_pb2 import (
    DiffOrderRequest,
    GetOrderAtRequest,
    GetOrderHistoryRequest,
    GetOrderHistoryResponse,
    HistoryEvent,
    VerifyOrderRequest,
)
from shopmesh.order.v1.audit_service_pb2_grpc import AuditServiceStub

_PAGE = 200
_TAMPERED = 1
_Answer = TypeVar("_Answer", bound=Message)

app = typer.Typer(help="Look into orders: history, time travel, verification.", no_args_is_help=True)
OrderId = Annotated[str, typer.Argument(metavar="ID", help="The order's id.")]
Who = Annotated[str, typer.Option("--as", metavar="NAME|EMAIL", help="Who asks; others see only their own.")]
AsJson = Annotated[bool, typer.Option("--json", help="The answer as REST gives it.")]


@app.command()
def history(context: typer.Context, order_id: OrderId, who: Who = ADMIN, as_json: AsJson = False) -> None:
    """Show the events of an order, oldest first."""
    found = _ask(context, who, lambda audit: _history(audit, order_id))
    if as_json:
        print_json(found)
        return
    for event in found.events:
        _show_event(event)


@app.command()
def at(
    context: typer.Context,
    order_id: OrderId,
    version: Annotated[int | None, typer.Option(min=1, help="After this event.")] = None,
    time: Annotated[datetime | None, typer.Option(help="After all events up to this time (UTC).")] = None,
    who: Who = ADMIN,
) -> None:
    """Print an order as it was at a version or at a time."""
    if (version is None) == (time is None):
        raise typer.BadParameter("give either --version or --time")
    request = GetOrderAtRequest(order_id=order_id)
    if version is not None:
        request.version = version
    if time is not None:
        request.time.FromDatetime(time)
    print_json(_ask(context, who, lambda audit: audit.GetOrderAt(request)))


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
        out.print(Text(f"{each.path}: {_short(each.old_value)} → {_short(each.new_value)}"))


@app.command()
def verify(context: typer.Context, order_id: OrderId, who: Who = ADMIN, as_json: AsJson = False) -> None:
    """Check that nobody has changed an order's events; exits with 0 when valid, 1 when not."""
    found = _ask(context, who, lambda audit: audit.VerifyOrder(VerifyOrderRequest(order_id=order_id)))
    if as_json:
        print_json(found)
    else:
        out.print(f"{'valid' if found.valid else 'NOT VALID'}: {found.events} events, head {found.head_hash}")
        for finding in found.findings:
            out.print(Text(f"  version {finding.version}: {finding.problem}", style="red"))
    if not found.valid:
        raise typer.Exit(_TAMPERED)


def _ask(
    context: typer.Context, who: str, question: Callable[[AuditServiceStub], Awaitable[_Answer]]
) -> _Answer:
    async def asked() -> _Answer:
        async with channel_as(who, "order", running_settings_of(context)) as channel:
            return await question(AuditServiceStub(channel))

    return asyncio.run(asked())


async def _history(audit: AuditServiceStub, order_id: str) -> GetOrderHistoryResponse:
    whole = GetOrderHistoryResponse()
    request = GetOrderHistoryRequest(order_id=order_id, page_size=_PAGE)
    while True:
        page = await audit.GetOrderHistory(request)
        whole.events.extend(page.events)
        if not page.next_page_token:
            return whole
        request.page_token = page.next_page_token


def _show_event(event: HistoryEvent) -> None:
    time = event.occur_time.ToDatetime().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    line = Text(f"{event.version:>3}  {time}  ")
    line.append(f"{event.type:<16}", style="bold")
    line.append(f"  {event.actor}  trace {event.trace_id}", style="dim")
    out.print(line)
    for name, value in sorted(event.data.fields.items()):
        out.print(Text(f"       {name}: {_short(value)}"))


def _short(value: Value) -> str:
    return json.dumps(whole_numbers(MessageToDict(value)), ensure_ascii=False, sort_keys=True)
