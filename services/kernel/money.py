"""Amounts of money, exact to a billionth of a unit like `google.type.Money`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from services.kernel.errors import DomainError

_NANOS_PER_UNIT = 1_000_000_000


class MixedCurrencies(DomainError):
    """Amounts of different currencies cannot be added."""

    reason = "MIXED_CURRENCIES"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount, never negative.

    Attributes:
        currency_code: ISO 4217, for example `EUR`.
        units: Whole units.
        nanos: Billionths of a unit, 0 to 999,999,999.
    """

    currency_code: str
    units: int
    nanos: int = 0

    @classmethod
    def of_nanos(cls, currency_code: str, nanos: int) -> Self:
        return cls(currency_code, *divmod(nanos, _NANOS_PER_UNIT))

    @property
    def total_nanos(self) -> int:
        """The whole amount in billionths of a unit."""
        return self.units * _NANOS_PER_UNIT + self.nanos

    @property
    def is_zero(self) -> bool:
        return self.total_nanos == 0

    def times(self, quantity: int) -> "Money":
        return Money.of_nanos(self.currency_code, self.total_nanos * quantity)

    def __add__(self, other: "Money") -> "Money":
        if self.currency_code != other.currency_code:
            raise MixedCurrencies(f"{self.currency_code} and {other.currency_code} cannot be added")
        return Money.of_nanos(self.currency_code, self.total_nanos + other.total_nanos)

    def __str__(self) -> str:
        """For developers: exact, with two decimals or more, whatever the currency has."""
        decimals = f"{self.nanos:09d}".rstrip("0").ljust(2, "0")
        return f"{self.units}.{decimals} {self.currency_code}"


def total(amounts: Iterable[Money]) -> Money:
    """The sum of one or more amounts of one currency.

    Raises:
        MixedCurrencies: They are not all of one currency.
        ValueError: There are none.
    """
    first, *others = tuple(amounts)
    return sum(others, start=first)
