"""Orders that leave in parts: over REST, from the warehouse, on the command line, to mail and page."""

import json

import httpx
import pytest

from tests.e2e.people import mails_about, text_of
from tests.e2e.shop import JSON, Store, answered, place, refused
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until


@pytest.fixture
def order(alice: httpx.Client, store: Store) -> JSON:
    """Three of one product and two of another."""
    mug = store.product(name="Mug of parts", berlin=9)
    pot = store.product(name="Pot of parts", berlin=9)
    return place(alice, (mug, 3), (pot, 2))


def parcel(shipment_id: str, **more: object) -> JSON:
    return {"shipmentId": shipment_id, **more}


def progress(order: JSON) -> list[tuple[int, int, int]]:
    """Of each line what was shipped, cancelled and is open."""
    return [
        (line["shippedQuantity"], line["cancelledQuantity"], line["openQuantity"]) for line in order["lines"]
    ]


def test_an_order_leaves_in_parcels(order: JSON, admin: httpx.Client, store: Store) -> None:
    mug, pot = (line["sku"] for line in order["lines"])
    path = f"/v1/orders/{order['orderId']}:ship"
    first = parcel("box-1", lines=[{"sku": mug, "quantity": 1}], carrier=" DHL ", trackingNumber="0034")

    shipped = answered(admin.post(path, json=first))["order"]

    assert shipped["state"] == "ORDER_STATE_PARTIALLY_SHIPPED"
    assert progress(shipped) == [(1, 0, 2), (0, 0, 2)]
    (box,) = shipped["shipments"]
    assert (box["shipmentId"], box["carrier"], box["trackingNumber"]) == ("box-1", "DHL", "0034")
    assert box["lines"] == [{"sku": mug, "quantity": 1}]
    assert answered(admin.post(path, json=first))["order"] == shipped
    refused(
        admin.post(path, json=first | {"lines": [{"sku": pot, "quantity": 1}]}), 409, "SHIPMENT_ID_REUSED"
    )
    too_many = refused(
        admin.post(path, json=parcel("box-2", lines=[{"sku": mug, "quantity": 3}])),
        400,
        "SHIPMENT_EXCEEDS_OPEN",
    )
    assert too_many.fields == ("lines[0].quantity",)
    nameless = refused(
        admin.post(path, json={"lines": [{"sku": mug, "quantity": 1}]}), 400, "INVALID_REQUEST"
    )
    assert nameless.fields == ("shipmentId",)
    refused(store.deliver(order["orderId"]), 400, "ORDER_NOT_SHIPPED")
    until(lambda: store.stock(mug)["reserved"] == 2, "the piece leaves the stock")

    whole = answered(store.ship(order["orderId"]))["order"]
    assert (whole["state"], progress(whole)) == ("ORDER_STATE_SHIPPED", [(3, 0, 0), (2, 0, 0)])
    until(lambda: [store.stock(sku)["onHand"] for sku in (mug, pot)] == [6, 7], "all of it leaves the stock")


def test_what_is_open_of_an_order_can_be_cancelled(
    running_mesh: RunningMesh, order: JSON, alice: httpx.Client, admin: httpx.Client, store: Store
) -> None:
    mug, pot = (line["sku"] for line in order["lines"])
    path = f"/v1/orders/{order['orderId']}"
    answered(admin.post(f"{path}:ship", json=parcel("box-1", lines=[{"sku": mug, "quantity": 1}])))

    cancelled = answered(alice.post(f"{path}:cancel", json={}))["order"]

    assert (cancelled["state"], cancelled["cancelReason"]) == ("ORDER_STATE_SHIPPED", "CUSTOMER")
    assert progress(cancelled) == [(1, 2, 0), (0, 2, 0)]
    assert cancelled["total"] == order["total"]
    assert answered(alice.post(f"{path}:cancel", json={}))["order"] == cancelled
    assert answered(store.deliver(order["orderId"]))["order"]["state"] == "ORDER_STATE_DELIVERED"
    until(lambda: [store.stock(sku)["available"] for sku in (mug, pot)] == [8, 9], "the rest is given back")
    until(lambda: len(mails_about(running_mesh, order["orderId"])) == 2, "the mail about the cancellation")
    (mail,) = [each for each in mails_about(running_mesh, order["orderId"]) if "cancelled" in each["subject"]]
    assert "2 \N{MULTIPLICATION SIGN} Mug of parts" in text_of(mail)


def test_a_warehouse_that_reports_one_piece_ships_one_piece(
    order: JSON, alice: httpx.Client, wms: httpx.Client, store: Store
) -> None:
    mug, _ = (line["sku"] for line in order["lines"])
    gone = {"quantity": -1, "orderId": order["orderId"], "shipmentId": "wms-1"}
    update = {"sku": mug, "warehouse": "berlin", "sequence": "1", "delta": gone}
    (ack,) = answered(wms.post("/v1/wms/stock-updates", json={"updates": [update]}))["acks"]
    assert ack["result"] == "STOCK_UPDATE_RESULT_APPLIED"

    def seen() -> JSON:
        return dict(answered(alice.get(f"/v1/orders/{order['orderId']}"))["order"])

    until(lambda: seen()["state"] == "ORDER_STATE_PARTIALLY_SHIPPED", "the order hears of it")

    assert progress(seen()) == [(1, 0, 2), (0, 0, 2)]
    assert [each["shipmentId"] for each in seen()["shipments"]] == ["wms-1"]
    stock = store.stock(mug)
    assert (stock["onHand"], stock["reserved"]) == (8, 2)


def test_parcels_on_the_command_line(running_mesh: RunningMesh, order: JSON) -> None:
    mug, _ = (line["sku"] for line in order["lines"])
    shipped = running_mesh.run(
        "orders", "ship", order["orderId"], "--line", f"{mug}=2", "--carrier", "DHL"
    ).stdout
    assert "PARTIALLY_SHIPPED" in shipped
    assert "(2 shipped, 1 open)" in shipped

    differences = running_mesh.run("orders", "diff", order["orderId"], "2", "3").stdout
    assert "lines[0].openQuantity: 3 → 1" in differences
    found = json.loads(running_mesh.run("orders", "ship", order["orderId"], "--json").stdout)["order"]
    assert found["state"] == "ORDER_STATE_SHIPPED"
    assert running_mesh.run("orders", "verify", order["orderId"]).stdout.startswith("valid")


def test_a_simulated_warehouse_picks_short_and_in_several_parcels(
    running_mesh: RunningMesh, order: JSON, alice: httpx.Client
) -> None:
    lines = {line["sku"]: line["quantity"] for line in order["lines"]}
    picks = [
        part for sku, pieces in lines.items() for part in ("--pick", f"{order['orderId']}:{sku}={pieces}")
    ]
    running_mesh.run(
        "wms",
        "simulate",
        "--count",
        "0",
        "--seed",
        "1",
        "--short",
        "1",
        "--splits",
        "1",
        "--duplicates",
        "0.5",
        *picks,
    )

    def left() -> int:
        found = answered(alice.get(f"/v1/orders/{order['orderId']}"))["order"]
        return sum(shipped for shipped, _, _ in progress(found))

    until(lambda: left() > 0, "what was found has left")
    assert left() < sum(lines.values())
