"""The request as it was sent, for those who have to recognise what they heard before."""

from typing import TypeVar

from google.protobuf.message import Message

from interceptors.core.call import current_call_or_none

_Request = TypeVar("_Request", bound=Message)


def as_sent(request: _Request) -> _Request:
    """The request that is being answered, before its texts were normalised."""
    call = current_call_or_none()
    raw: _Request | None = None if call is None else call.raw_request
    return request if raw is None else raw
