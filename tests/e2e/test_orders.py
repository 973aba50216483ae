"""One order from the token to the mail, over REST."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID, uuid4

import httpx

from tests.e2e.shop import JSON, Store, answered, money, order_of, place, refused, watching
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until


def mails_about(mesh: RunningMesh, order_id: str) -> list[EmailMessage]:
    """The mails that name an order."""
    mails = (_read(path) for path in sorted(mesh.home.glob("mail/*.eml")))
    return [mail for mail in mails if order_id in _text(mail)]


def test_an_order_is_confirmed_and_priced(alice: httpx.Client, store: Store) -> None:
    mug, plate = store.product(units=12, cents=90, berlin=5), store.product(units=3, hamburg=5)

    order = place(alice, (mug, 2), (plate, 1))

    assert order["state"] == "ORDER_STATE_CONFIRMED"
    assert UUID(order["orderId"]).version == 5
    assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [(mug, 2), (plate, 1)]
    assert [line["unitPrice"] for line in order["lines"]] == [money(12, 90), money(3)]
    assert [line["lineTotal"] for line in order["lines"]] == [money(25, 80), money(3)]
    assert order["total"] == money(28, 80)


def test_the_same_body_again_answers_the_same_order(alice: httpx.Client, store: Store) -> None:
    body = order_of((store.product(berlin=5), 2))

    first = answered(alice.post("/v1/orders", json=body))
    again = answered(alice.post("/v1/orders", json=body))

    assert again == first


def test_the_same_request_id_with_another_body_is_a_conflict(alice: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=5)
    body = order_of((sku, 2))
    answered(alice.post("/v1/orders", json=body))

    others = [body | order_of((sku, 3), requestId=body["requestId"]), body | {"expectedTotal": money(25)}]
    for other in others:
        found = refused(alice.post("/v1/orders", json=other), 409, "REQUEST_ID_REUSED")
        assert found.code == 6
    assert store.stock(sku)["reserved"] == 2


def test_a_request_id_belongs_to_its_customer(alice: httpx.Client, bob: httpx.Client, store: Store) -> None:
    body = order_of((store.product(berlin=5), 1))

    mine = answered(alice.post("/v1/orders", json=body))["order"]
    yours = answered(bob.post("/v1/orders", json=body))["order"]

    assert mine["orderId"] != yours["orderId"]


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
    assert "Planter of one test" in _text(mail)
    answered(alice.post(f"/v1/orders/{order['orderId']}:cancel", json={}))
    until(lambda: len(mails_about(running_mesh, order["orderId"])) > 1, "the mail about the cancellation")
    assert len(mails_about(running_mesh, order["orderId"])) == 2


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


def test_without_a_token_nothing_is_ordered(anyone: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=5)

    found = refused(anyone.post("/v1/orders", json=order_of((sku, 1))), 401, "TOKEN_REQUIRED")

    assert found.code == 16
    assert store.stock(sku)["reserved"] == 0


def test_a_quote_prices_without_ordering(anyone: httpx.Client, store: Store) -> None:
    mug, gone = store.product(units=2, cents=5, berlin=5), f"NONE-{uuid4().hex[:8].upper()}"

    body = {"lines": [{"sku": mug, "quantity": 6}, {"sku": gone, "quantity": 1}]}
    quote = answered(anyone.post("/v1/orders:quote", json=body))["quote"]

    assert quote["total"] == money(12, 30)
    assert quote["available"] is False
    assert [(line["sku"], line["available"]) for line in quote["lines"]] == [(mug, 5), (gone, 0)]
    assert "unitPrice" not in quote["lines"][1]
    assert store.stock(mug)["reserved"] == 0


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


def test_what_is_not_there_is_rejected_with_the_lines_that_fell_short(
    alice: httpx.Client, store: Store
) -> None:
    enough, little = store.product(berlin=5), store.product(berlin=2, hamburg=1)
    body = order_of((enough, 1), (little, 4))

    order = answered(alice.post("/v1/orders", json=body))["order"]

    assert order["state"] == "ORDER_STATE_REJECTED"
    assert order["rejection"]["reason"] == "REJECTION_REASON_OUT_OF_STOCK"
    assert order["rejection"]["lines"] == [{"sku": little, "requested": 4, "available": 3}]
    assert "currentTotal" not in order["rejection"]
    assert "total" not in order
    assert store.stock(enough)["reserved"] == store.stock(little)["reserved"] == 0
    answered(store.adjust(little, warehouse="berlin", delta=10))
    assert answered(alice.post("/v1/orders", json=body))["order"] == order


def test_another_total_than_expected_is_rejected_with_the_current_one(
    alice: httpx.Client, store: Store
) -> None:
    sku = store.product(units=12, berlin=5)

    order = place(alice, (sku, 2), expectedTotal=money(20))

    assert order["state"] == "ORDER_STATE_REJECTED"
    assert order["rejection"]["reason"] == "REJECTION_REASON_PRICE_CHANGED"
    assert order["rejection"]["lines"] == []
    assert order["rejection"]["currentTotal"] == money(24)
    assert store.stock(sku)["reserved"] == 0
    assert place(alice, (sku, 2), expectedTotal=money(24))["state"] == "ORDER_STATE_CONFIRMED"


def test_out_of_stock_wins_over_a_changed_price(alice: httpx.Client, store: Store) -> None:
    order = place(alice, (store.product(units=12, berlin=1), 2), expectedTotal=money(1))

    assert order["rejection"]["reason"] == "REJECTION_REASON_OUT_OF_STOCK"


def test_an_order_keeps_the_price_it_was_confirmed_at(alice: httpx.Client, store: Store) -> None:
    sku = store.product(units=12, berlin=5)
    order = place(alice, (sku, 1))

    store.reprice(sku, money(99))

    assert answered(alice.get(f"/v1/orders/{order['orderId']}"))["order"]["total"] == money(12)
    assert place(alice, (sku, 1))["total"] == money(99)


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


def _read(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""
