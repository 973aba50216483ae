"""Pictures of every mail, side by side: `python -m tests.support.mail_pictures docs/mails`."""

import base64
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from selenium.webdriver import Chrome

from services.notification.gallery import write
from tests.support.accessibility import SCHEMES, prefer
from tests.support.chromium import chromium, resize

_WIDTH, _LONGEST = 640, 1400
_SHOWN_WIDTH, _COLUMNS, _GAP = 360, 5, 12
_COLOURS = 64
_BACKGROUND = "#808080"


def main(folder: Path) -> None:
    """Write a sheet for each language and scheme."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place, chromium() as browser:
        mails = sorted(write(Path(place)).parent.glob("[0-9]*.html"))
        for language in ("en", "de"):
            own = [mail for mail in mails if f'lang="{language}"' in mail.read_text()]
            for scheme in SCHEMES:
                prefer(browser, scheme)
                sheet = _sheet([_picture(browser, mail) for mail in own])
                sheet.quantize(_COLOURS).save(folder / f"{language}-{scheme}.png", optimize=True)


def _picture(browser: Chrome, mail: Path) -> Image.Image:
    resize(browser, (_WIDTH, 400))
    browser.get(mail.as_uri())
    height = browser.execute_script("return document.documentElement.scrollHeight")
    resize(browser, (_WIDTH, min(height, _LONGEST)))
    png = browser.execute_cdp_cmd("Page.captureScreenshot", {})["data"]
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    return picture.resize((_SHOWN_WIDTH, picture.height * _SHOWN_WIDTH // picture.width))


def _sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures in columns, each below the shortest so far."""
    heights, places = [_GAP] * _COLUMNS, []
    for picture in pictures:
        column = heights.index(min(heights))
        places.append((_GAP + column * (_SHOWN_WIDTH + _GAP), heights[column]))
        heights[column] += picture.height + _GAP
    sheet = Image.new("RGB", (_GAP + _COLUMNS * (_SHOWN_WIDTH + _GAP), max(heights)), _BACKGROUND)
    for picture, place in zip(pictures, places, strict=True):
        sheet.paste(picture, place)
    return sheet


if __name__ == "__main__":
    main(Path(sys.argv[1]))
