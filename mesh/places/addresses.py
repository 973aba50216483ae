"""Whether something can be an address of its country."""

import re
from collections.abc import Iterator
from typing import Protocol

from mesh.contract.names import json_name
from mesh.places.countries import Country, country_of

_POSTAL_CODE = re.compile("[A-Z0-9][A-Z0-9 -]*")
"""What all have in common."""
_MOST_LISTED = 10


class PostalAddress(Protocol):
    """What an address has, in every service that keeps one."""

    @property
    def recipient(self) -> str: ...
    @property
    def line1(self) -> str: ...
    @property
    def city(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def postal_code(self) -> str: ...
    @property
    def country_code(self) -> str: ...


def address_problems(address: PostalAddress) -> Iterator[tuple[str, str]]:
    """What keeps an address from being one of its country: fields in JSON, with what is wrong and allowed.

    A field that the country's addresses do not have is left to the customer.
    """
    country = country_of(address.country_code)
    if country is None:
        yield "countryCode", f"{address.country_code!r} is no country of ISO 3166-1"
        return
    for field in ("recipient", "line1", "city", "region", "postal_code"):
        value = getattr(address, field)
        problem = _problem(country, field, value) if value else _absence(country, field)
        if problem:
            yield json_name(field), problem


def _absence(country: Country, field: str) -> str:
    if field not in country.required:
        return ""
    example = f", for example {country.postal_code_example}" if field == "postal_code" else ""
    choice = f": {_listed(country)}" if field == "region" and country.regions else ""
    return f"is required in {country.code}{example}{choice}"


def _problem(country: Country, field: str, value: str) -> str:
    if field == "region" and country.regions and not country.has_region(value):
        return f"{value!r} is no {country.region_word} of {country.code}: {_listed(country)}"
    if field == "postal_code" and not _is_postal_code(country, value.upper()):
        example = country.postal_code_example
        like = f"; one is {example}" if example else ": letters, digits, spaces and hyphens"
        return f"{value!r} is no postal code of {country.code}{like}"
    return ""


def _is_postal_code(country: Country, text: str) -> bool:
    form = country.postal_code_form
    return _POSTAL_CODE.fullmatch(text) is not None and (form is None or form.fullmatch(text) is not None)


def _listed(country: Country) -> str:
    keys = [each.key for each in country.regions]
    return ", ".join(keys[:_MOST_LISTED]) + (
        f" and {len(keys) - _MOST_LISTED} more" if len(keys) > _MOST_LISTED else ""
    )
