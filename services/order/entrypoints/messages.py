"""Orders as protobuf messages, and requests as commands."""

from collections.abc import Iterable, Sequence

from google.type import money_pb2

from mesh.messages import amount_of, money_message, timestamp
from services.kernel.money import Money
from services.order.application.place_order import PlaceOrder
from services.order.application.queries.order_views import OrderView
from services.order.domain.events import LinePieces, OrderRejected
from services.order.domain.lines import Line, ShippingAddress
from services.order.domain.order import Order
from services.order.domain.pricing import Quote, QuoteLine
from services.order.domain.shipping import LineProgress, Parcel, Shipment
from shopmesh.order.v1 import order_service_pb2 as pb


def lines_of(requested: Iterable[pb.LineRequest]) -> tuple[Line, ...]:
    return tuple(Line(line.sku, line.quantity) for line in requested)


def parcel_of(request: pb.ShipOrderRequest) -> Parcel:
    return Parcel(
        shipment_id=request.shipment_id,
        lines=tuple(LinePieces(line.sku, line.quantity) for line in request.lines),
        carrier=request.carrier,
        tracking_number=request.tracking_number,
    )


def place_order_of(request: pb.PlaceOrderRequest, *, customer_id: str) -> PlaceOrder:
    address = request.shipping_address
    return PlaceOrder(
        customer_id=customer_id,
        request_id=request.request_id,
        lines=lines_of(request.lines),
        shipping_address=ShippingAddress(
            recipient=address.recipient,
            line1=address.line1,
            line2=address.line2,
            city=address.city,
            region=address.region,
            postal_code=address.postal_code,
            country_code=address.country_code,
        ),
        expected_total=Money(*amount_of(request.expected_total))
        if request.HasField("expected_total")
        else None,
    )


def order_message(view: OrderView) -> pb.Order:
    order, address = view.order, view.shipping_address
    return pb.Order(
        order_id=order.order_id,
        state=pb.OrderState.Value(f"ORDER_STATE_{order.state.value}"),
        lines=_line_messages(order),
        total=_optional_money(order.total),
        rejection=None if order.rejection is None else _rejection_message(order.rejection),
        shipping_address=None if address is None else _address_message(address),
        request_id=order.placed.request_id,
        customer_id=order.customer_id,
        version=order.version,
        place_time=timestamp(order.place_time),
        update_time=timestamp(order.update_time),
        shipments=[_shipment_message(shipment) for shipment in order.shipments],
        cancelled_total=_optional_money(order.cancelled_total),
        cancel_reason="" if order.cancel_reason is None else order.cancel_reason.value,
        personal_data_erased=address is None,
    )


def quote_message(quote: Quote) -> pb.Quote:
    return pb.Quote(
        lines=[_quote_line_message(line) for line in quote.lines],
        total=_optional_money(quote.total),
        available=quote.available,
    )


def _line_messages(order: Order) -> list[pb.OrderLine]:
    prices: Sequence[Money | None] = order.unit_prices or [None] * len(order.lines)
    return [_line_message(each, price) for each, price in zip(order.progress, prices, strict=True)]


def _line_message(progress: LineProgress, unit_price: Money | None) -> pb.OrderLine:
    line = progress.line
    return pb.OrderLine(
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price=_optional_money(unit_price),
        line_total=_optional_money(unit_price.times(line.quantity) if unit_price else None),
        shipped_quantity=progress.shipped,
        cancelled_quantity=progress.cancelled,
        open_quantity=progress.open,
    )


def _shipment_message(shipment: Shipment) -> pb.Shipment:
    return pb.Shipment(
        shipment_id=shipment.shipment_id,
        lines=[pb.ShipmentLine(sku=line.sku, quantity=line.quantity) for line in shipment.lines],
        ship_time=timestamp(shipment.ship_time),
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
    )


def _rejection_message(rejection: OrderRejected) -> pb.Rejection:
    return pb.Rejection(
        reason=pb.RejectionReason.Value(f"REJECTION_REASON_{rejection.reason.value}"),
        lines=[
            pb.RejectedLine(sku=line.sku, requested=line.requested, available=line.available)
            for line in rejection.lines
        ],
        current_total=_optional_money(rejection.current_total),
    )


def _quote_line_message(line: QuoteLine) -> pb.QuoteLine:
    return pb.QuoteLine(
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        available=line.available,
        unit_price=_optional_money(line.unit_price),
        line_total=_optional_money(line.line_total),
    )


def _address_message(address: ShippingAddress) -> pb.ShippingAddress:
    return pb.ShippingAddress(
        recipient=address.recipient,
        line1=address.line1,
        line2=address.line2,
        city=address.city,
        region=address.region,
        postal_code=address.postal_code,
        country_code=address.country_code,
    )


def _optional_money(money: Money | None) -> money_pb2.Money | None:
    return None if money is None else money_message(money)
