"""The shop's page in a real browser, from the shelves to the order, on a running mesh."""

import httpx
import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.action_chains import ActionChains

from tests.e2e.page import Page
from tests.e2e.shop import Store, answered, money, new_sku, place
from tests.support.chromium import DESKTOP, PHONE, resize
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

_VIEWS = ("", "#/cart", "#/orders", "#/?q=mug&category=kitchen&sort=price", "#/nowhere")


def _reach_checkout(page: Page, sku: str, quantity: int) -> None:
    page.open(f"#/?q={sku}")
    page.add(sku, quantity)
    page.click("a[href='#/cart']")
    page.fill_address()


def _order(page: Page, sku: str, quantity: int) -> None:
    _reach_checkout(page, sku, quantity)
    page.place()
    until(lambda: page.order_state() == "Confirmed", "the order to be confirmed")


def test_products_are_found_by_words_and_category_and_turned_by_pages(page: Page, store: Store) -> None:
    first, second = (store.product(name=f"Findable {each}", berlin=3) for each in ("lamp", "chair"))
    page.open()
    page.search("findable chair")
    until(lambda: page.text(".summary").startswith("1 product"), "one product")
    assert page.texts(".card h2") == ["Findable chair"]

    page.open("#/?category=tests&q=findable")
    until(lambda: len(page.texts(".card")) >= 2, "both products")
    assert page.run("return document.querySelector('#category').value") == "tests"
    page.picture("products")

    page.open()
    until(lambda: len(page.skus()) > len((first, second)), "the first page")
    skus = page.skus()
    page.click(".pages a")
    until(lambda: page.skus() != [] and set(page.skus()).isdisjoint(skus), "the next page")
    page.browser.back()
    until(lambda: page.skus() == skus, "the first page again")


def test_stock_on_the_shelf_falls_while_others_order(page: Page, store: Store, alice: httpx.Client) -> None:
    sku = store.product(berlin=9)
    page.open(f"#/?q={sku}")
    page.shows(".results[data-live]")
    assert page.stock(sku) == "9 in stock"

    order = place(alice, (sku, 6))
    until(lambda: page.stock(sku) == "Only 3 left", "the stock to fall")
    place(alice, (sku, 3))
    until(lambda: page.stock(sku) == "Sold out", "the stock to run out")
    assert not page.find(f"[data-sku='{sku}'] button").is_enabled()

    answered(alice.post(f"/v1/orders/{order['orderId']}:cancel", json={}))
    until(lambda: page.stock(sku) == "6 in stock", "the stock to come back")


def test_a_customer_logs_in_on_the_way_and_orders(
    page: Page, store: Store, running_mesh: RunningMesh, alice: httpx.Client
) -> None:
    sku = store.product(name="Ordinary thing", units=12, cents=90, berlin=5)
    page.open(f"#/?q={sku}")
    page.add(sku, 2)
    page.click("a[href='#/cart']")
    until(lambda: page.text(".sum output") == "€25.80", "the quote")
    page.picture("cart")

    page.log_in("alice@example.com", running_mesh.password("alice"))
    page.fill_address()
    page.picture("checkout")
    page.place()
    until(lambda: page.order_state() == "Confirmed", "the order to be confirmed")
    page.picture("confirmed")

    order = answered(alice.get(f"/v1/orders/{page.order_id()}"))["order"]
    assert order["total"] == money(25, 80)
    assert order["shippingAddress"]["postalCode"] == "10115"
    stock = store.stock(sku)
    assert (stock["available"], stock["reserved"]) == (3, 2)
    assert page.text("a[href='#/cart']") == "Cart (0)"
    page.click("nav a[href='#/orders']")
    until(lambda: "Ordinary thing" in page.text(".order-row a"), "the order at the head of the list")


def test_an_open_order_shows_what_becomes_of_it(alices_page: Page, store: Store) -> None:
    sku = store.product(berlin=2)
    _order(alices_page, sku, 1)
    alices_page.shows(".order[data-live]")
    order_id = alices_page.order_id()
    answered(store.ship(order_id))
    until(lambda: alices_page.order_state() == "Shipped", "the order to be shipped")
    answered(store.deliver(order_id))
    until(lambda: alices_page.order_state() == "Delivered", "the order to be delivered")
    assert alices_page.texts(".order button") == []


def test_a_customer_cancels_an_order_after_being_asked(alices_page: Page, store: Store) -> None:
    sku = store.product(berlin=2)
    _order(alices_page, sku, 1)
    alices_page.click(".order .actions button")
    alices_page.shows("dialog[open]")
    ActionChains(alices_page.browser).send_keys(Keys.ESCAPE).perform()
    until(lambda: alices_page.texts("dialog") == [], "the question to be gone")
    assert alices_page.order_state() == "Confirmed"

    alices_page.click(".order .actions button")
    alices_page.click("dialog .primary")
    until(lambda: alices_page.order_state() == "Cancelled", "the order to be cancelled")
    until(lambda: store.stock(sku)["available"] == 2, "the stock to come back")


def test_too_much_in_the_cart_is_told_and_corrected(alices_page: Page, store: Store) -> None:
    sku = store.product(name="Scarce thing", units=12, cents=50, berlin=2)
    _reach_checkout(alices_page, sku, 3)
    until(lambda: "Only 2 available" in alices_page.text(".shortage"), "the shortage")
    alices_page.place()
    until(lambda: "not enough in stock" in alices_page.notice(), "the rejection")
    assert "Scarce thing: 3 ordered, 2 available" in alices_page.notice()
    alices_page.picture("rejected")

    alices_page.click(".shortage button")
    until(lambda: alices_page.text(".sum output") == "€25.00", "the new quote")
    alices_page.place()
    until(lambda: alices_page.order_state() == "Confirmed", "the order to be confirmed")


def test_nobody_pays_a_price_that_was_not_shown(alices_page: Page, store: Store) -> None:
    sku = store.product(units=12, cents=50, berlin=2)
    _reach_checkout(alices_page, sku, 1)
    until(lambda: alices_page.text(".sum output") == "€12.50", "the quote")
    store.reprice(sku, money(14))
    alices_page.place()
    until(lambda: "now costs €14.00" in alices_page.notice(), "the rejection")
    until(lambda: alices_page.text(".sum output") == "€14.00", "the new quote")
    alices_page.place()
    until(lambda: alices_page.order_state() == "Confirmed", "the order to be confirmed")


def test_what_the_service_says_about_a_field_stands_beside_it(alices_page: Page, store: Store) -> None:
    sku = store.product(berlin=2)
    _reach_checkout(alices_page, sku, 1)
    alices_page.find("#address-line1").clear()
    alices_page.find("#address-line2").send_keys("kept")
    alices_page.run("document.querySelector('.order-form').noValidate = true")
    alices_page.place()
    until(lambda: alices_page.text("#address-line1-complaint") != "", "the complaint")
    focused = alices_page.run("return document.activeElement.id")
    assert focused == "address-line1"
    assert alices_page.run("return document.querySelector('#address-line2').value") == "kept"
    alices_page.picture("field")


def test_an_ended_session_asks_to_log_in_and_loses_nothing(
    alices_page: Page, store: Store, running_mesh: RunningMesh
) -> None:
    sku = store.product(units=12, cents=50, berlin=2)
    _reach_checkout(alices_page, sku, 1)
    until(lambda: alices_page.text(".sum output") == "€12.50", "the quote")
    alices_page.browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    alices_page.place()
    until(lambda: "session has ended" in alices_page.notice(), "the request to log in")
    alices_page.log_in("alice@example.com", running_mesh.password("alice"))
    alices_page.place()
    until(lambda: alices_page.order_state() == "Confirmed", "the order to be confirmed")


def test_an_order_that_is_gone_from_the_shop_is_told_apart(alices_page: Page, store: Store) -> None:
    sku = store.product(berlin=2)
    alices_page.open(f"#/?q={sku}")
    alices_page.add(sku)
    answered(store.staff.post(f"/v1/products/{sku}:retire", json={}))
    alices_page.click("a[href='#/cart']")
    until(lambda: "Sold out" in alices_page.text(".shortage"), "the missing product")
    assert not alices_page.find(".order-form > button").is_enabled()
    alices_page.click(".line .how-many button")
    until(lambda: "Your cart is empty" in alices_page.text(".empty"), "the empty cart")


def test_a_strangers_order_cannot_be_opened(alices_page: Page, store: Store, bob: httpx.Client) -> None:
    order = place(bob, (store.product(berlin=1), 1))
    alices_page.open(f"#/orders/{order['orderId']}")
    until(lambda: "does not exist, or it is not yours" in alices_page.notice(), "the refusal")


def test_the_page_holds_no_token(alices_page: Page, running_mesh: RunningMesh) -> None:
    seen = alices_page.run("return document.cookie + JSON.stringify({...localStorage, ...sessionStorage})")
    assert "eyJ" not in seen
    cookies = alices_page.browser.get_cookies()
    assert [cookie["name"] for cookie in cookies if not cookie["httpOnly"]] == []
    loaded = alices_page.run("return performance.getEntries().map(entry => entry.name)")
    assert [name for name in loaded if "://" in name and not name.startswith(running_mesh.url)] == []


def test_logging_out_leaves_nothing_of_the_customer(alices_page: Page, store: Store) -> None:
    _reach_checkout(alices_page, store.product(berlin=2), 1)
    alices_page.place()
    until(lambda: alices_page.order_state() == "Confirmed", "the order to be confirmed")
    alices_page.click("a[href='/session/logout']")
    alices_page.shows("a[href='/session/login']")
    assert alices_page.run("return sessionStorage.length") == 0
    assert (
        alices_page.run("return fetch('/v1/users/me').then(answer => answer.status)")
        == httpx.codes.UNAUTHORIZED
    )
    alices_page.click("a[href='/session/login']")
    alices_page.shows("#password")
    alices_page.picture("login")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_view_fits_its_window_and_names_its_controls(
    alices_page: Page, store: Store, size: tuple[int, int]
) -> None:
    resize(alices_page.browser, size)
    _order(alices_page, store.product(name="A thing with quite a long name to fit in", berlin=9), 2)
    order = f"#/orders/{alices_page.order_id()}"
    alices_page.open("#/?q=mug")
    alices_page.add("MUG-RED", 3)
    for view in (*_VIEWS, order):
        alices_page.open(view)
        until(lambda: alices_page.texts("[aria-busy]") == [], "the view to settle")
        alices_page.picture(f"{size[0]}-{view.strip('#/').split('?')[0][:6] or 'shop'}")
        assert alices_page.sideways() == 0, view
        assert alices_page.unnamed_controls() == [], view


def test_the_page_is_used_by_keyboard_alone(page: Page) -> None:
    page.open("#/?q=MUG-RED")
    page.shows("[data-sku=MUG-RED]")
    keys = ActionChains(page.browser)
    keys.send_keys(Keys.TAB).perform()
    assert page.run("return document.activeElement.className") == "skip"
    keys.send_keys(Keys.ENTER).perform()
    assert page.run("return document.activeElement.id") == "main"
    # Search field, its button, category, order, the card's button.
    keys.send_keys(Keys.TAB * 5).send_keys(Keys.ENTER).perform()
    until(lambda: page.text("a[href='#/cart']") == "Cart (1)", "the mug in the cart")


def test_an_address_of_nothing_says_so(page: Page) -> None:
    page.open(f"#/{new_sku()}")
    assert page.text("h1") == "Nothing here"
