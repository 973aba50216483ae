"""Parked events of a service, listed and redriven, for `events` and `mail`."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Protocol, TypeVar

import grpc
import typer
from google.protobuf.json_format import MessageToDict

from mesh.cli.channels import channels_as
from mesh.cli.console import note
from mesh.cli.context import running_settings_of
from mesh.cli.table import show_table
from mesh.settings import MeshSettings
from shopmesh.events.v1.parked_events_pb2 import (
    ListParkedEventsRequest,
    ListParkedEventsResponse,
    ParkedEvent,
    RedriveParkedEventsRequest,
    RedriveParkedEventsResponse,
)
from shopmesh.inventory.v1.parking_service_pb2_grpc import StockParkingServiceStub
from shopmesh.notification.v1.notification_service_pb2_grpc import NotificationServiceStub
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


class Stub(Protocol):
    """What the stubs of these services have in common."""

    ListParkedEvents: Callable[[ListParkedEventsRequest], Awaitable[ListParkedEventsResponse]]
    RedriveParkedEvents: Callable[[RedriveParkedEventsRequest], Awaitable[RedriveParkedEventsResponse]]


_STUBS: Mapping[Parker, Callable[[grpc.aio.Channel], Any]] = {
    Parker.ORDER: OrderParkingServiceStub,
    Parker.INVENTORY: StockParkingServiceStub,
    Parker.NOTIFICATION: NotificationServiceStub,
}


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

    async def redriven(stub: Stub) -> RedriveParkedEventsResponse:
        return await stub.RedriveParkedEvents(RedriveParkedEventsRequest(key=key))

    found = asyncio.run(_of_each(running_settings_of(context), parkers, who, redriven))
    rows = ((parker, str(each.handled), str(each.remaining)) for parker, each in found.items())
    show_table(("service", "handled", "remaining"), rows)
    if any(each.remaining for each in found.values()):
        raise typer.Exit(_REMAINING)


async def _of_each(
    settings: MeshSettings, parkers: Iterable[Parker], who: str, question: Callable[[Stub], Awaitable[T]]
) -> Mapping[Parker, T]:
    chosen = tuple(parkers)
    async with channels_as(who, chosen, settings) as channels:
        return {parker: await question(_STUBS[parker](channels[parker])) for parker in chosen}


async def _listed(stub: Stub) -> Sequence[ParkedEvent]:
    events: list[ParkedEvent] = []
    request = ListParkedEventsRequest(page_size=_PAGE)
    while True:
        page = await stub.ListParkedEvents(request)
        events.extend(page.events)
        request.page_token = page.next_page_token
        if not request.page_token:
            return events


def _documents(found: Mapping[Parker, Sequence[ParkedEvent]]) -> list[dict[str, Any]]:
    return [
        {"service": parker, **MessageToDict(event, always_print_fields_with_no_presence=True)}
        for parker, events in found.items()
        for event in events
    ]


def _row(parker: Parker, event: ParkedEvent) -> tuple[str, ...]:
    since = event.park_time.ToJsonString()
    return (parker, event.topic, event.key, str(event.version), event.type, since, event.reason)
