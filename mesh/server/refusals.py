"""What a caller of a method learns of an error, for those who do not call over gRPC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grpc import StatusCode

from interceptors.core.status_error import StatusError


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused call.

    Attributes:
        reason: The stable name of the cause.
        message: For people, in English.
        fields: What is wrong in the request: (path, description).
        retry_after_seconds: When trying again makes sense, if it does.
    """

    code: StatusCode
    reason: str
    message: str
    fields: Sequence[tuple[str, str]] = ()
    retry_after_seconds: float | None = None


def refusal_of(error: Exception, statuses: Mapping[type[Exception], StatusCode]) -> Refusal | None:
    """What an error means; None: nobody expects it.

    Args:
        error: What a method has raised.
        statuses: Which status each of the service's own errors becomes.
    """
    if isinstance(error, StatusError):
        return Refusal(error.code, error.reason, error.message, error.fields, error.retry_after_seconds)
    code = next((statuses[kind] for kind in type(error).__mro__ if kind in statuses), None)
    if code is None:
        return None
    return Refusal(
        code,
        getattr(error, "reason", ""),
        str(error),
        getattr(error, "fields", ()),
        getattr(error, "retry_after_seconds", None),
    )
