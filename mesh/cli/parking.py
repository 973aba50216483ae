"""What services have parked, for `events` and `mail`: looked at, and let go."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import grpc
import typer
from google.protobuf.json_format import MessageToDict

from mesh.cli.calling import channels_as
from mesh.cli.console import note, show_table
from mesh.cli.context import running_settings_of
from mesh.settings import MeshSettings
from shopmesh.inventory.v1 import parking_service_pb2 as inventory_pb
from shopmesh.inventory.v1.parking_service_pb2_grpc import StockParkingServiceStub
from shopmesh.notification.v1 import notification_service_pb2 as notification_pb
from shopmesh.notification.v1.notification_service_pb2_grpc import NotificationServiceStub
from shopmesh.order.v1 import parking_service_pb2 as order_pb
from shopmesh.order.v1.parking_service_pb2_grpc import OrderParkingServiceStub

_PAGE = 200
_REMAINING = 1
T = TypeVar("T")


class Parker(StrEnum):
    """The services that have consumers, and so can park events."""

    ORDER = "order"
    INVENTORY = "inventory"
    NOTIFICATION = "notification"


Key = Annotated[str, typer.Option(help="Only events of this order, user or SKU.")]
Who = Annotated[str, typer.Option("--as", metavar="NAME|EMAIL", help="Who asks.")]


@dataclass(frozen=True, slots=True)
class Calls:
    """A service's two calls; their messages have the same fields in all services."""

    list: Callable[..., Awaitable[Any]]
    redrive: Callable[..., Awaitable[Any]]


def show_parked(context: typer.Context, parkers: Iterable[Parker], *, who: str, as_json: bool) -> None:
    """Print what is parked, the oldest of each service first."""
    found = asyncio.run(_of_each(running_settings_of(context), parkers, who, _listed))
    if as_json:
        typer.echo(json.dumps({"events": _documents(found)}, indent=2, ensure_ascii=False))
        return
    if not any(found.values()):
        note("Nothing is parked.")
        return
    rows = (_row(parker, event) for parker, events in found.items() for event in events)
    show_table(("service", "topic", "key", "version", "type", "since", "reason"), rows)


def redrive_parked(context: typer.Context, parkers: Iterable[Parker], *, key: str, who: str) -> None:
    """Handle parked events again and print what became of them; exits with 1 when some remain."""

    async def redriven(calls: Calls) -> Any:
        return await calls.redrive(key)

    found = asyncio.run(_of_each(running_settings_of(context), parkers, who, redriven))
    rows = ((parker, str(each.handled), str(each.remaining)) for parker, each in found.items())
    show_table(("service", "handled", "remaining"), rows)
    if any(each.remaining for each in found.values()):
        raise typer.Exit(_REMAINING)


async def _of_each(
    settings: MeshSettings, parkers: Iterable[Parker], who: str, question: Callable[[Calls], Awaitable[T]]
) -> Mapping[Parker, T]:
    chosen = tuple(parkers)
    async with channels_as(who, chosen, settings) as channels:
        return {parker: await question(_calls(parker, channels[parker])) for parker in chosen}


def _calls(parker: Parker, channel: grpc.aio.Channel) -> Calls:
    match parker:
        case Parker.ORDER:
            order = OrderParkingServiceStub(channel)
            return Calls(
                lambda **page: order.ListParkedForOrders(order_pb.ListParkedForOrdersRequest(**page)),
                lambda key: order.RedriveParkedForOrders(order_pb.RedriveParkedForOrdersRequest(key=key)),
            )
        case Parker.INVENTORY:
            stock = StockParkingServiceStub(channel)
            return Calls(
                lambda **page: stock.ListParkedForStock(inventory_pb.ListParkedForStockRequest(**page)),
                lambda key: stock.RedriveParkedForStock(inventory_pb.RedriveParkedForStockRequest(key=key)),
            )
        case Parker.NOTIFICATION:
            mail = NotificationServiceStub(channel)
            return Calls(
                lambda **page: mail.ListParked(notification_pb.ListParkedRequest(**page)),
                lambda key: mail.RedriveParked(notification_pb.RedriveParkedRequest(key=key)),
            )


async def _listed(calls: Calls) -> Sequence[Any]:
    events: list[Any] = []
    token = ""
    while True:
        page = await calls.list(page_size=_PAGE, page_token=token)
        events.extend(page.events)
        token = page.next_page_token
        if not token:
            return events


def _documents(found: Mapping[Parker, Sequence[Any]]) -> list[dict[str, Any]]:
    return [
        {"service": parker, **MessageToDict(event, always_print_fields_with_no_presence=True)}
        for parker, events in found.items()
        for event in events
    ]


def _row(parker: Parker, event: Any) -> tuple[str, ...]:
    since = event.park_time.ToJsonString()
    return (parker, event.topic, event.key, str(event.version), event.type, since, event.reason)
