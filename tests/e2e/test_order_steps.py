"""What becomes of an order over REST: its stock, its mails, cancelled, shipped and delivered."""

import httpx

from tests.e2e.people import mails_about, text_of
from tests.e2e.shop import Store, answered, order_of, place, refused
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until


def test_stock_moves_by_exactly_the_quantity(alice: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=5, hamburg=4)
    before = store.stock(sku)

    order = place(alice, (sku, 7))
    held = store.stock(sku)
    answered(alice.post(f"/v1/orders/{order['orderId']}:cancel", json={}))

    assert (before["available"], before["onHand"], before["reserved"]) == (9, 9, 0)
    assert (held["available"], held["onHand"], held["reserved"]) == (2, 9, 7)
    after = store.stock(sku)
    assert (after["available"], after["onHand"], after["reserved"]) == (9, 9, 0)


def test_the_confirmation_is_mailed_once(
    running_mesh: RunningMesh, alice: httpx.Client, store: Store
) -> None:
    body = order_of((store.product(name="Planter of one test", berlin=5), 2))
    order = answered(alice.post("/v1/orders", json=body))["order"]
    answered(alice.post("/v1/orders", json=body))

    until(lambda: bool(mails_about(running_mesh, order["orderId"])), "the mail")

    mail = mails_about(running_mesh, order["orderId"])[0]
    assert mail["to"] == "Alice <alice@example.com>"
    assert "Planter of one test" in text_of(mail)
    answered(alice.post(f"/v1/orders/{order['orderId']}:cancel", json={}))
    until(lambda: len(mails_about(running_mesh, order["orderId"])) > 1, "the mail about the cancellation")
    assert len(mails_about(running_mesh, order["orderId"])) == 2


def test_cancelling_again_changes_nothing(alice: httpx.Client, store: Store) -> None:
    order_id = place(alice, (store.product(berlin=5), 1))["orderId"]

    first = answered(alice.post(f"/v1/orders/{order_id}:cancel", json={}))
    again = answered(alice.post(f"/v1/orders/{order_id}:cancel", json={}))

    assert first["order"]["state"] == "ORDER_STATE_CANCELLED"
    assert again == first


def test_a_repeated_command_answers_the_order_as_it_is_now(alice: httpx.Client, store: Store) -> None:
    body = order_of((store.product(berlin=5), 1))
    order_id = answered(alice.post("/v1/orders", json=body))["order"]["orderId"]
    answered(alice.post(f"/v1/orders/{order_id}:cancel", json={}))

    assert answered(alice.post("/v1/orders", json=body))["order"]["state"] == "ORDER_STATE_CANCELLED"


def test_shipping_and_delivering(alice: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=5)
    order_id = place(alice, (sku, 2))["orderId"]

    refused(store.deliver(order_id), 400, "ORDER_NOT_SHIPPED")
    shipped = answered(store.ship(order_id))["order"]
    assert shipped["state"] == "ORDER_STATE_SHIPPED"
    assert answered(store.ship(order_id))["order"] == shipped
    cancelling = alice.post(f"/v1/orders/{order_id}:cancel", json={})
    assert refused(cancelling, 400, "ORDER_ALREADY_SHIPPED").code == 9
    delivered = answered(store.deliver(order_id))["order"]
    assert delivered["state"] == "ORDER_STATE_DELIVERED"
    assert answered(store.deliver(order_id))["order"] == delivered
    assert answered(store.ship(order_id))["order"] == delivered
    refused(alice.post(f"/v1/orders/{order_id}:cancel", json={}), 400, "ORDER_ALREADY_SHIPPED")
    until(lambda: store.stock(sku)["reserved"] == 0, "the shipment leaves the stock")
    stock = store.stock(sku)
    assert (stock["available"], stock["onHand"]) == (3, 3)


def test_a_cancelled_or_rejected_order_is_not_shipped(alice: httpx.Client, store: Store) -> None:
    cancelled = place(alice, (store.product(berlin=1), 1))["orderId"]
    answered(alice.post(f"/v1/orders/{cancelled}:cancel", json={}))
    rejected = place(alice, (store.product(berlin=1), 2))["orderId"]

    assert refused(store.ship(cancelled), 400, "ORDER_CANCELLED").code == 9
    assert refused(store.ship(rejected), 400, "ORDER_REJECTED").code == 9
    refused(store.deliver(rejected), 400, "ORDER_NOT_SHIPPED")
    refused(store.deliver(cancelled), 400, "ORDER_NOT_SHIPPED")
    assert refused(alice.post(f"/v1/orders/{rejected}:cancel", json={}), 400, "ORDER_REJECTED").code == 9
