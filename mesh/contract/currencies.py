"""Currencies and their smallest amounts, by ISO 4217."""

from collections.abc import Mapping
from types import MappingProxyType

from iso4217 import Currency

MINOR_DIGITS: Mapping[str, int] = MappingProxyType(
    {each.code: each.exponent for each in Currency if each.exponent is not None}
)
"""How many decimals the smallest amount of a currency has: 2 for `EUR`, 0 for `JPY`, 3 for `KWD`.

Codes that are nothing to pay with (gold, testing, none) are not among them.
"""

_NANO_DIGITS = 9


def currency_problem(code: str) -> str:
    """What is wrong with the code of a currency, and what is allowed; empty: nothing."""
    return "" if code in MINOR_DIGITS else "has to be a currency of ISO 4217, for example EUR"


def amount_problem(code: str, nanos: int) -> str:
    """What is wrong with the billionths of an amount of a currency, and what is allowed; empty: nothing."""
    digits = MINOR_DIGITS[code]
    if nanos % 10 ** (_NANO_DIGITS - digits) == 0:
        return ""
    allowed = f"at most {digits} decimals" if digits else "no decimals"
    return f"is finer than {code} can be paid: it may have {allowed}"
