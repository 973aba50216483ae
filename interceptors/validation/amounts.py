"""Amounts of money that nobody can pay: in no currency, or finer than its smallest amount."""

from collections.abc import Iterator

from google.protobuf.message import Message
from google.type.money_pb2 import Money

from interceptors.validation.bounds import Violation
from interceptors.validation.within import messages_within
from mesh.contract.currencies import amount_problem, currency_problem


def impossible_amounts(message: Message) -> Iterator[Violation]:
    """Every amount in a message that cannot be paid."""
    for path, money in messages_within(message, Money.DESCRIPTOR):
        if problem := currency_problem(money.currency_code):
            yield f"{path}.currencyCode".lstrip("."), problem
        elif problem := amount_problem(money.currency_code, money.nanos):
            yield path, problem
