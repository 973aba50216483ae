"""Amounts that nobody can pay are found wherever the contract takes money."""

import pytest
from google.type.money_pb2 import Money
from iso4217 import Currency

from interceptors.validation.amounts import impossible_amounts
from mesh.contract.currencies import MINOR_DIGITS
from tests.support.request_fields import RequestField, request_fields

AMOUNTS = request_fields(
    lambda field: (
        field.message_type is not None and field.message_type.full_name == Money.DESCRIPTOR.full_name
    )
)
NO_MONEY = ("", "XXX", "XTS", "XAU", "ABC", "eur", "EURO")


def test_the_contract_takes_money_somewhere() -> None:
    assert {str(place).split(".")[0] for place in AMOUNTS} >= {
        "PlaceOrder",
        "CreateProduct",
        "ImportProducts",
    }


@pytest.mark.parametrize("place", AMOUNTS, ids=str)
def test_the_smallest_amount_of_a_currency_can_be_paid_and_a_tenth_of_it_cannot(place: RequestField) -> None:
    for code, digits in MINOR_DIGITS.items():
        smallest = 10 ** (9 - digits)
        for nanos in (0, smallest % 10**9, 10**9 - smallest):
            assert not list(
                impossible_amounts(place.request(Money(currency_code=code, units=1, nanos=nanos)))
            )
        finer = Money(currency_code=code, units=1, nanos=smallest // 10)
        assert [path for path, _ in impossible_amounts(place.request(finer))] == [place.path]


@pytest.mark.parametrize("place", AMOUNTS, ids=str)
def test_money_has_a_currency_of_iso_4217(place: RequestField) -> None:
    for code in NO_MONEY:
        found = [path for path, _ in impossible_amounts(place.request(Money(currency_code=code, units=1)))]
        assert found == [f"{place.path}.currencyCode"]


def test_digits_are_those_of_iso_4217_and_not_those_of_cash_in_use() -> None:
    assert [MINOR_DIGITS[code] for code in ("EUR", "JPY", "KWD", "CLF", "RSD", "AFN", "LBP")] == [
        2,
        0,
        3,
        4,
        2,
        2,
        2,
    ]
    assert MINOR_DIGITS.keys() == {each.code for each in Currency if each.exponent is not None}
