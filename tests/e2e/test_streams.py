"""Streams over REST: what is checked before the first message, what comes, how they end."""

import signal
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.shop import JSON, Login, Store, new_sku, order_of, place, refused, watching
from tests.e2e.strict import Forger, restart
from tests.support.running_mesh import RunningMesh

HEARTBEAT_SECONDS = 15


def test_checks_happen_before_the_first_message(anyone: httpx.Client) -> None:
    watch = "/v1/stock:watch"

    refused(anyone.get(watch, params={"skus": ["MUG-RED", new_sku()]}), 404, "STOCK_NOT_FOUND")
    refused(anyone.get(watch), 400, "INVALID_REQUEST")
    refused(anyone.get(watch, params={"skus": "mug"}), 400, "INVALID_REQUEST")
    refused(anyone.get(f"/v1/orders/{'0' * 36}:watch"), 401, "TOKEN_REQUIRED")


def test_up_to_100_skus_are_watched(anyone: httpx.Client) -> None:
    products = anyone.get("/v1/products", params={"pageSize": 101}).json()["products"]
    skus = [product["sku"] for product in products]

    many = [f"NONE-{number}" for number in range(101)]
    assert refused(anyone.get("/v1/stock:watch", params={"skus": many}), 400, "INVALID_REQUEST").fields == (
        "skus",
    )
    with watching(anyone, "/v1/stock:watch", skus=skus[:100]) as messages:
        seen = {next(messages)["stock"]["sku"] for _ in skus[:100]}
    assert seen == set(skus[:100])


def test_a_silent_stream_beats_every_15_seconds(
    anyone: httpx.Client, alice: httpx.Client, store: Store
) -> None:
    sku = store.product(berlin=2)
    order_id = place(alice, (sku, 1))["orderId"]

    with (
        anyone.stream("GET", "/v1/stock:watch", params={"skus": sku}, timeout=40) as stock,
        alice.stream("GET", f"/v1/orders/{order_id}:watch", timeout=40) as order,
    ):
        for response in (stock, order):
            lines = (line for line in response.iter_lines() if line)
            next(lines)
            assert '"heartbeat":{"sendTime":"' in next(lines)


def test_a_stream_ends_with_its_token_and_says_so(
    running_mesh: RunningMesh, anyone: httpx.Client, alice: httpx.Client, store: Store
) -> None:
    order_id = place(alice, (store.product(berlin=1), 1))["orderId"]
    assert isinstance(alice.auth, Login)
    token = Forger.of(running_mesh).token(alice.auth.token(), exp=int(time.time()) + 3)

    with anyone.stream(
        "GET", f"/v1/orders/{order_id}:watch", headers={"authorization": f"Bearer {token}"}
    ) as response:
        lines = [line for line in response.iter_lines() if line]

    assert len(lines) == 2
    assert lines[-1] == 'data: {"closed":{"reason":"CLOSE_REASON_TOKEN_EXPIRED"}}'


@pytest.mark.parametrize(
    ("how", "says_why"), [(signal.SIGTERM, True), (signal.SIGKILL, False)], ids=["drained", "killed"]
)
def test_a_stream_whose_service_ends_says_why_unless_it_was_killed(
    strict: RunningMesh, how: signal.Signals, says_why: bool
) -> None:
    with strict.http() as client, watching(client, "/v1/stock:watch", skus=["MUG-RED"]) as messages:
        assert next(messages)["stock"]["sku"] == "MUG-RED"
        restart(strict, "inventory", how=how)
        rest = _until_the_end(messages)

    closed = {"closed": {"reason": "CLOSE_REASON_DRAINING"}}
    assert rest == ([closed] if says_why else [])
    with strict.http() as client, watching(client, "/v1/stock:watch", skus=["MUG-RED"]) as messages:
        assert next(messages)["stock"]["sku"] == "MUG-RED"


def test_a_new_order_appears_on_the_stock_stream_of_another_customer(
    bob: httpx.Client, alice: httpx.Client, store: Store
) -> None:
    sku = store.product(berlin=5)

    with watching(bob, "/v1/stock:watch", skus=sku) as messages:
        versions = [next(messages)["stock"]["version"]]
        assert alice.post("/v1/orders", json=order_of((sku, 2))).status_code == httpx.codes.OK
        for message in messages:
            versions.append(message["stock"]["version"])
            if message["stock"]["reserved"] == 2:
                break

    assert versions == sorted(set(versions))


def _until_the_end(messages: Iterator[JSON]) -> list[JSON]:
    """What came; a broken connection ends like a clean one, only without `closed`."""
    came: list[JSON] = []
    try:
        came.extend(messages)
    except httpx.RemoteProtocolError:
        return came
    return came
