"""Idempotency of PlaceOrder, and the orders that it refuses."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from mesh.places import country_of
from tests.e2e.shop import HOME, JSON, Store, answered, money, new_sku, order_of, place, refused
from tests.e2e.stores import rows
from tests.support.running_mesh import RunningMesh

REQUIRED = ("recipient", "line1", "city", "postalCode", "countryCode")
OPTIONAL = ("line2", "region")
# With and without postal codes, regions and towns; the largest shops' forms differ among all of them.
COUNTRIES = (
    *(
        "AE",
        "AR",
        "AT",
        "AU",
        "BR",
        "CA",
        "CH",
        "CL",
        "CN",
        "CZ",
        "DE",
        "EG",
        "ES",
        "FR",
        "GB",
        "GH",
        "HK",
        "IE",
    ),
    *(
        "IN",
        "IT",
        "JP",
        "KE",
        "KR",
        "KW",
        "MO",
        "MX",
        "NG",
        "NL",
        "NO",
        "NZ",
        "PL",
        "PT",
        "QA",
        "SE",
        "SG",
        "TH",
    ),
    *("TW", "US", "XK", "ZA"),
)


def address_in(country_code: str) -> dict[str, str]:
    """An address with all that a country requires."""
    country = country_of(country_code)
    assert country is not None
    return HOME | {
        "city": "Town" if "city" in country.used else "",
        "region": country.regions[0].key if country.regions else "",
        "postalCode": country.postal_code_example,
        "countryCode": country_code,
    }


def orders_stored(mesh: RunningMesh) -> int:
    """How many orders there are, of anybody."""
    return len(rows(mesh, "order", "SELECT DISTINCT order_id FROM commits"))


def test_the_same_decoded_command_may_be_written_otherwise(alice: httpx.Client, store: Store) -> None:
    body = order_of((store.product(berlin=5), 2))
    first = answered(alice.post("/v1/orders", json=body))

    sparse = {name: value for name, value in HOME.items() if value}
    written = dict(reversed({**body, "shippingAddress": sparse, "expectedTotal": None}.items()))

    assert answered(alice.post("/v1/orders", json=written)) == first


@pytest.mark.parametrize(
    "change",
    [
        {"shippingAddress": HOME | {"line2": "2nd floor"}},
        {"shippingAddress": HOME | {"recipient": "Bob Brown"}},
        {"expectedTotal": money(12)},
    ],
    ids=["line2", "recipient", "expected-total"],
)
def test_another_decoded_command_is_a_conflict(alice: httpx.Client, store: Store, change: JSON) -> None:
    body = order_of((store.product(units=12, berlin=5), 1))
    first = answered(alice.post("/v1/orders", json=body))

    refused(alice.post("/v1/orders", json=body | change), 409, "REQUEST_ID_REUSED")

    assert answered(alice.post("/v1/orders", json=body)) == first


def test_lines_in_another_sequence_are_another_command(alice: httpx.Client, store: Store) -> None:
    mug, plate = store.product(berlin=5), store.product(berlin=5)
    body = order_of((mug, 1), (plate, 1))
    answered(alice.post("/v1/orders", json=body))

    refused(alice.post("/v1/orders", json=body | {"lines": body["lines"][::-1]}), 409, "REQUEST_ID_REUSED")


def test_parallel_calls_with_one_request_id_make_one_order(alice: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=50)
    body = order_of((sku, 3))

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: alice.post("/v1/orders", json=body), range(20)))

    assert len({answered(answer)["order"]["orderId"] for answer in answers}) == 1
    assert store.stock(sku)["reserved"] == 3


def test_a_rejected_order_needs_a_new_request_id_to_be_tried_again(alice: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=1)
    body = order_of((sku, 2))
    assert answered(alice.post("/v1/orders", json=body))["order"]["state"] == "ORDER_STATE_REJECTED"
    answered(store.adjust(sku, warehouse="berlin", delta=5))

    assert answered(alice.post("/v1/orders", json=body))["order"]["state"] == "ORDER_STATE_REJECTED"
    again = alice.post("/v1/orders", json=body | {"requestId": new_sku()})
    assert answered(again)["order"]["state"] == "ORDER_STATE_CONFIRMED"


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([("MUG-RED", 1), ("MUG-RED", 2)], "lines"),
        ([("MUG-RED", 0)], "lines[0].quantity"),
        ([("MUG-RED", -1)], "lines[0].quantity"),
        ([("MUG-RED", 1000)], "lines[0].quantity"),
        ([], "lines"),
        ([(f"MUG-{number}", 1) for number in range(101)], "lines"),
        ([("mug", 1)], "lines[0].sku"),
        ([("MUG-RED", 1), ("NO-SUCH-MUG", 1)], "lines[1].sku"),
    ],
    ids=["twice", "zero", "negative", "1000", "none", "101", "malformed", "unknown"],
)
def test_a_bad_order_names_the_field_and_stores_nothing(
    running_mesh: RunningMesh, alice: httpx.Client, lines: list[tuple[str, int]], field: str
) -> None:
    before = orders_stored(running_mesh)
    body = order_of(*lines)

    reason = "UNKNOWN_SKU" if field == "lines[1].sku" else "INVALID_REQUEST"
    found = refused(alice.post("/v1/orders", json=body), 400, reason)

    assert found.code == 3
    assert found.fields == (field,)
    assert orders_stored(running_mesh) == before


def test_the_largest_order_is_accepted(anyone: httpx.Client, alice: httpx.Client, store: Store) -> None:
    skus = [product["sku"] for product in _whole_catalogue(anyone) if product["available"]][:60]
    skus += [store.product(berlin=1) for _ in range(100 - len(skus))]

    order = place(alice, *((sku, 1) for sku in skus))
    answered(alice.post(f"/v1/orders/{order['orderId']}:cancel", json={}))

    assert (len(order["lines"]), order["state"]) == (100, "ORDER_STATE_CONFIRMED")
    most = store.product(berlin=999)
    assert place(alice, (most, 999))["state"] == "ORDER_STATE_CONFIRMED"


@pytest.mark.parametrize(
    "lines", [[], [("MUG-RED", 1), ("MUG-RED", 1)], [("MUG-RED", 1000)], [("MUG-RED", 0)]]
)
def test_a_quote_obeys_the_same_rules(anyone: httpx.Client, lines: list[tuple[str, int]]) -> None:
    body = {"lines": order_of(*lines)["lines"]}

    assert (
        refused(anyone.post("/v1/orders:quote", json=body), 400, "INVALID_REQUEST").fields[0][:5] == "lines"
    )


def test_a_retired_product_is_not_sold_any_more(alice: httpx.Client, store: Store) -> None:
    sku = store.product(berlin=5)
    answered(store.staff.post(f"/v1/products/{sku}:retire", json={}))

    assert refused(alice.post("/v1/orders", json=order_of((sku, 1))), 400, "UNKNOWN_SKU").fields == (
        "lines[0].sku",
    )
    quote = answered(alice.post("/v1/orders:quote", json={"lines": [{"sku": sku, "quantity": 1}]}))["quote"]
    assert (quote["available"], quote["lines"][0]["available"]) == (False, 0)
    assert answered(alice.get(f"/v1/products/{sku}"))["product"]["retired"] is True


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_part_of_the_address_is_required(alice: httpx.Client, missing: str) -> None:
    for address in (HOME | {missing: ""}, {name: HOME[name] for name in HOME if name != missing}):
        body = order_of(("MUG-RED", 1), shippingAddress=address)

        found = refused(alice.post("/v1/orders", json=body), 400, "INVALID_REQUEST")

        assert found.fields == (f"shippingAddress.{missing}",)


def test_an_address_is_required(alice: httpx.Client) -> None:
    body: dict[str, Any] = order_of(("MUG-RED", 1))
    del body["shippingAddress"]

    assert refused(alice.post("/v1/orders", json=body), 400, "INVALID_REQUEST").fields == ("shippingAddress",)


@pytest.mark.parametrize("country_code", COUNTRIES)
def test_people_order_to_where_they_live(alice: httpx.Client, store: Store, country_code: str) -> None:
    address = address_in(country_code)

    order = place(alice, (store.product(berlin=5), 1), shippingAddress=address)

    assert order["state"] == "ORDER_STATE_CONFIRMED"
    assert order["shippingAddress"] == address


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"postalCode": "?!"}, "postalCode"),
        ({"postalCode": "1234"}, "postalCode"),
        ({"countryCode": "AC"}, "countryCode"),
        ({"countryCode": "US", "postalCode": "90210", "region": "Bavaria"}, "region"),
        ({"countryCode": "HK", "postalCode": "", "region": ""}, "region"),
        ({"recipient": "\u200b"}, "recipient"),
        ({"line1": "1 Main\u202e Street"}, "line1"),
        ({"city": "Ber\nlin"}, "city"),
    ],
)
def test_an_address_that_is_none_stores_nothing(
    running_mesh: RunningMesh, alice: httpx.Client, change: JSON, field: str
) -> None:
    before = orders_stored(running_mesh)
    body = order_of(("MUG-RED", 1), shippingAddress=HOME | change)

    found = refused(alice.post("/v1/orders", json=body), 400, "INVALID_REQUEST")

    assert found.fields == (f"shippingAddress.{field}",)
    assert orders_stored(running_mesh) == before


def test_a_text_written_otherwise_is_the_same_order(alice: httpx.Client, store: Store) -> None:
    body = order_of((store.product(berlin=5), 1), shippingAddress=HOME | {"recipient": "Zo\u00eb Ample"})
    first = answered(alice.post("/v1/orders", json=body))

    otherwise = body | {"shippingAddress": HOME | {"recipient": "  Zoe\u0308 Ample\u00a0"}}

    assert answered(alice.post("/v1/orders", json=otherwise)) == first
    assert first["order"]["shippingAddress"]["recipient"] == "Zo\u00eb Ample"


def test_an_order_id_in_capitals_is_the_same_order(alice: httpx.Client, store: Store) -> None:
    order = place(alice, (store.product(berlin=5), 1))

    assert answered(alice.get(f"/v1/orders/{order['orderId'].upper()}"))["order"] == order


def test_second_line_and_region_may_be_left_out(alice: httpx.Client, store: Store) -> None:
    address = {name: value for name, value in HOME.items() if name not in OPTIONAL}

    order = place(alice, (store.product(berlin=5), 1), shippingAddress=address)

    assert order["shippingAddress"] == HOME


def test_a_quote_tells_when_everything_is_available(anyone: httpx.Client, store: Store) -> None:
    sku = store.product(units=3, cents=33, berlin=4, hamburg=2)

    quote = answered(anyone.post("/v1/orders:quote", json={"lines": [{"sku": sku, "quantity": 6}]}))["quote"]

    assert quote["available"] is True
    assert quote["lines"] == [
        {
            "sku": sku,
            "name": "A thing",
            "quantity": 6,
            "available": 6,
            "unitPrice": money(3, 33),
            "lineTotal": money(19, 98),
        }
    ]


def _whole_catalogue(client: httpx.Client) -> list[JSON]:
    return list(answered(client.get("/v1/products", params={"pageSize": 200}))["products"])
