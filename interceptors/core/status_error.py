"""How a call is refused: one exception, one way to say it on the wire."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

ERROR_DOMAIN = "shopmesh"
DETAILS_KEY = "grpc-status-details-bin"
_MOST_FIELDS_BYTES = 3000
"""A client of gRPC's core takes 8 KiB of trailers for granted, and there the message stands twice."""


@dataclass(slots=True, eq=False)
class StatusError(Exception):
    """The call is refused.

    Attributes:
        code: The gRPC status code.
        reason: The stable name of the cause, SCREAMING_SNAKE_CASE.
        message: What is wrong and what is allowed, for people.
        fields: What is wrong in the request: (path, description). Callers get as many of
            the first ones as a client is sure to take.
        metadata: Further facts for programs.
        retry_after_seconds: When trying again makes sense, if it does.
        request_id: The trace id by which the log knows the call, if it helps.
    """

    code: grpc.StatusCode
    reason: str
    message: str
    fields: tuple[tuple[str, str], ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_after_seconds: float | None = None
    request_id: str = ""

    def __str__(self) -> str:
        return self.message

    def status(self) -> status_pb2.Status:
        """The refusal as `google.rpc.Status` with its details."""
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        status.details.extend(_packed(detail) for detail in self._details())
        return status

    def _details(self) -> list[Message]:
        details: list[Message] = [
            error_details_pb2.ErrorInfo(reason=self.reason, domain=ERROR_DOMAIN, metadata=self.metadata)
        ]
        if self.fields:
            violation = error_details_pb2.BadRequest.FieldViolation
            details.append(
                error_details_pb2.BadRequest(
                    field_violations=[
                        violation(field=path, description=what) for path, what in _violations(self.fields)
                    ]
                )
            )
        if self.retry_after_seconds is not None:
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromNanoseconds(int(self.retry_after_seconds * 1_000_000_000))
            details.append(retry)
        if self.request_id:
            details.append(error_details_pb2.RequestInfo(request_id=self.request_id))
        return details


def _violations(fields: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    left = _MOST_FIELDS_BYTES
    for path, what in fields:
        left -= len(path.encode()) + len(what.encode())
        if left < 0:
            return
        yield path, what


def _packed(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed
