"""`orders ship`: what has left of an order."""

import asyncio
import uuid
from typing import Annotated

import typer

from mesh.cli.channels import ADMIN, channel_as, print_json
from mesh.cli.console import note
from mesh.cli.context import running_settings_of
from mesh.cli.sheets.order_sheets import show_order
from mesh.cli.shipped_lines import ShippedLine, shipped_line
from shopmesh.order.v1.order_service_pb2 import ShipOrderRequest, ShipOrderResponse
from shopmesh.order.v1.order_service_pb2_grpc import OrderServiceStub


def order_uuid(text: str) -> str:
    """The id of an order."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not the id of an order: a UUID is") from None


OrderId = Annotated[str, typer.Argument(metavar="ID", help="The order's id.", parser=order_uuid)]
Who = Annotated[str, typer.Option("--as", metavar="NAME|EMAIL", help="Who asks; others see only their own.")]
AsJson = Annotated[bool, typer.Option("--json", help="The answer as REST gives it.")]


def ship(
    context: typer.Context,
    order_id: OrderId,
    line: Annotated[
        list[ShippedLine] | None,
        typer.Option(
            metavar="SKU=PIECES",
            parser=shipped_line,
            help="What has left; may be repeated. None: all that is open.",
        ),
    ] = None,
    shipment_id: Annotated[
        str, typer.Option(metavar="NAME", help="Names the parcel; repeating it changes nothing.")
    ] = "",
    *,
    carrier: Annotated[str, typer.Option(help="Who brings it.")] = "",
    tracking: Annotated[str, typer.Option(metavar="NUMBER", help="The carrier's number of it.")] = "",
    who: Who = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Record that an order, or a part of it, has left the warehouse."""
    if line and not shipment_id:
        shipment_id = uuid.uuid4().hex
        note(f"parcel {shipment_id}")
    request = ShipOrderRequest(
        order_id=order_id, shipment_id=shipment_id, carrier=carrier, tracking_number=tracking
    )
    for each in line or ():
        request.lines.add(sku=each.sku, quantity=each.pieces)
    answer = asyncio.run(_shipped(context, who, request))
    if as_json:
        print_json(answer)
    else:
        show_order(answer.order)


async def _shipped(context: typer.Context, who: str, request: ShipOrderRequest) -> ShipOrderResponse:
    async with channel_as(who, "order", running_settings_of(context)) as channel:
        answer: ShipOrderResponse = await OrderServiceStub(channel).ShipOrder(request)
        return answer
