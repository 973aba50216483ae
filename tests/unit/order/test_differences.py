"""What differs between two states of an order."""

from google.type.money_pb2 import Money

from services.order.entrypoints.differences import Difference, differences
from shopmesh.order.v1 import order_service_pb2 as pb

PENDING = pb.Order(
    order_id="order-1",
    state=pb.ORDER_STATE_PENDING,
    lines=[pb.OrderLine(sku="MUG-RED", quantity=2)],
    shipping_address=pb.ShippingAddress(city="Augsburg"),
)
PRICE = Money(currency_code="EUR", units=12)
CONFIRMED = pb.Order(
    order_id="order-1",
    state=pb.ORDER_STATE_CONFIRMED,
    lines=[pb.OrderLine(sku="MUG-RED", quantity=2, unit_price=PRICE)],
)


def test_an_order_does_not_differ_from_itself() -> None:
    assert differences(PENDING, PENDING) == ()


def test_changed_new_and_lost_fields_are_named_with_both_values() -> None:
    assert differences(PENDING, CONFIRMED) == (
        Difference("state", "ORDER_STATE_PENDING", "ORDER_STATE_CONFIRMED"),
        Difference("lines[0].unitPrice", None, {"currencyCode": "EUR", "units": "12", "nanos": 0}),
        Difference("shippingAddress.city", "Augsburg", None),
    )


def test_against_nothing_every_field_is_new() -> None:
    found = differences(None, PENDING)

    assert [each.path for each in found] == [
        "orderId",
        "state",
        "lines[0].sku",
        "lines[0].quantity",
        "shippingAddress.city",
    ]
    assert all(each.old_value is None for each in found)
