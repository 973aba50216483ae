"""Addresses are judged as their countries write them."""

from dataclasses import dataclass, replace

import pytest
from babel import Locale

from mesh.places import COUNTRY_CODES, address_problems, country_of


@dataclass(frozen=True)
class Address:
    recipient: str = "Alice"
    line1: str = "1 Main Street"
    city: str = "Town"
    region: str = ""
    postal_code: str = ""
    country_code: str = ""


def full(code: str) -> Address:
    """An address with all that its country requires."""
    country = country_of(code)
    assert country is not None
    return Address(
        country_code=code,
        region=country.regions[0].key if country.regions else "Somewhere",
        postal_code=country.postal_code_example,
    )


def wrong(address: Address) -> list[str]:
    return [field for field, _ in address_problems(address)]


def test_the_countries_are_those_of_iso_3166_and_kosovo() -> None:
    territories = map(str, Locale("en").territories)
    known_to_cldr = {code for code in territories if len(code) == 2 and code.isalpha()}
    # CLDR also has islands and unions without a code of ISO 3166, and codes for testing.
    assert known_to_cldr - COUNTRY_CODES == {
        "AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"
    }  # fmt: skip
    assert known_to_cldr >= COUNTRY_CODES
    assert len(COUNTRY_CODES) == 250


@pytest.mark.parametrize("code", sorted(COUNTRY_CODES))
def test_an_address_with_what_its_country_requires_is_one(code: str) -> None:
    assert wrong(full(code)) == []


@pytest.mark.parametrize("code", sorted(COUNTRY_CODES))
def test_an_address_without_what_its_country_requires_is_none(code: str) -> None:
    country = country_of(code)
    assert country is not None
    assert {"recipient", "line1"} <= country.required

    for field in country.required:
        name = "postalCode" if field == "postal_code" else field
        assert wrong(replace(full(code), **{field: ""})) == [name]


@pytest.mark.parametrize("code", sorted(COUNTRY_CODES))
def test_a_postal_code_has_the_form_of_its_country(code: str) -> None:
    for text in ("?!", "-", "12 34!", "\uff11\uff12\uff13", "12\u00a034"):
        assert wrong(replace(full(code), postal_code=text)) == ["postalCode"]
    country = country_of(code)
    assert country is not None
    if country.postal_code_form is not None:
        assert wrong(replace(full(code), postal_code="A-1-B-2-C-3-D")) == ["postalCode"]
        assert wrong(replace(full(code), postal_code=country.postal_code_example.lower())) == []


@pytest.mark.parametrize("code", sorted(code for code in COUNTRY_CODES if country_of(code).regions))  # type: ignore[union-attr]
def test_a_region_is_one_of_its_country_by_any_of_its_names(code: str) -> None:
    country = country_of(code)
    assert country is not None
    for region in country.regions:
        for name in (region.key, *region.names):
            assert wrong(replace(full(code), region=name.lower())) == [], name
    assert wrong(replace(full(code), region="Atlantis")) == ["region"]


def test_people_leave_accents_out() -> None:
    assert wrong(replace(full("BR"), region="Sao Paulo")) == []
    assert wrong(replace(full("CA"), region="quebec")) == []
    for name in ("Balikesir", "BALIKES\u0130R", "Diyarbakir"):
        assert wrong(replace(full("TR"), region=name)) == []
    assert wrong(replace(full("VN"), region="Dong Nai")) == []


@pytest.mark.parametrize("code", ["AC", "TA", "ZZ", "UK", "EU", "XX", "de", "", "D1"])
def test_no_other_code_is_a_country(code: str) -> None:
    assert wrong(Address(country_code=code)) == ["countryCode"]


def test_a_refusal_says_what_is_allowed() -> None:
    problems = dict(address_problems(Address(country_code="HK", city="")))
    assert problems == {"region": "is required in HK: Kowloon, Hong Kong Island, New Territories"}
    problems = dict(address_problems(Address(country_code="DE", postal_code="?!")))
    assert problems == {"postalCode": "'?!' is no postal code of DE; one is 26133"}
