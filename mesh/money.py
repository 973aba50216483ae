"""Amounts of money as people read them: digits by ISO 4217, signs and symbols by their locale."""

import re
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple, Protocol

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern

from mesh.contract.currencies import MINOR_DIGITS

_NANO_DIGITS = 9
_USUAL_DIGITS = 2
_USUAL_LOCALE = Locale("en")


class Amount(Protocol):
    """An amount in whole units and billionths of one, as `google.type.Money` has it."""

    @property
    def currency_code(self) -> str: ...
    @property
    def units(self) -> int: ...
    @property
    def nanos(self) -> int: ...


class _Amount(NamedTuple):
    currency_code: str
    units: int
    nanos: int


def money_text(amount: Amount, locale: str) -> str:
    """An amount with its symbol, for example `€1,299.90`, or `1.299,90 €` in German; nothing is rounded.

    Args:
        amount: What to write.
        locale: A BCP 47 tag, for example `de-AT`; an unknown one counts as `en`.
    """
    return _symbol_text(_Amount(amount.currency_code, amount.units, amount.nanos), locale)


# A shop has few prices, each of which is in many mails.
@lru_cache(maxsize=4096)
def _symbol_text(amount: _Amount, locale: str) -> str:
    known = _locale(locale)
    pattern = _with_digits(known.currency_formats["standard"], amount)
    if get_currency_symbol(amount.currency_code, known)[-1].isalpha():
        # CLDR's spacing: letters do not touch the number.
        positive, negative = (re.sub("¤$", "¤\xa0", prefix) for prefix in pattern.prefix)
        pattern.prefix = positive, negative
    return _applied(pattern, amount, known)


def coded_money_text(amount: Amount, locale: str) -> str:
    """An amount with its code, for example `1,299.90 EUR`: no two of them look alike, nothing is rounded."""
    known = _locale(locale)
    return (
        f"{_applied(_with_digits(known.decimal_formats[None], amount), amount, known)} {amount.currency_code}"
    )


def _with_digits(pattern: NumberPattern, amount: Amount) -> NumberPattern:
    digits = MINOR_DIGITS.get(amount.currency_code, _USUAL_DIGITS)
    needed = len(f"{abs(amount.nanos):0{_NANO_DIGITS}d}".rstrip("0"))
    own = parse_pattern(pattern.pattern)
    own.frac_prec = (max(digits, needed),) * 2
    return own


def _applied(pattern: NumberPattern, amount: Amount, locale: Locale) -> str:
    value = Decimal(amount.units) + Decimal(amount.nanos).scaleb(-_NANO_DIGITS)
    return str(pattern.apply(value, locale, currency=amount.currency_code, currency_digits=False))


@cache
def _locale(tag: str) -> Locale:
    for candidate in (tag, tag.partition("-")[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return _USUAL_LOCALE
