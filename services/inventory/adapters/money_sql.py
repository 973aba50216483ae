"""Amounts of money as three columns: `currency_code`, `units`, `nanos`."""

from typing import Any

from sqlalchemy import Row

from services.kernel.money import Money


def money_columns(money: Money) -> dict[str, str | int]:
    return {"currency_code": money.currency_code, "units": money.units, "nanos": money.nanos}


def money_of(row: Row[Any]) -> Money:
    return Money(row.currency_code, row.units, row.nanos)
