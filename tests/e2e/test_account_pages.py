"""From the registration to the end in a real browser, in each language, light and dark."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.page import Page
from tests.e2e.people import mailed_token, mails_to, new_email
from tests.support.accessibility import SCHEMES, WCAG, prefer, problems
from tests.support.chromium import DESKTOP, PHONE, resize
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

_PASSWORD, _SECOND = "horses count batteries", "batteries count staples"
_SLOT = {"en": "Overview", "de": "Übersicht"}


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody in a browser.

    Attributes:
        language: What the browser asks for.
        look: Judges each page that is shown, under a name.
    """

    page: Page
    mesh: RunningMesh
    language: str
    email: str
    look: Callable[[str], None]

    def go(self, path: str) -> None:
        self.page.browser.get(f"{self.page.url}{path}")

    def fill(self, button: str = "main form button[type=submit]", **fields: str) -> None:
        """Fill in a form by the ids of its fields, and send it."""
        for name, value in fields.items():
            field = self.page.find(f"#{name}")
            field.clear()
            field.send_keys(value)
        self.page.click(button)

    def open_mailed(self, page: str) -> None:
        self.go(f"/account/{page}?token={mailed_token(self.mesh, self.email, page)}")


@pytest.fixture(params=["en", "de"])
def customer(request: pytest.FixtureRequest, page: Page, running_mesh: RunningMesh) -> Iterator[Customer]:
    language: str = request.param
    browser = page.browser
    agent = browser.execute_script("return navigator.userAgent")
    browser.execute_cdp_cmd(
        "Network.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": f"{language},en;q=0.1"}
    )

    def look(name: str) -> None:
        _look(page, f"account-{name}-{language}", language)

    yield Customer(page, running_mesh, language, new_email(), look)
    prefer(browser, "light")
    resize(browser, DESKTOP)


def test_a_customer_comes_stays_and_goes(customer: Customer) -> None:
    page = customer.page
    page.open()
    page.click("a[href='/account/register']")
    page.shows("#email")
    customer.look("register")
    customer.fill(email=customer.email)
    page.shows("main form input[name=email][type=hidden]")
    customer.look("look-at-mails")

    customer.open_mailed("verify")
    customer.fill(displayName="Zoë", password="Password1234")
    until(lambda: page.text("#password-wrong") != "", "the password to be refused")
    assert page.run("return document.activeElement.id") == "password"
    customer.look("verify")
    customer.fill(displayName="Zoë", password=_PASSWORD)
    page.click("a.button[href='/account/login']")
    customer.fill(email=customer.email, password="not this one at all")
    page.shows("#problem")
    customer.look("login")
    customer.fill(email=customer.email, password=_PASSWORD)

    until(lambda: page.text("nav a[aria-current]") == _SLOT[customer.language], "the account")
    for path in ("", "/addresses", "/password", "/email", "/sessions", "/export", "/erase"):
        customer.go(f"/account{path}")
        customer.look(path.strip("/") or "overview")

    customer.go("/account/password")
    customer.fill(currentPassword=_PASSWORD, newPassword=_SECOND)
    page.shows("[role=status]")
    until(lambda: len(mails_to(customer.mesh, customer.email)) >= 2, "the mail about the password")

    customer.go("/account/erase")
    page.click("input[name=sure]")
    page.click("main form button[type=submit]")
    page.shows("a.button[href='/session/logout']")
    customer.look("erased")
    customer.go("/account")
    page.shows("#password")


def test_the_shop_and_the_account_are_one_login(customer: Customer) -> None:
    page, password = customer.page, customer.mesh.credentials()["alice"]["password"]
    page.open()
    page.log_in("alice@example.com", password)

    page.click("a[href='/account']")
    page.shows("#user-locale")
    page.click("footer a[href='/account/logout']")
    page.click("main form button[type=submit]")

    page.shows("a[href='/session/login']")
    customer.go("/account")
    page.shows("#password")


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1/orders", "/account/nothing"], ids=["none", "api", "account"]
)
def test_a_refusal_is_a_page_with_a_way_on(customer: Customer, path: str) -> None:
    customer.go(path)

    customer.look(f"refused{path.replace('/', '-')}")
    assert customer.page.browser.find_elements("css selector", "main a[href], footer a[href]")


def _look(page: Page, name: str, language: str) -> None:
    """A page is judged by axe, in both schemes, and on a phone; pictures are kept to look at."""
    browser = page.browser
    assert browser.execute_script("return document.documentElement.lang") == language
    for scheme in SCHEMES:
        prefer(browser, scheme)
        assert not (found := problems(browser, (*WCAG, "best-practice"))), f"{name}, {scheme}: {found}"
        page.picture(f"{name}-{scheme}")
    resize(browser, PHONE)
    assert page.sideways() == 0, name
    page.picture(f"{name}-phone")
    resize(browser, DESKTOP)
