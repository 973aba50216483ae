"""What is seen of orders over REST: history, lists and watches, and nothing by strangers."""

from collections.abc import Iterator
from uuid import uuid4

import httpx

from tests.e2e.shop import JSON, Store, answered, money, place, refused, watching


def test_a_strangers_order_answers_exactly_like_none(
    alice: httpx.Client, bob: httpx.Client, admin: httpx.Client, store: Store
) -> None:
    theirs, none = place(alice, (store.product(berlin=5), 1))["orderId"], str(uuid4())

    for stranger in (bob, admin):
        answers = []
        for order_id in (theirs, none):
            path = f"/v1/orders/{order_id}"
            for response in (
                stranger.get(path),
                stranger.get(f"{path}:watch"),
                stranger.post(f"{path}:cancel", json={}),
            ):
                refused(response, 404, "ORDER_NOT_FOUND")
                answers.append((order_id, response.text.replace(order_id, "ID")))
        assert {text for order_id, text in answers if order_id == theirs} == {
            text for order_id, text in answers if order_id == none
        }


def test_the_history_tells_who_did_what(
    alice: httpx.Client, bob: httpx.Client, admin: httpx.Client, store: Store
) -> None:
    order = place(alice, (store.product(berlin=5), 1))
    path = f"/v1/orders/{order['orderId']}/history"
    answered(store.ship(order["orderId"]))

    events = answered(alice.get(path))["events"]

    assert [event["version"] for event in events] == [1, 2, 3]
    assert [event["type"] for event in events] == ["OrderPlaced", "OrderConfirmed", "OrderShipped"]
    assert [event["occurTime"] for event in events] == sorted(event["occurTime"] for event in events)
    assert [event["actor"].split(":")[0] for event in events] == ["customer", "customer", "staff"]
    assert events[0]["actor"] == f"customer:{order['customerId']}"
    assert events[0]["data"]["shippingAddress"]["recipient"] == "Alice Adams"
    assert events[1]["data"]["total"] == money(12)
    assert answered(admin.get(path))["events"] == events
    refused(bob.get(path), 404, "ORDER_NOT_FOUND")


def test_orders_are_listed_newest_first_page_by_page(alice: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=5)
    placed = [place(alice, (sku, 1))["orderId"] for _ in range(5)]

    first = answered(alice.get("/v1/orders", params={"pageSize": 2}))
    second = answered(alice.get("/v1/orders", params={"pageSize": 2, "pageToken": first["nextPageToken"]}))

    listed = [order["orderId"] for page in (first, second) for order in page["orders"]]
    assert listed == placed[:0:-1]
    found = refused(alice.get("/v1/orders", params={"pageToken": "nonsense"}), 400, "INVALID_PAGE_TOKEN")
    assert found.fields == ("pageToken",)


def test_the_last_page_has_no_token(admin: httpx.Client, store: Store) -> None:
    placed = {place(admin, (store.product(berlin=1), 1))["orderId"] for _ in range(3)}

    listed, token = set[str](), ""
    while page := answered(admin.get("/v1/orders", params={"pageSize": 1, "pageToken": token})):
        listed |= {order["orderId"] for order in page["orders"]}
        token = page["nextPageToken"]
        if not token:
            break

    assert placed <= listed


def test_watching_an_order_shows_what_becomes_of_it(alice: httpx.Client, store: Store) -> None:
    order_id = place(alice, (store.product(berlin=5), 1))["orderId"]

    with watching(alice, f"/v1/orders/{order_id}:watch") as messages:
        assert next(messages)["order"]["state"] == "ORDER_STATE_CONFIRMED"
        answered(store.ship(order_id))
        assert _next_order(messages)["state"] == "ORDER_STATE_SHIPPED"
        answered(store.deliver(order_id))
        assert _next_order(messages)["state"] == "ORDER_STATE_DELIVERED"
        assert next(messages)["closed"] == {"reason": "CLOSE_REASON_FINAL_STATE"}
        assert list(messages) == []


def test_watching_stock_shows_every_sku_at_once_and_each_change(
    anyone: httpx.Client, alice: httpx.Client, store: Store
) -> None:
    mug, plate = store.product(berlin=5), store.product(berlin=9)

    with watching(anyone, "/v1/stock:watch", skus=[mug, plate]) as messages:
        first = [next(messages)["stock"], next(messages)["stock"]]
        assert {stock["sku"]: stock["available"] for stock in first} == {mug: 5, plate: 9}
        place(alice, (plate, 2))
        changed = next(message["stock"] for message in messages if _available(message) == 7)
        assert (changed["sku"], changed["reserved"]) == (plate, 2)


def _next_order(messages: Iterator[JSON]) -> JSON:
    return next(message["order"] for message in messages if "order" in message)


def _available(message: JSON) -> int:
    return int(message.get("stock", {}).get("available", -1))
