"""The shop's page as a person uses it."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium.common.exceptions import ElementNotInteractableException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from tests.support.waiting import until

_PICTURES = Path("tests/output/page")
_ADDRESS = {
    "recipient": "Alice Adams",
    "line1": "Main Street 1",
    "postalCode": "10115",
    "city": "Berlin",
}
_NAMED_ROLES = frozenset({"button", "link", "textbox", "searchbox", "spinbutton", "combobox", "dialog"})


@dataclass(frozen=True, slots=True)
class Page:
    """A browser on the shop's page.

    Attributes:
        browser: The browser.
        url: Where the shop is.
    """

    browser: Chrome
    url: str

    def open(self, hash_: str = "") -> None:
        """Load the page anew at one of its addresses."""
        self.browser.get("about:blank")
        self.browser.get(f"{self.url}/{hash_}")
        self.shows("h1")

    def search(self, query: str) -> None:
        """Look for products and wait for the answer."""
        field = self.find("#query")
        field.clear()
        field.send_keys(query)
        field.submit()

    def add(self, sku: str, times: int = 1) -> None:
        for _ in range(times):
            self.click(f"[data-sku='{sku}'] button")

    def stock(self, sku: str) -> str:
        """What a product's card says about its stock."""
        return self.text(f"[data-sku='{sku}'] .stock")

    def skus(self) -> list[str]:
        """The products that are shown."""
        script = "return [...document.querySelectorAll('.card[data-sku]')].map(card => card.dataset.sku)"
        return list(self.run(script))

    def log_in(self, email: str, password: str) -> None:
        """Log in from wherever the page is; it comes back there."""
        self.click("a[href='/session/login']")
        self.shows("#password")
        # The browser complains where it is typed into a page that has not chosen its field yet.
        until(lambda: bool(self.run("return document.activeElement.id")), "the page to choose a field")
        self.find("#email").send_keys(email)
        self.find("#password").send_keys(password)
        self.click("button[type=submit]")
        self.shows("a[href='/session/logout']")

    def fill_address(self, address: Mapping[str, str] = _ADDRESS) -> None:
        """Fill in the form; the country comes first, it says which fields there are."""
        for name, value in sorted(address.items(), key=lambda item: item[0] != "countryCode"):
            field = self.find(f"#address-{name}")
            if field.tag_name == "select":
                Select(field).select_by_value(value)
            else:
                field.clear()
                field.send_keys(value)

    def place(self) -> None:
        """Press the button that orders, once a total is agreed upon."""
        until(lambda: bool(re.search("[0-9]", self.text(".order-form > button"))), "a total to agree upon")
        self.click(".order-form > button")

    def order_state(self) -> str:
        return self.text(".order .state")

    def order_id(self) -> str:
        return self.text(".order code")

    def notice(self) -> str:
        return self.text(".notice")

    def text(self, css: str) -> str:
        """The visible text of the first match; empty without one."""
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", css))

    def texts(self, css: str) -> list[str]:
        return list(
            self.run("return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)", css)
        )

    def shows(self, css: str) -> None:
        """Wait for an element."""
        until(
            lambda: bool(self.browser.find_elements(By.CSS_SELECTOR, css)), f"{css} at {self.browser.title}"
        )

    def find(self, css: str) -> WebElement:
        self.shows(css)
        return self.browser.find_element(By.CSS_SELECTOR, css)

    def click(self, css: str) -> None:
        """Click as soon as there is something enabled to click on."""
        until(lambda: self._clicked(css), f"{css} to click on")

    def run(self, script: str, *arguments: object) -> Any:
        return self.browser.execute_script(script, *arguments)

    def sideways(self) -> int:
        """By how many pixels the page is wider than its window."""
        root = "document.documentElement"
        return int(self.run(f"return {root}.scrollWidth - {root}.clientWidth"))

    def unnamed_controls(self) -> list[str]:
        """Roles of controls that a screen reader could not name."""
        nodes = self.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        roles = [(_value(node, "role"), _value(node, "name")) for node in nodes if not node["ignored"]]
        return [role for role, name in roles if role in _NAMED_ROLES and not name.strip()]

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page to look at."""
        self.run("window.scrollTo(0, 0)")
        png = self.browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]
        _PICTURES.mkdir(parents=True, exist_ok=True)
        _PICTURES.joinpath(f"{name}.png").write_bytes(base64.b64decode(png))

    def _clicked(self, css: str) -> bool:
        found = self.browser.find_elements(By.CSS_SELECTOR, css)
        try:
            if not found or not found[0].is_enabled():
                return False
            found[0].click()
        except (StaleElementReferenceException, ElementNotInteractableException):
            return False
        return True


def _value(node: Mapping[str, Any], key: str) -> str:
    return str(node.get(key, {}).get("value", ""))
