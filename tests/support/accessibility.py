"""What axe finds wrong on the page that a browser shows."""

from collections.abc import Sequence

from selenium.webdriver import Chrome
from selenium_axe_python.axe import Axe

SCHEMES = ("dark", "light")
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


def prefer(browser: Chrome, scheme: str) -> None:
    """Have pages shown dark or light."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def problems(browser: Chrome, rules: Sequence[str] = WCAG) -> str:
    """What breaks the rules of these kinds, for people; empty: nothing."""
    axe = Axe(browser)
    axe.inject()  # type: ignore[no-untyped-call]
    found = axe.run(options={"runOnly": list(rules)})["violations"]
    return str(axe.report(found)) if found else ""
