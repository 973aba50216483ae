"""What customers see while a part of the mesh is silent or broken."""

import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial

import httpx
import pytest

from tests.e2e.shop import JSON, Login, answered, new_sku, order_of, refused
from tests.e2e.strict import paused
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

_SKU = "MUG-RED"


@pytest.fixture(scope="module")
def customer(strict: RunningMesh) -> Iterator[httpx.Client]:
    with strict.http() as client:
        client.auth = Login(lambda: strict.token("alice"))
        client.timeout = httpx.Timeout(30)
        yield client


@pytest.fixture(scope="module")
def staff(strict: RunningMesh) -> Iterator[httpx.Client]:
    with strict.http() as client:
        client.auth = Login(lambda: strict.token("admin"))
        yield client


def state_of(client: httpx.Client, order_id: str) -> str:
    return str(answered(client.get(f"/v1/orders/{order_id}"))["order"]["state"])


def test_while_inventory_is_silent_orders_are_pending_and_decided_later(
    strict: RunningMesh, customer: httpx.Client, staff: httpx.Client
) -> None:
    known, unknown, regretted = order_of((_SKU, 1)), order_of((new_sku(), 1)), order_of((_SKU, 2))
    before = _stock(customer)

    with paused(strict, "inventory"):
        with ThreadPoolExecutor(4) as pool:
            quoting = pool.submit(customer.post, "/v1/orders:quote", json={"lines": known["lines"]})
            placed = list(pool.map(partial(_place, customer), (known, unknown, regretted)))
        good, bad, taken_back = (order["orderId"] for order in placed)
        not_yet = staff.post(f"/v1/orders/{good}:ship", json={})
        cancelled = answered(customer.post(f"/v1/orders/{taken_back}:cancel", json={}))["order"]

    for order in placed:
        assert order["state"] == "ORDER_STATE_PENDING"
        assert "total" not in order
        assert "unitPrice" not in order["lines"][0]
    assert cancelled["state"] == "ORDER_STATE_CANCELLED"
    assert refused(not_yet, 400, "ORDER_NOT_CONFIRMED").code == 9
    assert refused(quoting.result(), 503, "INVENTORY_UNAVAILABLE").retry_after
    until(lambda: state_of(customer, good) == "ORDER_STATE_CONFIRMED", "the good order is confirmed")
    until(lambda: state_of(customer, bad) == "ORDER_STATE_REJECTED", "the bad order is rejected")
    rejection = answered(customer.get(f"/v1/orders/{bad}"))["order"]["rejection"]
    assert rejection["reason"] == "REJECTION_REASON_UNKNOWN_SKU"
    sku = unknown["lines"][0]["sku"]
    assert rejection["lines"] == [{"sku": sku, "requested": 1, "available": 0}]
    until(
        lambda: _stock(customer)["reserved"] == before["reserved"] + 1, "only the good order keeps its stock"
    )
    assert state_of(customer, taken_back) == "ORDER_STATE_CANCELLED"


def test_an_unknown_error_says_internal_error_and_a_trace_id(
    strict: RunningMesh, customer: httpx.Client
) -> None:
    with _renamed(strict, "notification", "preferences"):
        response = customer.get("/v1/users/me/notification-preferences")

    found = refused(response, 500, "INTERNAL")
    assert found.code == 13
    message = re.fullmatch(r"internal error, trace id ([0-9a-f]{32})", found.message)
    assert message
    assert message.group(1) == response.headers["x-trace-id"]
    for secret in ("preferences", "sqlite", "SELECT", "Traceback"):
        assert secret not in response.text
    assert message.group(1) in strict.home.joinpath("logs", "notification.log").read_text()


def _place(client: httpx.Client, body: JSON) -> JSON:
    return dict(answered(client.post("/v1/orders", json=body))["order"])


def _stock(client: httpx.Client) -> JSON:
    return dict(answered(client.get(f"/v1/stock/{_SKU}"))["stock"])


@contextmanager
def _renamed(mesh: RunningMesh, database: str, table: str) -> Iterator[None]:
    """Take a table away from a running service."""
    with closing(sqlite3.connect(mesh.home / "embedded" / f"{database}.db", timeout=10)) as connection:
        connection.execute(f'ALTER TABLE "{table}" RENAME TO "{table}_away"')
        try:
            yield
        finally:
            connection.execute(f'ALTER TABLE "{table}_away" RENAME TO "{table}"')
