"""Money, times and refusals between protobuf messages and Python values."""

from datetime import UTC, datetime
from typing import Protocol

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from google.type import money_pb2

_DETAILS_KEY = "grpc-status-details-bin"


class Amount(Protocol):
    """An amount of money, as `google.type.Money` has it."""

    @property
    def currency_code(self) -> str: ...

    @property
    def units(self) -> int: ...

    @property
    def nanos(self) -> int: ...


def money_message(amount: Amount) -> money_pb2.Money:
    return money_pb2.Money(currency_code=amount.currency_code, units=amount.units, nanos=amount.nanos)


def amount_of(message: money_pb2.Money) -> tuple[str, int, int]:
    """Currency code, units and nanos."""
    return message.currency_code, message.units, message.nanos


def timestamp(time: datetime) -> Timestamp:
    """The message of a time that has a zone."""
    message = Timestamp()
    message.FromDatetime(time)
    return message


def time_of(message: Timestamp) -> datetime:
    """The time in UTC; what of it is smaller than a microsecond is cut off."""
    return message.ToDatetime(tzinfo=UTC)


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The stable reason of the `google.rpc.ErrorInfo` that a refused call carries; empty without one."""
    info = error_details_pb2.ErrorInfo()
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            details = status_pb2.Status.FromString(value).details
            return next((info.reason for detail in details if detail.Unpack(info)), "")
    return ""
