"""What customers see while a part of the mesh is silent or broken."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from tests.e2e.shop import Login, answered, new_sku, order_of, refused
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


def test_while_inventory_is_silent_an_order_is_pending_and_decided_later(
    strict: RunningMesh, customer: httpx.Client, staff: httpx.Client
) -> None:
    known, unknown = order_of((_SKU, 1)), order_of((new_sku(), 1))

    with paused(strict, "inventory"):
        good = answered(customer.post("/v1/orders", json=known))["order"]
        bad = answered(customer.post("/v1/orders", json=unknown))["order"]
        not_yet = staff.post(f"/v1/orders/{good['orderId']}:ship", json={})
        quoted = customer.post("/v1/orders:quote", json={"lines": known["lines"]})

    for order in (good, bad):
        assert order["state"] == "ORDER_STATE_PENDING"
        assert "total" not in order
        assert "unitPrice" not in order["lines"][0]
    assert refused(not_yet, 400, "ORDER_NOT_CONFIRMED").code == 9
    assert refused(quoted, 503, "INVENTORY_UNAVAILABLE").retry_after
    until(
        lambda: state_of(customer, good["orderId"]) == "ORDER_STATE_CONFIRMED", "the good order is confirmed"
    )
    until(lambda: state_of(customer, bad["orderId"]) == "ORDER_STATE_REJECTED", "the bad order is rejected")
    rejection = answered(customer.get(f"/v1/orders/{bad['orderId']}"))["order"]["rejection"]
    assert rejection["reason"] == "REJECTION_REASON_UNKNOWN_SKU"
    sku = unknown["lines"][0]["sku"]
    assert rejection["lines"] == [{"sku": sku, "requested": 1, "available": 0}]


def test_a_pending_order_can_be_cancelled(strict: RunningMesh, customer: httpx.Client) -> None:
    before = answered(customer.get(f"/v1/stock/{_SKU}"))["stock"]

    with paused(strict, "inventory"):
        order_id = answered(customer.post("/v1/orders", json=order_of((_SKU, 2))))["order"]["orderId"]
        cancelled = answered(customer.post(f"/v1/orders/{order_id}:cancel", json={}))["order"]

    assert cancelled["state"] == "ORDER_STATE_CANCELLED"
    until(
        lambda: answered(customer.get(f"/v1/stock/{_SKU}"))["stock"]["reserved"] == before["reserved"],
        "nothing is reserved for it",
    )
    assert state_of(customer, order_id) == "ORDER_STATE_CANCELLED"


def test_an_unknown_error_says_internal_error_and_a_trace_id(
    strict: RunningMesh, customer: httpx.Client
) -> None:
    with _renamed(strict, "notification", "preferences"):
        response = customer.get("/v1/users/me/notification-preferences")

    found = refused(response, 500, "INTERNAL")
    assert found.code == 13
    told = re.fullmatch(r"internal error, trace id ([0-9a-f]{32})", found.message)
    assert told
    assert told.group(1) == response.headers["x-trace-id"]
    for secret in ("preferences", "sqlite", "SELECT", "Traceback"):
        assert secret not in response.text
    assert told.group(1) in strict.home.joinpath("logs", "notification.log").read_text()


@contextmanager
def _renamed(mesh: RunningMesh, database: str, table: str) -> Iterator[None]:
    """Take a table away from a running service."""
    with closing(sqlite3.connect(mesh.home / "embedded" / f"{database}.db", timeout=10)) as connection:
        connection.execute(f'ALTER TABLE "{table}" RENAME TO "{table}_away"')
        try:
            yield
        finally:
            connection.execute(f'ALTER TABLE "{table}_away" RENAME TO "{table}"')
