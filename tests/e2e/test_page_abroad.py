"""People order from everywhere: form, order and mail in the ways of their country and currency."""

from dataclasses import dataclass

import pytest

from tests.e2e.page import Page
from tests.e2e.people import mails_about, text_of
from tests.e2e.shop import JSON, Store
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

NO_BREAK_SPACE = "\u00a0"


@dataclass(frozen=True)
class Afar:
    """An order of two pieces from somewhere.

    Attributes:
        price: Of one.
        total: As the page and the mail write it.
        address: Beside recipient and first line.
        town: The lines of the address behind these two.
        country: How its name begins: browsers do not agree about all of it.
    """

    price: JSON
    total: str
    address: JSON
    town: tuple[str, ...]
    country: str


HONG_KONG = Afar(
    {"currencyCode": "JPY", "units": "1500"},
    "¥3,000",
    {"countryCode": "HK", "city": "Mong Kok", "region": "Kowloon"},
    ("Mong Kok", "Kowloon"),
    "Hong Kong",
)
KUWAIT = Afar(
    {"currencyCode": "KWD", "units": "1", "nanos": 234_000_000},
    "KWD 2.468",
    {"countryCode": "KW", "city": "Salmiya", "postalCode": "54541"},
    ("54541 Salmiya",),
    "Kuwait",
)
AMERICA = Afar(
    {"currencyCode": "EUR", "units": "1", "nanos": 500_000_000},
    "€3.00",
    {"countryCode": "US", "city": "Beverly Hills", "region": "CA", "postalCode": "90210"},
    ("Beverly Hills, CA 90210",),
    "United States",
)


@pytest.mark.parametrize("afar", [HONG_KONG, KUWAIT, AMERICA], ids=lambda afar: afar.address["countryCode"])
def test_people_order_from_everywhere_in_their_money(
    alices_page: Page, store: Store, running_mesh: RunningMesh, afar: Afar
) -> None:
    page, sku = alices_page, store.product(name="A thing from afar", price=afar.price, berlin=5)
    page.open(f"#/?q={sku}")
    page.add(sku, 2)
    page.click("a[href='#/cart']")
    page.fill_address({"recipient": "Alice Adams", "line1": "Main Street 1"} | afar.address)
    for name in ("city", "region", "postalCode"):
        assert page.find(f"#address-{name}").is_displayed() == (name in afar.address)
    page.picture(f"address-{afar.address['countryCode']}")
    page.place()
    until(lambda: page.order_state() == "Confirmed", "the order to be confirmed")

    *lines, country = page.texts("address span")
    assert lines == ["Alice Adams", "Main Street 1", *afar.town]
    assert country.startswith(afar.country)
    assert page.text("td.total").replace(NO_BREAK_SPACE, " ") == afar.total
    page.picture(f"order-{afar.address['countryCode']}")
    order_id = page.order_id()
    until(lambda: bool(mails_about(running_mesh, order_id)), "the mail")
    (mail,) = mails_about(running_mesh, order_id)
    assert afar.total in text_of(mail).replace(NO_BREAK_SPACE, " ")
