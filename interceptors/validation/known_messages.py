"""Checks of columns of messages that are written down here: library messages, and rules in CEL."""

from collections.abc import Mapping
from operator import attrgetter

from interceptors.validation.columns import Check, Column
from mesh.contract.currencies import amount_problem, currency_problem

_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""Of the years 1 and 9999."""
_LAST_NANO = 999_999_999
_MOST_UNITS = 10_000_000
"""Of a price."""


def _are_possible(times: Column) -> bool:
    return all(
        _FIRST_SECOND <= time.seconds <= _LAST_SECOND and 0 <= time.nanos <= _LAST_NANO for time in times
    )


def _are_payable(amounts: Column) -> bool:
    if any(map(currency_problem, {money.currency_code for money in amounts})):
        return False
    return not any(money.nanos and amount_problem(money.currency_code, money.nanos) for money in amounts)


def _are_prices(amounts: Column) -> bool:
    return all(0 <= money.units <= _MOST_UNITS and 0 <= money.nanos <= _LAST_NANO for money in amounts)


def _are_not_negative(amounts: Column) -> bool:
    return all(money.units >= 0 and 0 <= money.nanos <= _LAST_NANO for money in amounts)


def _name_each_sku_once(lists: Column) -> bool:
    return all(len(lines) == len(set(map(attrgetter("sku"), lines))) for lines in lists)


KINDS: Mapping[str, Check] = {
    "google.protobuf.Timestamp": _are_possible,
    "google.type.Money": _are_payable,
}
"""By the full name of the message: all that the plain path has against one."""

EXPRESSIONS: Mapping[str, Check] = {
    "this.currency_code.matches('^[A-Z]{3}$') && this.units >= 0 && this.units <= 10000000"
    " && this.nanos >= 0 && this.nanos <= 999999999": _are_prices,
    "this.currency_code.matches('^[A-Z]{3}$') && this.units >= 0"
    " && this.nanos >= 0 && this.nanos <= 999999999": _are_not_negative,
    "this.map(line, line.sku).unique()": _name_each_sku_once,
}
"""By what the rule of a field says in CEL; currency codes are `KINDS`' matter, three capitals there."""
