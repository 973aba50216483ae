"""Orders and their events as people read them in a terminal."""

import json
from collections.abc import Iterable

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Value
from google.type.money_pb2 import Money

from mesh.cli.channels import whole_numbers
from mesh.messages import time_of
from shopmesh.order.v1.audit_service_pb2 import FieldDifference, HistoryEvent
from shopmesh.order.v1.order_service_pb2 import Order, OrderLine, OrderState, Shipment

_EVERY_EVENT_CHANGES = frozenset({"version", "updateTime"})
_FIRST = 1


def show_event(event: HistoryEvent, changes: Iterable[FieldDifference]) -> None:
    """An event of a timeline. The first one is shown with what it says: it changes everything."""
    time = time_of(event.occur_time).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    typer.echo(f"{event.version:>3}  {time}Z  {typer.style(f'{event.type:<16}', bold=True)}  {event.actor}")
    cause = f"correlation {event.correlation}  cause {event.causation}  trace {event.trace_id or 'none'}"
    typer.secho(f"       {cause}", dim=True)
    if event.version == _FIRST:
        for name, value in sorted(event.data.fields.items()):
            typer.echo(f"       {name}: {_short(value)}")
        return
    for change in changes:
        if change.path not in _EVERY_EVENT_CHANGES:
            show_difference(change, indent=7)


def show_difference(difference: FieldDifference, *, indent: int = 0) -> None:
    """One field before and after."""
    before = _short(difference.old_value) if difference.HasField("old_value") else "—"
    after = _short(difference.new_value) if difference.HasField("new_value") else "—"
    typer.echo(f"{' ' * indent}{difference.path}: {before} → {after}")


def show_order(order: Order) -> None:
    """A sheet with the order."""
    state = OrderState.Name(order.state).removeprefix("ORDER_STATE_")
    head = typer.style(f"order {order.order_id}  {state}", bold=True)
    typer.echo(f"{head}  version {order.version}")
    typer.echo(f"customer {order.customer_id}  request {order.request_id}")
    placed, updated = order.place_time.ToJsonString(), order.update_time.ToJsonString()
    typer.echo(f"placed {placed}  changed {updated}")
    for line in order.lines:
        typer.echo(_line(line))
    if order.HasField("total"):
        typer.echo(f"  total {_money(order.total)}")
    if order.HasField("cancelled_total"):
        typer.echo(f"  of it cancelled {_money(order.cancelled_total)}")
    for shipment in order.shipments:
        typer.echo(_shipment(shipment))
    for reason in filter(None, (_rejection(order), order.cancel_reason)):
        typer.echo(f"  reason {reason}")
    typer.echo(f"  to {_address(order)}")


def _line(line: OrderLine) -> str:
    priced = (
        f" at {_money(line.unit_price)} = {_money(line.line_total)}" if line.HasField("unit_price") else ""
    )
    numbers = {
        "shipped": line.shipped_quantity,
        "cancelled": line.cancelled_quantity,
        "open": line.open_quantity,
    }
    # A line of which all is open says nothing more.
    parts = ", ".join(f"{number} {name}" for name, number in numbers.items() if number)
    progress = f"  ({parts})" if line.open_quantity < line.quantity else ""
    return f"  {line.quantity} x {line.sku} {line.name}{priced}{progress}"


def _shipment(shipment: Shipment) -> str:
    pieces = ", ".join(f"{line.quantity} x {line.sku}" for line in shipment.lines)
    brought = " ".join(filter(None, (shipment.carrier, shipment.tracking_number)))
    by = f" by {brought}" if brought else ""
    return f"  shipped {shipment.ship_time.ToJsonString()}: {pieces}{by}  [{shipment.shipment_id}]"


def _rejection(order: Order) -> str:
    if not order.HasField("rejection"):
        return ""
    rejection = MessageToDict(order.rejection)
    return str(rejection.get("reason", "")).removeprefix("REJECTION_REASON_")


def _address(order: Order) -> str:
    if not order.HasField("shipping_address"):
        return "nobody any more: the customer was erased" if order.personal_data_erased else "—"
    address = order.shipping_address
    place = f"{address.postal_code} {address.city}"
    parts = (address.recipient, address.line1, address.line2, place, address.region, address.country_code)
    return ", ".join(filter(None, parts))


def _money(money: Money) -> str:
    from babel import default_locale  # noqa: PLC0415 - takes time that most commands do not need

    from mesh.money import coded_money_text  # noqa: PLC0415

    return coded_money_text(money, (default_locale("LC_MONETARY") or "").replace("_", "-"))


def _short(value: Value) -> str:
    return json.dumps(whole_numbers(MessageToDict(value)), ensure_ascii=False, sort_keys=True)
