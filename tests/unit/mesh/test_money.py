"""Amounts are written as their readers write them, and exactly."""

from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import parse_decimal
from hypothesis import given
from hypothesis import strategies as st

from mesh.contract.currencies import MINOR_DIGITS
from mesh.money import coded_money_text, money_text
from services.kernel.money import Money

NO_BREAK = "\u00a0"


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money("EUR", 1299, 900_000_000), "en", "€1,299.90"),
        (Money("EUR", 1299, 900_000_000), "de", f"1.299,90{NO_BREAK}€"),
        (Money("EUR", 1299, 900_000_000), "de-AT", f"€{NO_BREAK}1.299,90"),
        (Money("JPY", 1500), "en", "¥1,500"),
        (Money("KWD", 1, 234_000_000), "en", f"KWD{NO_BREAK}1.234"),
        (Money("RSD", 10, 500_000_000), "en", f"RSD{NO_BREAK}10.50"),
        (Money("EUR", 0, 1), "en", "€0.000000001"),
        (Money("EUR", 12), "no such tag", "€12.00"),
        (Money("EUR", 12), "", "€12.00"),
    ],
)
def test_an_amount_is_written_as_its_reader_writes_it(money: Money, locale: str, text: str) -> None:
    assert money_text(money, locale) == text


def test_a_code_tells_dollars_apart() -> None:
    assert coded_money_text(Money("AUD", 1299, 900_000_000), "en") == "1,299.90 AUD"
    assert coded_money_text(Money("USD", 1299, 900_000_000), "de") == "1.299,90 USD"


@given(
    st.sampled_from(sorted(MINOR_DIGITS)),
    st.integers(0, 10**18),
    st.integers(0, 999_999_999),
    st.sampled_from(["en", "de", "fr-CH", "ja"]),
)
def test_no_digit_is_lost(code: str, units: int, nanos: int, locale: str) -> None:
    written = coded_money_text(Money(code, units, nanos), locale).removesuffix(f" {code}")

    assert parse_decimal(written, Locale.parse(locale, sep="-")) == Decimal(units) + Decimal(nanos) / 10**9
