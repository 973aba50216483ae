"""Stock and catalogue over REST: batches, adjustments, searches, changes by mask."""

from uuid import uuid4

import httpx
import pytest

from tests.e2e.shop import JSON, Store, answered, money, new_sku, place, refused


def test_stock_is_answered_in_the_order_of_the_question_each_sku_once(
    anyone: httpx.Client, store: Store
) -> None:
    mug, plate = store.product(berlin=1), store.product(hamburg=2)
    unknown, other = new_sku(), new_sku()

    asked = [plate, unknown, mug, plate, other, unknown]
    answer = answered(anyone.post("/v1/stock:batchGet", json={"skus": asked}))

    assert [stock["sku"] for stock in answer["stock"]] == [plate, mug]
    assert [stock["available"] for stock in answer["stock"]] == [2, 1]
    assert answer["missingSkus"] == [unknown, other]


def test_products_are_answered_in_the_order_of_the_question_each_once(
    anyone: httpx.Client, store: Store
) -> None:
    mug, plate, unknown = store.product(), store.product(), new_sku()

    answer = answered(anyone.post("/v1/products:batchGet", json={"skus": [plate, unknown, mug, plate]}))

    assert [product["sku"] for product in answer["products"]] == [plate, mug]
    assert answer["missingSkus"] == [unknown]


@pytest.mark.parametrize("path", ["/v1/stock:batchGet", "/v1/products:batchGet"])
def test_a_batch_has_1_to_500_skus(anyone: httpx.Client, path: str) -> None:
    skus = [f"NONE-{number}" for number in range(501)]

    assert answered(anyone.post(path, json={"skus": skus[:500]}))["missingSkus"] == skus[:500]
    for wrong in (skus, []):
        assert refused(anyone.post(path, json={"skus": wrong}), 400, "INVALID_REQUEST").fields == ("skus",)


def test_stock_adds_up_over_warehouses(alice: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=3, hamburg=2)
    place(alice, (sku, 4))

    stock = store.stock(sku)

    assert [each["warehouse"] for each in stock["warehouses"]] == ["berlin", "hamburg"]
    for name in ("available", "onHand", "reserved"):
        assert sum(each[name] for each in stock["warehouses"]) == stock[name]
    assert (stock["available"], stock["onHand"], stock["reserved"]) == (1, 5, 4)


def test_an_adjustment_is_idempotent_by_its_request_id(store: Store) -> None:
    sku = store.product(berlin=5)
    adjustment = {"requestId": uuid4().hex, "warehouse": "berlin", "delta": -2, "reason": "broken"}

    first = answered(store.adjust(sku, **adjustment))["stock"]
    answered(store.adjust(sku, warehouse="berlin", delta=10))
    again = answered(store.adjust(sku, **adjustment))["stock"]

    assert (first["onHand"], again["onHand"]) == (3, 13)
    for change in ({"delta": -3}, {"reason": "lost"}, {"warehouse": "hamburg"}):
        assert refused(store.adjust(sku, **adjustment | change), 409, "REQUEST_ID_REUSED").code == 6
    other = store.product(berlin=5)
    refused(store.adjust(other, **adjustment), 409, "REQUEST_ID_REUSED")
    assert store.stock(sku)["onHand"] == 13


def test_the_warehouse_may_be_left_out_only_where_there_is_one(store: Store) -> None:
    single, double = store.product(berlin=5), store.product(berlin=5, hamburg=1)

    assert answered(store.adjust(single, delta=1))["stock"]["onHand"] == 6
    found = refused(store.adjust(double, delta=1), 400, "WAREHOUSE_REQUIRED")
    assert (found.code, found.fields) == (3, ("warehouse",))
    assert store.stock(double)["onHand"] == 6


def test_less_than_is_reserved_cannot_be_on_hand(alice: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=5)
    place(alice, (sku, 4))
    before = store.stock(sku)

    found = refused(store.adjust(sku, warehouse="berlin", delta=-2), 400, "BELOW_RESERVED")

    assert found.code == 9
    assert store.stock(sku) == before
    assert answered(store.adjust(sku, warehouse="berlin", delta=-1))["stock"]["available"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"delta": 0}, "delta"),
        ({"delta": 1_000_001}, "delta"),
        ({"delta": -1_000_001}, "delta"),
        ({"reason": ""}, "reason"),
        ({"requestId": ""}, "requestId"),
        ({"warehouse": "Berlin"}, "warehouse"),
    ],
)
def test_a_bad_adjustment_names_its_field(store: Store, change: dict[str, object], field: str) -> None:
    adjustment = {"warehouse": "berlin", "delta": 1} | change

    assert refused(store.adjust("MUG-RED", **adjustment), 400, "INVALID_REQUEST").fields == (field,)


def test_what_is_unknown_cannot_be_adjusted(store: Store) -> None:
    refused(store.adjust(new_sku(), warehouse="berlin", delta=1), 404, "STOCK_NOT_FOUND")
    refused(store.adjust(store.product(berlin=1), warehouse="atlantis", delta=1), 404, "WAREHOUSE_NOT_FOUND")


def test_stock_cannot_fall_below_nothing(store: Store) -> None:
    sku = store.product(berlin=1)

    refused(store.adjust(sku, warehouse="berlin", delta=-2), 400, "BELOW_RESERVED")

    assert store.stock(sku)["onHand"] == 1


def test_products_are_found_by_category_and_words_in_a_stated_order(
    anyone: httpx.Client, store: Store
) -> None:
    word = f"w{uuid4().hex[:10]}"
    cheap = store.product(units=1, name=f"Zinc {word} bowl")
    dear = store.product(units=9, name=f"Amber {word} bowl")

    def found(**query: str) -> list[str]:
        answer = answered(anyone.get("/v1/products", params={"query": f"bowl {word}", **query}))
        return [product["sku"] for product in answer["products"]]

    assert found() == found(orderBy="name") == [dear, cheap]
    assert found(orderBy="price") == [cheap, dear]
    assert found(orderBy="price desc") == [dear, cheap]
    assert found(orderBy="sku") == sorted([cheap, dear])
    assert found(category="tests", query=word.upper()) == [dear, cheap]
    assert found(category="kitchen") == []
    refused(anyone.get("/v1/products", params={"orderBy": "colour"}), 400, "INVALID_REQUEST")


def test_products_page_without_gaps_and_doubles(anyone: httpx.Client, store: Store) -> None:
    word = f"w{uuid4().hex[:10]}"
    made = {store.product(name=f"Cup {word}") for _ in range(5)}

    seen = [product["sku"] for product in _whole_catalogue(anyone, query=word, pageSize="2")]

    assert (len(seen), set(seen)) == (5, made)
    foreign = {
        "query": "other",
        "pageToken": answered(anyone.get("/v1/products?pageSize=1"))["nextPageToken"],
    }
    refused(anyone.get("/v1/products", params=foreign), 400, "INVALID_PAGE_TOKEN")


def test_the_demo_catalogue_is_there(anyone: httpx.Client) -> None:
    demo = [product for product in _whole_catalogue(anyone) if product["category"] != "tests"]
    stock = answered(anyone.post("/v1/stock:batchGet", json={"skus": [product["sku"] for product in demo]}))

    assert len(demo) >= 60
    assert len({product["category"] for product in demo}) >= 4
    assert {each["warehouse"] for found in stock["stock"] for each in found["warehouses"]} == {
        "berlin",
        "hamburg",
    }


def test_a_product_is_changed_by_a_mask_only(admin: httpx.Client, store: Store) -> None:
    sku = store.product(name="Old name")
    path, change = f"/v1/products/{sku}", {"product": {"name": "New name", "price": money(99)}}

    for masked in ({}, {"updateMask": ""}, {"updateMask": "available"}, {"updateMask": "sku"}):
        assert refused_mask(admin.patch(path, json=change | masked))
    assert refused_mask(admin.patch(path, json={}))
    answer = answered(admin.patch(path, json=change | {"updateMask": "name"}))["product"]
    assert (answer["name"], answer["price"]) == ("New name", money(12))


@pytest.mark.parametrize("product", [{"description": "new"}, {"name": None}], ids=["absent", "null"])
def test_a_masked_value_that_is_absent_changes_nothing(
    admin: httpx.Client, store: Store, product: JSON
) -> None:
    path = f"/v1/products/{store.product()}"
    before = answered(admin.get(path))

    found = refused(
        admin.patch(path, json={"product": product, "updateMask": "name"}), 400, "INVALID_REQUEST"
    )

    assert found.fields == ("product.name",)
    assert answered(admin.get(path)) == before


def test_nothing_costs_nothing_unless_it_is_meant(admin: httpx.Client, store: Store) -> None:
    sku = store.product()
    path, free = f"/v1/products/{sku}", {"currencyCode": "EUR"}
    product = answered(admin.get(path))["product"]
    new = product | {"sku": new_sku(), "price": free}

    refused(admin.post("/v1/products", json=new), 400, "INVALID_PRODUCT")
    change = {"product": {"price": free}, "updateMask": "price"}
    assert refused(admin.patch(path, json=change), 400, "INVALID_PRODUCT").fields == ("product.price",)
    imported = {"products": [product | {"price": free}], "validateOnly": False}
    found = refused(admin.post("/v1/products:import", json=imported), 400, "INVALID_PRODUCT")
    assert found.fields == ("products[0].price",)
    assert answered(admin.get(path))["product"] == product

    answered(admin.post("/v1/products?allowZeroPrice=true", json=new))
    answered(admin.patch(path, json=change | {"allowZeroPrice": True}))
    again = answered(admin.post("/v1/products:import", json=imported | {"allowZeroPrice": True}))
    assert (again["createdCount"], again["unchangedCount"]) == (0, 1)


def test_what_makes_something_real_is_said_and_not_assumed(
    admin: httpx.Client, wms: httpx.Client, store: Store
) -> None:
    sku = store.product(berlin=5)
    product = answered(admin.get(f"/v1/products/{sku}"))["product"]
    line = {"sku": sku, "warehouse": "berlin", "onHand": 7}
    count = {"sku": sku, "warehouse": "berlin", "sequence": "1", "count": {}}

    found = refused(admin.post("/v1/products:import", json={"products": [product]}), 400, "INVALID_REQUEST")
    assert found.fields == ("validateOnly",)
    found = refused(wms.post("/v1/wms:reconcile", json={"lines": [line]}), 400, "INVALID_REQUEST")
    assert found.fields == ("repair",)
    del line["onHand"]
    body = {"lines": [line], "repair": True}
    assert refused(wms.post("/v1/wms:reconcile", json=body), 400, "INVALID_REQUEST").fields == (
        "lines[0].onHand",
    )
    found = refused(wms.post("/v1/wms/stock-updates", json={"updates": [count]}), 400, "INVALID_REQUEST")
    assert found.fields == ("updates[0].count.onHand",)
    assert store.stock(sku)["onHand"] == 5


@pytest.mark.parametrize(
    "price",
    [
        {"currencyCode": "JPY", "units": "1", "nanos": 500_000_000},
        {"currencyCode": "EUR", "units": "1", "nanos": 1_000_000},
        {"currencyCode": "KWD", "units": "1", "nanos": 100_000},
        {"currencyCode": "ABC", "units": "1"},
        {"currencyCode": "XAU", "units": "1"},
    ],
)
def test_a_price_that_nobody_can_pay_is_refused(admin: httpx.Client, store: Store, price: JSON) -> None:
    product = answered(admin.get(f"/v1/products/{store.product()}"))["product"]

    found = refused(
        admin.post("/v1/products", json=product | {"sku": new_sku(), "price": price}), 400, "INVALID_REQUEST"
    )

    assert found.fields[0].startswith("product.price")


def test_a_taken_sku_is_a_conflict(admin: httpx.Client, store: Store) -> None:
    product = answered(admin.get(f"/v1/products/{store.product()}"))["product"]

    assert refused(admin.post("/v1/products", json=product), 409, "PRODUCT_EXISTS").code == 6


def refused_mask(response: httpx.Response) -> bool:
    body = response.json()
    fields = [violation["field"] for violation in body["details"][1]["fieldViolations"]]
    return response.status_code == httpx.codes.BAD_REQUEST and "updateMask" in fields


def _whole_catalogue(client: httpx.Client, **query: str) -> list[JSON]:
    """Every page of a question."""
    products: list[JSON] = []
    token = ""
    while True:
        page = answered(client.get("/v1/products", params={**query, "pageToken": token}))
        products += page["products"]
        token = page["nextPageToken"]
        if not token:
            return products
