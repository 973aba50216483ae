"""`stock movements`, `stock adjust` and `stock feed` on a running mesh."""

import json
from uuid import uuid4

import httpx

from tests.e2e.shop import Store, answered, place, refused
from tests.support.running_mesh import RunningMesh


def test_a_skus_story_is_told_with_who_and_why(
    running_mesh: RunningMesh, store: Store, alice: httpx.Client
) -> None:
    sku = store.product(berlin=5)
    order = place(alice, (sku, 2))
    running_mesh.run("stock", "adjust", sku, "--reason", "one was broken", "--", "-1")

    found = json.loads(running_mesh.run("stock", "movements", sku, "--json").stdout)["movements"]
    of_order = json.loads(
        running_mesh.run("stock", "movements", sku, "--order", order["orderId"].upper(), "--json").stdout
    )["movements"]

    assert [each["cause"].removeprefix("STOCK_MOVEMENT_CAUSE_") for each in found] == [
        "ADJUST", "COMMIT", "RESERVE", "ADJUST"
    ]  # fmt: skip
    assert (found[0]["bookQuantity"], found[0]["note"]) == (-1, "one was broken")
    assert [each["orderId"] for each in of_order] == [order["orderId"]] * 2
    assert all(len(each["traceId"]) == 32 for each in found)
    (shelf,) = json.loads(running_mesh.run("stock", "explain", sku, "--json").stdout)["shelves"]
    assert (shelf["bookQuantity"], shelf["committed"], shelf["available"]) == (4, 2, 2)
    assert "never" in running_mesh.run("stock", "explain", sku).stdout
    table = running_mesh.run("stock", "movements", sku, "--last", "1").stdout
    assert "one was broken" in table
    assert "RESERVE" not in table


def test_movements_are_read_over_rest_by_those_who_may(
    store: Store, admin: httpx.Client, alice: httpx.Client, anyone: httpx.Client
) -> None:
    path = f"/v1/stock/{store.product(berlin=5)}/movements"

    page = answered(admin.get(path, params={"cause": "STOCK_MOVEMENT_CAUSE_ADJUST", "pageSize": 1}))

    assert [each["bookQuantity"] for each in page["movements"]] == [5]
    assert page["nextPageToken"] == ""
    assert (alice.get(path).status_code, anyone.get(path).status_code) == (403, 401)
    refused(admin.get("/v1/stock/NO-SUCH-SKU/movements"), 404, "STOCK_NOT_FOUND")


def test_a_feed_is_begun_anew_once_for_each_request(
    running_mesh: RunningMesh, store: Store, wms: httpx.Client, alice: httpx.Client
) -> None:
    sku = store.product(hamburg=5)
    request = {"requestId": uuid4().hex, "reason": "restored from a backup"}
    path = "/v1/wms/feeds/hamburg:start"

    epoch = answered(wms.post(path, json=request))["epoch"]

    assert answered(wms.post(path, json=request))["epoch"] == epoch
    assert alice.post(path, json=request).status_code == 403
    refused(wms.post("/v1/wms/feeds/atlantis:start", json=request), 404, "WAREHOUSE_NOT_FOUND")
    update = {"sku": sku, "warehouse": "hamburg", "sequence": "1", "delta": {"quantity": 1}}
    acks = answered(wms.post("/v1/wms/stock-updates", json={"updates": [update]}))["acks"]
    assert [(each["result"], each["epoch"]) for each in acks] == [("STOCK_UPDATE_RESULT_COUNT_NEEDED", epoch)]
    update = update | {"count": {"onHand": 4}, "epoch": epoch}
    del update["delta"]
    acks = answered(wms.post("/v1/wms/stock-updates", json={"updates": [update]}))["acks"]
    assert [each["result"] for each in acks] == ["STOCK_UPDATE_RESULT_APPLIED"]
    assert store.stock(sku)["onHand"] == 4
    assert "restored from a backup" in running_mesh.run("stock", "feed", "list").stdout
