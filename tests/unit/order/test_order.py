"""The rules of an order, as a table: what every command does in every state."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.kernel.money import MixedCurrencies, Money
from services.order.domain.errors import (
    OrderAlreadyShipped,
    OrderIsCancelled,
    OrderIsRejected,
    OrderNotConfirmed,
    OrderNotShipped,
    WrongState,
)
from services.order.domain.events import (
    CancelReason,
    Occurrence,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderRejected,
    OrderShipped,
    PlacedLine,
    RejectionReason,
)
from services.order.domain.order import Order, OrderState, fold, order_id_of

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
REJECTED = OrderRejected(RejectionReason.OUT_OF_STOCK)

PASTS: dict[OrderState, tuple[OrderEvent, ...]] = {
    OrderState.PENDING: (PLACED,),
    OrderState.CONFIRMED: (PLACED, CONFIRMED),
    OrderState.REJECTED: (PLACED, REJECTED),
    OrderState.CANCELLED: (PLACED, CONFIRMED, CANCELLED),
    OrderState.SHIPPED: (PLACED, CONFIRMED, OrderShipped()),
    OrderState.DELIVERED: (PLACED, CONFIRMED, OrderShipped(), OrderDelivered()),
}


def cancel(order: Order) -> tuple[OrderEvent, ...]:
    return order.cancel(CancelReason.CUSTOMER)


Outcome = tuple[OrderEvent, ...] | type[WrongState]
TABLE: dict[Callable[[Order], tuple[OrderEvent, ...]], dict[OrderState, Outcome]] = {
    cancel: {
        OrderState.PENDING: (CANCELLED,),
        OrderState.CONFIRMED: (CANCELLED,),
        OrderState.REJECTED: OrderIsRejected,
        OrderState.CANCELLED: (),
        OrderState.SHIPPED: OrderAlreadyShipped,
        OrderState.DELIVERED: OrderAlreadyShipped,
    },
    Order.ship: {
        OrderState.PENDING: OrderNotConfirmed,
        OrderState.CONFIRMED: (OrderShipped(),),
        OrderState.REJECTED: OrderIsRejected,
        OrderState.CANCELLED: OrderIsCancelled,
        OrderState.SHIPPED: (),
        OrderState.DELIVERED: (),
    },
    Order.deliver: {
        OrderState.PENDING: OrderNotShipped,
        OrderState.CONFIRMED: OrderNotShipped,
        OrderState.REJECTED: OrderNotShipped,
        OrderState.CANCELLED: OrderNotShipped,
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
