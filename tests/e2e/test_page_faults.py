"""The shop's page while services are silent, dead or say that it is too much."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from selenium.webdriver import Chrome

from tests.e2e.page import Page
from tests.e2e.shop import Store, answered, place
from tests.support.running_mesh import RunningMesh, up
from tests.support.waiting import until

pytestmark = pytest.mark.long

_ORDERS_AT_ONCE = 2


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    """A mesh that may be hurt, and that takes few orders a minute."""
    folder = tmp_path_factory.mktemp("hurt")
    limits = folder / "limits.json"
    limits.write_text(
        json.dumps({"classes": {"place_order": {"rate_per_minute": 20, "burst": _ORDERS_AT_ONCE}}})
    )
    with up(folder / "home", SHOPMESH_LIMITS_FILE=str(limits)) as mesh:
        yield mesh


@pytest.fixture(scope="module")
def store(mesh: RunningMesh) -> Iterator[Store]:
    with mesh.http(mesh.token("admin")) as staff:
        yield Store(staff)


@pytest.fixture
def page(browser: Chrome, mesh: RunningMesh) -> Page:
    return Page(browser, mesh.url)


def test_an_order_without_an_answer_is_sent_again_and_made_once(
    page: Page, mesh: RunningMesh, store: Store
) -> None:
    sku = store.product(berlin=5)
    _reach_checkout(page, mesh, "alice", sku)
    with _silent(mesh, "order"):
        page.place()
        until(lambda: "We do not know" in page.notice(), "the page to say that it does not know")
        page.picture("unknown")

    page.open("#/cart")
    until(lambda: "We do not know" in page.notice(), "the page to remember it")
    with mesh.http(mesh.token("alice")) as alice:
        until(lambda: alice.get("/v1/orders").status_code == httpx.codes.OK, "orders to be answered again")
        page.click(".notice .primary")
        until(lambda: page.order_state() == "Confirmed", "the order to be confirmed")
        orders = answered(alice.get("/v1/orders"))["orders"]
    assert [order["orderId"] for order in orders] == [page.order_id()]
    assert store.stock(sku)["reserved"] == 1


def test_too_many_orders_have_to_wait_and_then_go_through(
    page: Page, mesh: RunningMesh, store: Store
) -> None:
    sku = store.product(berlin=9)
    _reach_checkout(page, mesh, "bob", sku)
    with mesh.http(mesh.token("bob")) as bob:
        for _ in range(_ORDERS_AT_ONCE):
            place(bob, (sku, 1))
    page.place()
    until(lambda: "Please wait" in page.notice(), "the page to say that it was too much")
    page.picture("too-many")
    page.click(".notice button")
    until(lambda: page.order_state() == "Confirmed", "the order to be confirmed")


def test_stock_is_live_again_after_the_service_died(page: Page, mesh: RunningMesh, store: Store) -> None:
    sku = store.product(berlin=9)
    page.open(f"#/?q={sku}")
    page.shows(".results[data-live]")
    os.kill(mesh.parts()["inventory"]["pid"], signal.SIGKILL)
    until(lambda: page.texts(".results[data-live]") == [], "the page to notice")
    until(lambda: _adjusted(store, sku), "inventory to take an adjustment")
    until(lambda: page.stock(sku) == "Only 4 left", "the stock to be live again")


def _reach_checkout(page: Page, mesh: RunningMesh, name: str, sku: str) -> None:
    page.open(f"#/?q={sku}")
    page.add(sku)
    page.click("a[href='#/cart']")
    page.log_in(f"{name}@example.com", mesh.password(name))
    page.fill_address()


def _adjusted(store: Store, sku: str) -> bool:
    command = {"requestId": "once", "warehouse": "berlin", "delta": -5}
    return store.adjust(sku, **command).status_code == httpx.codes.OK


@contextmanager
def _silent(mesh: RunningMesh, service: str) -> Iterator[None]:
    """The service's process is there and does nothing."""
    pid = mesh.parts()[service]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
