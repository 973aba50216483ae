"""What the shop's page knows of countries and currencies: the same as the services."""

import json
from collections.abc import Mapping
from typing import Any

from mesh.contract.currencies import MINOR_DIGITS
from mesh.contract.names import json_name
from mesh.places import COUNTRY_CODES, Region, country_of

_USUAL_DIGITS = 2
_LATIN_END = 0x250
_HEAD = """\
/** Countries and currencies as the services judge them. Rendered by `make render`; do not edit. */

/** What the addresses of a country have. */
export interface CountryRules {
  /** `%N` recipient, `%A` street, `%C` town, `%S` region, `%Z` postal code, `%n` a line end. */
  readonly format: string;
  readonly required: readonly string[];
  /** What a region is called there. */
  readonly regionWord: string;
  /** Regions as they are written, or `written=called`; none where nobody has listed them. */
  readonly regions: readonly string[];
  /** One that is right; empty where nobody knows how they look. */
  readonly postalCodeExample: string;
}
"""


def page_data() -> str:
    """A TypeScript module."""
    digits = {code: count for code, count in sorted(MINOR_DIGITS.items()) if count != _USUAL_DIGITS}
    rules = [f"  {code}: {_json(_rules(code))}," for code in sorted(COUNTRY_CODES)]
    return "\n".join(
        (
            _HEAD,
            "/** By ISO 3166-1 code, and XK. */",
            "export const COUNTRIES: Readonly<Record<string, CountryRules>> = {",
            *rules,
            "};",
            "",
            "/** Decimals of the smallest amount, where they are not 2, by ISO 4217 code. */",
            f"export const MINOR_DIGITS: Readonly<Record<string, number>> = {_json(digits)};",
            "",
        )
    )


def _rules(code: str) -> Mapping[str, Any]:
    country = country_of(code)
    assert country is not None, code
    return {
        "format": country.latin_format,
        "required": sorted(map(json_name, country.required)),
        "regionWord": country.region_word,
        "regions": [_written(each) for each in country.regions],
        "postalCodeExample": country.postal_code_example,
    }


def _written(region: Region) -> str:
    """How the page writes a region, in Latin letters where it can, and how it calls it where that differs."""
    name = region.latin_name if _is_latin(region.latin_name) else region.key
    written = region.key if _is_latin(region.key) else name
    return name if written == name else f"{written}={name}"


def _is_latin(text: str) -> bool:
    return all(ord(each) < _LATIN_END for each in text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
