"""A real Chromium without a window, driven over WebDriver."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

DESKTOP = (1280, 900)
PHONE = (390, 844)
_QUIET = (
    "headless",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
)


@contextmanager
def chromium(size: tuple[int, int] = DESKTOP) -> Iterator[Chrome]:
    """A browser with a profile of its own."""
    with TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        driver = Chrome(options=_options(Path(profile)), service=Service(_program("chromedriver")))
        try:
            resize(driver, size)
            yield driver
        finally:
            driver.quit()


def resize(driver: Chrome, size: tuple[int, int]) -> None:
    """Make the page as large as this many CSS pixels, as a phone or a window would."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@pytest.fixture(scope="session")
def running_browser() -> Iterator[Chrome]:
    """One process for all tests of a worker: a start takes seconds of processor time."""
    with chromium() as driver:
        yield driver


@pytest.fixture
def browser(running_browser: Chrome) -> Iterator[Chrome]:
    """A new tab in a browser that remembers nothing of earlier tests."""
    first = running_browser.current_window_handle
    running_browser.switch_to.new_window("tab")
    resize(running_browser, DESKTOP)
    running_browser.get_log("browser")  # type: ignore[no-untyped-call]
    yield running_browser
    _forget(running_browser)
    running_browser.close()
    running_browser.switch_to.window(first)


def _forget(driver: Chrome) -> None:
    """Remove what the page's origin has stored, and all cookies: other ports of the host see those too."""
    origin = driver.execute_script("return location.origin")
    driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    for what in ("Cookies", "Cache"):
        driver.execute_cdp_cmd(f"Network.clearBrowser{what}", {})


def _options(profile: Path) -> ChromeOptions:
    options = ChromeOptions()
    options.binary_location = _program("chromium")
    for flag in (*_QUIET, f"user-data-dir={profile}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return options


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed. Debian: apt install chromium chromium-driver"
    return found
