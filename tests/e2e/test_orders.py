"""Placing an order over REST: its price, its request id, and why it is rejected."""

from uuid import UUID, uuid4

import httpx

from tests.e2e.shop import Store, answered, money, order_of, place, refused


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
