"""What many people choose as a password: the lists of zxcvbn, months and seasons, and the shop's own name."""

from collections.abc import Iterator

from babel import Locale
from zxcvbn.frequency_lists import FREQUENCY_LISTS

_LISTS = ("passwords", "female_names", "male_names", "surnames")
_LOCALES = ("en", "de")
_SEASONS = ("spring", "summer", "autumn", "fall", "winter", "frühling", "fruehling", "sommer", "herbst")
_SHOP = ("shopmesh", "shop", "shopshop", "myshop", "meinshop")


def common_passwords() -> frozenset[str]:
    """Some 40,000 words in lower case."""
    return frozenset(
        (*(word for name in _LISTS for word in FREQUENCY_LISTS[name]), *_months(), *_SEASONS, *_SHOP)
    )


def _months() -> Iterator[str]:
    for locale in map(Locale, _LOCALES):
        for names in locale.months["format"].values():
            yield from (name.casefold() for name in names.values())
