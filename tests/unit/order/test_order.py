"""The rules of an order, as a table: what every command does in every state."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.kernel.money import MixedCurrencies, Money
from services.order.application.event_codec import occurrence_of, payload_of, schema_version_of
from services.order.domain.errors import (
    InvalidShipment,
    OrderAlreadyShipped,
    OrderIsCancelled,
    OrderIsRejected,
    OrderNotConfirmed,
    OrderNotShipped,
    ShipmentExceedsOpen,
    ShipmentIdReused,
    WrongState,
)
from services.order.domain.events import (
    CancelReason,
    LinePieces,
    Occurrence,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderRejected,
    OrderRemainderCancelled,
    OrderShipped,
    PlacedLine,
    RejectionReason,
)
from services.order.domain.order import Order, OrderState, fold, order_id_of
from services.order.domain.shipping import Parcel
from tests.support.events import envelope

MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MUG, TEAPOT = Money("EUR", 12, 500_000_000), Money("EUR", 30)
PLACED = OrderPlaced(
    customer_id="alice",
    request_id="breakfast",
    lines=(PlacedLine("MUG-RED", "Red mug", 2), PlacedLine("TEAPOT", "Teapot", 1)),
    expected_total=None,
    shipping_address_sealed="sealed",
    command_digest="digest",
)
CONFIRMED = OrderConfirmed((MUG, TEAPOT), Money("EUR", 55))
CANCELLED = OrderCancelled(CancelReason.CUSTOMER)
ALL = tuple(LinePieces(line.sku, line.quantity) for line in PLACED.lines)
ONE_MUG = OrderShipped("parcel-1", (LinePieces(ALL[0].sku, 1),), carrier="DHL", tracking_number="00340")
REST = (LinePieces(ALL[0].sku, ALL[0].quantity - 1), *ALL[1:])
REJECTED = OrderRejected(RejectionReason.OUT_OF_STOCK)

PASTS: dict[OrderState, tuple[OrderEvent, ...]] = {
    OrderState.PENDING: (PLACED,),
    OrderState.CONFIRMED: (PLACED, CONFIRMED),
    OrderState.REJECTED: (PLACED, REJECTED),
    OrderState.CANCELLED: (PLACED, CONFIRMED, CANCELLED),
    OrderState.PARTIALLY_SHIPPED: (PLACED, CONFIRMED, ONE_MUG),
    OrderState.SHIPPED: (PLACED, CONFIRMED, OrderShipped(rest=True)),
    OrderState.DELIVERED: (PLACED, CONFIRMED, OrderShipped(rest=True), OrderDelivered()),
}


def cancel(order: Order) -> tuple[OrderEvent, ...]:
    return order.cancel(CancelReason.CUSTOMER)


def ship(order: Order) -> tuple[OrderEvent, ...]:
    return order.ship(Parcel())


Outcome = tuple[OrderEvent, ...] | type[WrongState]
TABLE: dict[Callable[[Order], tuple[OrderEvent, ...]], dict[OrderState, Outcome]] = {
    cancel: {
        OrderState.PENDING: (CANCELLED,),
        OrderState.CONFIRMED: (CANCELLED,),
        OrderState.REJECTED: OrderIsRejected,
        OrderState.CANCELLED: (),
        OrderState.PARTIALLY_SHIPPED: (OrderRemainderCancelled(CancelReason.CUSTOMER, REST),),
        OrderState.SHIPPED: OrderAlreadyShipped,
        OrderState.DELIVERED: OrderAlreadyShipped,
    },
    ship: {
        OrderState.PENDING: OrderNotConfirmed,
        OrderState.CONFIRMED: (OrderShipped("", ALL),),
        OrderState.REJECTED: OrderIsRejected,
        OrderState.CANCELLED: OrderIsCancelled,
        OrderState.PARTIALLY_SHIPPED: (OrderShipped("", REST),),
        OrderState.SHIPPED: (),
        OrderState.DELIVERED: (),
    },
    Order.deliver: {
        OrderState.PENDING: OrderNotShipped,
        OrderState.CONFIRMED: OrderNotShipped,
        OrderState.REJECTED: OrderNotShipped,
        OrderState.CANCELLED: OrderNotShipped,
        OrderState.PARTIALLY_SHIPPED: OrderNotShipped,
        OrderState.SHIPPED: (OrderDelivered(),),
        OrderState.DELIVERED: (),
    },
}
ROWS = [
    pytest.param(command, state, outcome, id=f"{command.__name__} {state.value}")
    for command, row in TABLE.items()
    for state, outcome in row.items()
]


def order_in(state: OrderState) -> Order:
    order = fold("order-1", occurrences(*PASTS[state]))
    assert order is not None
    return order


def occurrences(*events: OrderEvent) -> list[Occurrence]:
    return [
        Occurrence(event, f"event-{version}", version, MORNING + timedelta(minutes=version))
        for version, event in enumerate(events, start=1)
    ]


@pytest.mark.parametrize(("command", "state", "outcome"), ROWS)
def test_every_command_in_every_state(
    command: Callable[[Order], tuple[OrderEvent, ...]], state: OrderState, outcome: Outcome
) -> None:
    order = order_in(state)

    if isinstance(outcome, tuple):
        assert command(order) == outcome
    else:
        with pytest.raises(outcome, match=f"order-1 is {state.value}") as refused:
            command(order)
        assert type(refused.value) is outcome
        assert refused.value.metadata == {"state": state.value}


def test_the_table_has_every_state() -> None:
    assert all(set(row) == set(OrderState) for row in TABLE.values())
    assert set(PASTS) == set(OrderState)


@pytest.mark.parametrize("state", OrderState)
def test_events_fold_into_their_state(state: OrderState) -> None:
    order = order_in(state)

    assert order.state is state
    assert order.version == len(PASTS[state])
    assert order.place_time == MORNING + timedelta(minutes=1)
    assert order.update_time == MORNING + timedelta(minutes=order.version)


def test_prices_and_total_are_absent_until_the_order_is_confirmed() -> None:
    assert (order_in(OrderState.PENDING).unit_prices, order_in(OrderState.PENDING).total) == ((), None)
    assert order_in(OrderState.CONFIRMED).unit_prices == (MUG, TEAPOT)
    assert order_in(OrderState.CANCELLED).total == Money("EUR", 55)


def test_a_confirmation_totals_unit_price_times_quantity() -> None:
    assert order_in(OrderState.PENDING).confirm([MUG, TEAPOT]) == CONFIRMED


def test_prices_of_two_currencies_confirm_nothing() -> None:
    with pytest.raises(MixedCurrencies):
        order_in(OrderState.PENDING).confirm([MUG, Money("GBP", 30)])


def test_no_events_are_no_order() -> None:
    assert fold("order-1", []) is None


@pytest.mark.parametrize("events", [(CONFIRMED,), (PLACED, PLACED)])
def test_a_stream_begins_with_its_only_placing(events: tuple[OrderEvent, ...]) -> None:
    with pytest.raises(ValueError, match="order-1"):
        fold("order-1", occurrences(*events))


def test_final_states_are_those_in_which_no_command_does_anything() -> None:
    def something_can_happen(state: OrderState) -> bool:
        return any(isinstance(row[state], tuple) and row[state] for row in TABLE.values())

    assert {state for state in OrderState if state.is_final} == {
        state for state in OrderState if not something_can_happen(state)
    }


def test_the_order_id_comes_from_customer_and_request() -> None:
    order_id = order_id_of("alice", "breakfast")

    assert order_id == order_id_of("alice", "breakfast")
    assert UUID(order_id).version == 5
    assert len({order_id, order_id_of("bob", "breakfast"), order_id_of("alice", "lunch")}) == 3


def test_order_ids_never_change_between_releases() -> None:
    assert order_id_of("alice", "breakfast") == "4471fbb8-7c4d-5200-aa8e-ac502c502a90"


def partly_shipped(*events: OrderEvent) -> Order:
    order = fold("order-1", occurrences(PLACED, CONFIRMED, ONE_MUG, *events))
    assert order is not None
    return order


def test_a_line_is_what_was_shipped_cancelled_and_is_open() -> None:
    (cancelled,) = partly_shipped().cancel(CancelReason.SHORTAGE)
    order = partly_shipped(cancelled)

    assert [(each.shipped, each.cancelled, each.open) for each in order.progress] == [(1, 1, 0), (0, 1, 0)]
    assert (order.state, order.cancel_reason) == (OrderState.SHIPPED, CancelReason.SHORTAGE)
    assert (order.total, order.cancelled_total) == (Money("EUR", 55), MUG + TEAPOT)
    assert order.gives_stock_back
    assert order.cancel(CancelReason.CUSTOMER) == ()
    assert order.ship(Parcel()) == ()


@pytest.mark.parametrize("state", [OrderState.CANCELLED, OrderState.REJECTED])
def test_of_an_order_that_was_given_up_all_is_cancelled(state: OrderState) -> None:
    order = order_in(state)

    assert [(each.cancelled, each.open) for each in order.progress] == [(2, 0), (1, 0)]
    assert order.cancelled_total == (Money("EUR", 55) if state is OrderState.CANCELLED else None)


def test_events_with_one_shipment_id_are_one_shipment() -> None:
    order = partly_shipped(OrderShipped("parcel-1", (LinePieces("TEAPOT", 1),)), OrderShipped(rest=True))

    first, last = order.shipments
    assert first.lines == (LinePieces("MUG-RED", 1), LinePieces("TEAPOT", 1))
    assert (first.carrier, first.tracking_number) == ("DHL", "00340")
    assert (last.shipment_id, last.lines) == ("event-5", (LinePieces("MUG-RED", 1),))
    assert order.state is OrderState.SHIPPED


def test_a_parcel_that_comes_again_changes_nothing() -> None:
    assert partly_shipped().ship(Parcel("parcel-1", ONE_MUG.lines)) == ()
    assert partly_shipped(OrderShipped(rest=True)).ship(Parcel("parcel-1", ONE_MUG.lines)) == ()


@pytest.mark.parametrize("lines", [(LinePieces("MUG-RED", 2),), (LinePieces("TEAPOT", 1),), ()])
def test_an_id_names_one_parcel_only(lines: tuple[LinePieces, ...]) -> None:
    with pytest.raises(ShipmentIdReused, match="another shipment parcel-1"):
        partly_shipped().ship(Parcel("parcel-1", lines))


def test_a_parcel_with_lines_needs_an_id() -> None:
    with pytest.raises(InvalidShipment) as refused:
        partly_shipped().ship(Parcel(lines=ONE_MUG.lines))

    assert refused.value.fields[0][0] == "shipmentId"


@pytest.mark.parametrize(
    "line", [LinePieces("MUG-RED", 2), LinePieces("TEAPOT", 2), LinePieces("MUG-GONE", 1)]
)
def test_no_more_pieces_can_be_shipped_than_are_open(line: LinePieces) -> None:
    with pytest.raises(ShipmentExceedsOpen) as refused:
        partly_shipped().ship(Parcel("parcel-2", (line,)))

    assert refused.value.fields[0][0] == "lines[0].quantity"


@pytest.mark.parametrize(("total", "news"), [(0, None), (1, None), (2, 1), (9, 1)])
def test_of_what_a_warehouse_reports_only_news_are_recorded(total: int, news: int | None) -> None:
    event = partly_shipped().depart(LinePieces("MUG-RED", total), "parcel-9")

    assert event == (OrderShipped("parcel-9", (LinePieces("MUG-RED", news),)) if news else None)


def test_an_event_of_before_part_shipments_is_read_as_all_that_was_open() -> None:
    stored = envelope("OrderShipped", "order-1", 3, {})

    assert occurrence_of(stored).event == OrderShipped(rest=True)
    assert payload_of(OrderShipped(rest=True)) == {}
    assert (schema_version_of(OrderShipped(rest=True)), schema_version_of(ONE_MUG)) == (1, 2)
